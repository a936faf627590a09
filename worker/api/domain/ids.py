"""Ids: ours are UUIDs, a provider's are words, a Clerk subject maps to one UUID for good."""

from __future__ import annotations

import re

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_PROVIDER_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


def is_uuid(text: str) -> bool:
    """Tell whether a text is a UUID in its usual form."""
    return _UUID.fullmatch(text) is not None


def is_job_id(text: str) -> bool:
    """Tell whether a text can be a job's id, ours or a provider's."""
    return _PROVIDER_ID.fullmatch(text) is not None


def of_subject(issuer: str, subject: str) -> str:
    """Map an issuer's subject that is no UUID (Clerk's `user_…`) to one stable UUIDv5."""
    import uuid  # noqa: PLC0415 - slow to import in the runtime, and needed by few requests

    return str(uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_URL, issuer), subject))


def new() -> str:
    """Make a random id."""
    import uuid  # noqa: PLC0415 - as above

    return str(uuid.uuid4())
