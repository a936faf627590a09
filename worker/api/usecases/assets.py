"""Files in the bucket: stored, read whole or in part, removed; their bytes only pass through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api.domain import keys, ranges, signatures
from api.errors import InvalidError, LengthRequiredError, NotFoundError, TooLargeError, UnauthorizedError

if TYPE_CHECKING:
    from api.core import Core
    from api.ports import Opened, Stored

# https://developers.cloudflare.com/workers/platform/limits/#request-limits, the plans that accept least
MAX_BYTES = 100_000_000
DEFAULT_TYPE = "application/octet-stream"
MAX_TYPE_CHARACTERS = 255


@dataclass(frozen=True)
class Conditions:
    """A read's headers: `Range`, `If-None-Match` and `If-Range`."""

    part: str | None
    none_match: str | None
    if_range: str | None


@dataclass(frozen=True)
class Unchanged:
    """The client holds the current file already."""

    stored: Stored


def check_key(key: str) -> str:
    """Check a key that a client sent.

    Raises:
        InvalidError: no file may have it.
    """
    try:
        return keys.parse(key)
    except keys.InvalidKeyError as error:
        raise InvalidError(str(error), code="invalid_key", field="key") from error


async def put(core: Core, key: str, length: int | None, stream: Any, content_type: str | None) -> Stored:
    """Store a file; `stream` is None for an empty one.

    Raises:
        LengthRequiredError, TooLargeError: its length in bytes is not said, or over the limit.
    """
    if length is None and stream is not None:
        raise LengthRequiredError("an upload needs a Content-Length header")
    if (length or 0) > MAX_BYTES:
        raise TooLargeError(MAX_BYTES)
    kept_type = (content_type or DEFAULT_TYPE)[:MAX_TYPE_CHARACTERS]
    return await core.need_media().put(key, stream, length or 0, kept_type)


async def read(core: Core, key: str, conditions: Conditions) -> Opened | Unchanged:
    """Open a file, whole or in part.

    Raises:
        NotFoundError: there is none.
        UnsatisfiableError: no byte of it is asked for.
    """
    part = ranges.parse(conditions.part)
    if conditions.none_match or (part and conditions.if_range):
        stored = await describe(core, key)
        if conditions.none_match and ranges.none_match(conditions.none_match, stored.etag):
            return Unchanged(stored)
        if conditions.if_range and conditions.if_range.strip() != stored.etag:
            part = None  # the rest of another version would spoil what the client holds
    opened = await core.need_media().open(key, part)
    if opened is None:
        raise NotFoundError("no such file")
    return opened


async def describe(core: Core, key: str) -> Stored:
    """Describe a file.

    Raises:
        NotFoundError: there is none.
    """
    stored = await core.need_media().head(key)
    if stored is None:
        raise NotFoundError("no such file")
    return stored


async def remove(core: Core, key: str) -> Stored:
    """Remove a file and describe what was removed.

    Raises:
        NotFoundError: there is none.
    """
    stored = await describe(core, key)
    await core.need_media().delete(key)
    return stored


def check_reader(core: Core, key: str, authorization: str | None) -> None:
    """Check that the sender of this `Authorization` header may read a file: all may, but not customers'.

    Raises:
        UnauthorizedError: the file is a customer's, and the header is not the admin's.
    """
    if keys.is_private(key) and not core.auth.is_admin(authorization):
        raise UnauthorizedError


def check_signature(core: Core, method: str, key: str, query: dict[str, str]) -> None:
    """Check that an address was signed by us for this method and key, and still holds.

    Raises:
        UnauthorizedError: it was not, or no longer does.
    """
    secret = core.need_webhook_secret()
    if not signatures.media_allows(secret, method, key, query, core.clock()):
        raise UnauthorizedError
