"""The bucket, through the runtime's R2 binding; streams pass without entering Python."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from js import JSON
from pyodide.ffi import JsException

from api.domain import signatures
from api.errors import UnavailableError, UnsatisfiableError
from api.ports import Opened, Stored

if TYPE_CHECKING:
    from api.domain.ranges import Range
    from api.settings import Settings

_DEFAULT_TYPE = "application/octet-stream"
_PROBE_KEY = "health-probe"


class R2:
    """One bucket. The addresses it gives are this worker's own, which bind method, key and expiry."""

    def __init__(self, bucket: Any, settings: Settings) -> None:
        self._bucket = bucket
        self._origin, self._secret = settings.api_origin, settings.webhook_secret

    async def head(self, key: str) -> Stored | None:
        """Describe a file."""
        try:
            found = await self._bucket.head(key)
        except JsException as error:
            raise _down(error) from error
        return None if _is_null(found) else _stored(found)

    async def open(self, key: str, part: Range | None) -> Opened | None:
        """Open a file, or the part of it that is asked."""
        try:
            found = await self._bucket.get(key, _range(part)) if part else await self._bucket.get(key)
        except JsException as error:
            # R2 refuses a range that lies outside the file with an error like any other: look what it was.
            stored = await self.head(key)
            if part and stored and part.within(stored.size) is None:
                raise UnsatisfiableError(stored.size) from error
            raise _down(error) from error
        if _is_null(found):
            return None
        stored = _stored(found)
        inside = part.within(stored.size) if part else None
        if part and inside is None:
            raise UnsatisfiableError(stored.size)
        return Opened(stored, found.body, inside)

    async def put(self, key: str, stream: Any, length: int, content_type: str) -> Stored:  # noqa: ARG002 - R2's own
        """Store a stream whose length the runtime knows from the request's Content-Length."""
        options = JSON.parse(json.dumps({"httpMetadata": {"contentType": content_type}}))
        try:
            return _stored(await self._bucket.put(key, "" if stream is None else stream, options))
        except JsException as error:
            raise _down(error) from error

    async def delete(self, key: str) -> None:
        """Remove a file."""
        try:
            await self._bucket.delete(key)
        except JsException as error:
            raise _down(error) from error

    async def health(self) -> None:
        """Ask after a file, there or not."""
        await self.head(_PROBE_KEY)

    def download_address(self, key: str, expires: int) -> str | None:
        """Give an address at this worker that allows a GET of a file."""
        return self._address("GET", key, expires)

    def upload_address(self, key: str, content_type: str, expires: int) -> str | None:  # noqa: ARG002 - not bound
        """Give an address at this worker that allows a PUT of a file, of any type."""
        return self._address("PUT", key, expires)

    def _address(self, method: str, key: str, expires: int) -> str | None:
        if not (self._origin and self._secret):
            return None
        return signatures.media_address(self._origin, self._secret, method, key, expires)


def _is_null(found: Any) -> bool:
    # Not `not found`: an object whose `size` is 0, such as an empty file, is false to Python.
    # JavaScript's null is None in one Pyodide and `jsnull` in the next.
    return found is None or type(found).__name__ == "JsNull"


def _range(part: Range) -> Any:
    if part.start is None:
        wanted = {"suffix": part.end}
    elif part.end is None:
        wanted = {"offset": part.start}
    else:
        wanted = {"offset": part.start, "length": part.end - part.start + 1}
    return JSON.parse(json.dumps({"range": wanted}))


def _stored(found: Any) -> Stored:
    content_type = getattr(found.httpMetadata, "contentType", None) if found.httpMetadata else None
    return Stored(
        key=found.key,
        size=int(found.size),
        etag=found.httpEtag,
        content_type=content_type if isinstance(content_type, str) else _DEFAULT_TYPE,
    )


def _down(error: JsException) -> UnavailableError:
    return UnavailableError(f"the storage answered: {error.message}", code="storage_unavailable")
