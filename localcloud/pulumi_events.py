"""Reads the event stream of `pulumi up --json` and condenses it for a person."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

DONE = {
    "create": "created",
    "update": "updated",
    "delete": "deleted",
    "replace": "replaced",
    "create-replacement": "created a replacement of",
    "delete-replaced": "deleted the replaced",
    "import": "imported",
    "refresh": "refreshed",
    "read": "read",
}
COUNTED = {
    "create": "created",
    "update": "updated",
    "delete": "deleted",
    "replace": "replaced",
    "same": "unchanged",
}


@dataclass
class Events:
    """What one run of Pulumi has told so far."""

    changes: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)

    def read(self, line: str) -> str | None:
        """Take one line of output; give a line worth showing, if it holds one."""
        try:
            event: dict[str, Any] = json.loads(line)
        except ValueError:
            self._text(line)
            return None
        if "resOutputsEvent" in event:
            return _step(event["resOutputsEvent"]["metadata"])
        if "diagnosticEvent" in event:
            return self._diagnostic(event["diagnosticEvent"])
        if "summaryEvent" in event:
            self.changes = Counter(event["summaryEvent"].get("resourceChanges") or {})
        return None

    def _text(self, line: str) -> None:
        """Pulumi writes what goes wrong before the stream begins as plain text."""
        if line.strip() and not line.startswith("warning:"):
            self.errors.append(line.rstrip())

    def _diagnostic(self, event: dict[str, Any]) -> str | None:
        severity, message = event.get("severity", ""), str(event.get("message", "")).strip()
        if severity in {"error", "info#err"} and message:
            name = _name(event.get("urn", ""))
            self.errors.append(f"{name}: {message}" if name else message)
        elif severity in {"warning", "info"} and message and event.get("urn"):
            return f"{_name(event['urn'])}: {message.splitlines()[0]}"
        return None

    def summary(self) -> str:
        """Say in a few words what changed."""
        counts = [f"{self.changes[op]} {word}" for op, word in COUNTED.items() if self.changes[op]]
        return ", ".join(counts) or "nothing to do"


def _step(metadata: dict[str, Any]) -> str | None:
    verb = DONE.get(metadata.get("op", ""))
    kind = str(metadata.get("type", "")).split(":")[-1]
    return f"{verb} {kind} {_name(metadata.get('urn', ''))}" if verb else None


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]
