"""Ids and times in the shapes Cloudflare gives them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


def new_id() -> str:
    """32 hex digits: a worker, route or zone."""
    return uuid.uuid4().hex


def new_uuid() -> str:
    """A version or deployment."""
    return str(uuid.uuid4())


def stamp(now: datetime) -> str:
    """A time in UTC, with microseconds."""
    return now.isoformat(timespec="microseconds").replace("+00:00", "Z")
