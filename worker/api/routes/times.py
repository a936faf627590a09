"""Times as every family writes them: ISO 8601 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def iso(unix: int | None) -> str | None:
    """Write a unix time; none stays none."""
    return None if unix is None else datetime.fromtimestamp(unix, UTC).isoformat().replace("+00:00", "Z")
