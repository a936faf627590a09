"""The process's log: one JSON line an event, without the queries of addresses, which carry signatures."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime
from typing import Any

QUERY = re.compile(r"(https?://[^\s\"'?]*)\?[^\s\"'\\]*")


def write(event: str, **facts: Any) -> None:
    """Write one line to stdout."""
    line = {"ts": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **facts}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def without_queries(text: str) -> str:
    """Cut the query off every address in a text."""
    return QUERY.sub(r"\1?…", text)
