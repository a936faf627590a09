"""Finds a value inside JSON by a dotted path: `output.files.0.key`."""

from __future__ import annotations

from typing import Any


class Absent:
    """Stands for a path that leads nowhere."""

    def __repr__(self) -> str:
        return "absent"


ABSENT = Absent()


def find(document: Any, path: str) -> Any:
    """Follow the path; numbers index lists. Gives ABSENT where it leads nowhere."""
    for part in path.split("."):
        if isinstance(document, dict) and part in document:
            document = document[part]
        elif isinstance(document, list) and part.isdigit() and int(part) < len(document):
            document = document[int(part)]
        else:
            return ABSENT
    return document
