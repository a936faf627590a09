"""What set-up has finished, so that a second run has only to compare."""

from __future__ import annotations

import hashlib
import json
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def fingerprint(*parts: Path | str) -> str:
    """A short digest of texts and of the contents of files."""
    whole = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part.read_bytes()
        whole.update(f"{len(content)}\n".encode())
        whole.update(content)
    return whole.hexdigest()[:16]


class Record:
    """Steps and the fingerprints with which they were finished, in one JSON file.

    A step is struck out before it begins: interrupted anywhere, it counts as not done. A file that cannot be
    read counts as empty: every step checks its own result, so the worst is lost time.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.writing = threading.Lock()  # steps run side by side

    def get(self, step: str) -> str:
        """The fingerprint with which a step was finished; empty when it was not."""
        return self._read().get(step, "")

    def begin(self, step: str) -> None:
        """Strike a step out."""
        with self.writing:
            self._write({name: value for name, value in self._read().items() if name != step})

    def finish(self, step: str, value: str) -> None:
        """Write a step down as finished."""
        with self.writing:
            self._write({**self._read(), step: value})

    def _read(self) -> dict[str, str]:
        try:
            document = json.loads(self.path.read_text())
        except (OSError, ValueError):
            return {}
        return {str(key): str(value) for key, value in document.items()} if isinstance(document, dict) else {}

    def _write(self, steps: dict[str, str]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".new")
        draft.write_text(json.dumps(steps, indent=2, sort_keys=True))
        draft.replace(self.path)
