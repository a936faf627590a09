"""A bucket at S3, or at storage that speaks its protocol; needs no runtime but `Transfer`.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from api.domain.sigv4 import Signer, Target
from api.errors import UnavailableError, UnsatisfiableError
from api.ports import Opened, Stored
from api.upstreams import FetchError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api.domain.ranges import Range
    from api.ports import Clock
    from api.settings import Settings
    from api.upstreams import Transfer, Transferred

TIMEOUT_MS = 10_000  # until the answer begins
SLOWEST = 100  # bytes a millisecond; an upload that is slower is given up
_DEFAULT_TYPE = "application/octet-stream"
_OK = range(200, 300)
_PARTIAL, _UNKNOWN, _UNSATISFIABLE = 206, 404, 416
_CODE = re.compile(r"<Code>([A-Za-z0-9]{1,64})</Code>")
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})", re.ASCII)


class S3:
    """One bucket. Without an endpoint it is Amazon's own, asked for at the bucket's own host."""

    def __init__(self, settings: Settings, transfer: Transfer, clock: Clock) -> None:
        self._signer = Signer(settings.s3_access_key_id, settings.s3_secret_access_key, settings.s3_region)
        self._transfer, self._clock = transfer, clock
        if settings.s3_endpoint:
            self._origin, self._folder = settings.s3_endpoint, f"/{settings.s3_bucket}/"
        else:
            self._origin = f"https://{settings.s3_bucket}.s3.{settings.s3_region}.amazonaws.com"
            self._folder = "/"

    async def head(self, key: str) -> Stored | None:
        """Describe a file."""
        answer = await self._ask("HEAD", key)
        return None if _is_missing(answer) else _stored(key, answer, _length(answer))

    async def open(self, key: str, part: Range | None) -> Opened | None:
        """Open a file, or the part of it that is asked."""
        answer = await self._ask("GET", key, {"Range": part.header} if part else {})
        if answer.status == _UNSATISFIABLE:
            stored = await self.head(key)  # the refusal need not tell the size
            if stored:
                raise UnsatisfiableError(stored.size)
            return None
        if _is_missing(answer):
            return None
        if answer.status != _PARTIAL:
            return Opened(_stored(key, answer, _length(answer)), answer.stream, None)
        first, last, size = _content_range(answer)
        return Opened(_stored(key, answer, size), answer.stream, (first, last - first + 1))

    async def put(self, key: str, stream: Any, length: int, content_type: str) -> Stored:
        """Store a stream, however S3 may be told its length: by the runtime, which knows it."""
        # What cannot stand in a header as it is would not be signed as it is sent.
        plain = content_type if content_type.isascii() and content_type.isprintable() else _DEFAULT_TYPE
        timeout_ms = TIMEOUT_MS + length // SLOWEST
        answer = await self._ask("PUT", key, {"Content-Type": plain}, stream, timeout_ms)
        return Stored(key, length, _accepted(answer).headers.get("etag", ""), plain)

    async def delete(self, key: str) -> None:
        """Remove a file."""
        answer = await self._ask("DELETE", key)
        if not _is_missing(answer):
            _accepted(answer)

    async def health(self) -> None:
        """Ask after the bucket itself."""
        _accepted(await self._ask("HEAD", ""))

    def download_address(self, key: str, expires: int) -> str:
        """Give an address at S3 that allows a GET of a file."""
        return self._address("GET", key, {}, expires)

    def upload_address(self, key: str, content_type: str, expires: int) -> str:
        """Give an address at S3 that allows a PUT of a file with this very `Content-Type`."""
        return self._address("PUT", key, {"Content-Type": content_type}, expires)

    def _address(self, method: str, key: str, headers: Mapping[str, str], expires: int) -> str:
        now = int(self._clock())
        return self._signer.address(self._target(method, key), headers, now, expires - now)

    def _target(self, method: str, key: str) -> Target:
        return Target(method, self._origin, self._folder + key)

    async def _ask(
        self,
        method: str,
        key: str,
        headers: Mapping[str, str] | None = None,
        stream: Any = None,
        timeout_ms: int = TIMEOUT_MS,
    ) -> Transferred:
        target = self._target(method, key)
        signed = self._signer.headers(target, headers or {}, self._clock())
        try:
            return await self._transfer(method, target.address, signed, stream, timeout_ms)
        except FetchError as error:
            raise _down(f"gave no answer: {error}") from error


def _is_missing(answer: Transferred) -> bool:
    """Tell a missing file from a missing bucket; a HEAD's answer has no body to tell them apart."""
    return answer.status == _UNKNOWN and _code(answer) in {"", "NoSuchKey"}


def _code(answer: Transferred) -> str:
    found = _CODE.search(answer.text)
    return found[1] if found else ""


def _accepted(answer: Transferred) -> Transferred:
    if answer.status not in _OK:
        raise _down(f"answered {answer.status} {_code(answer)}".rstrip())
    return answer


def _stored(key: str, answer: Transferred, size: int) -> Stored:
    headers = answer.headers
    return Stored(key, size, headers.get("etag", ""), headers.get("content-type") or _DEFAULT_TYPE)


def _length(answer: Transferred) -> int:
    text = _accepted(answer).headers.get("content-length", "")
    if not (text.isascii() and text.isdigit()):
        raise _down("did not tell the file's size")
    return int(text)


def _content_range(answer: Transferred) -> tuple[int, int, int]:
    found = _CONTENT_RANGE.fullmatch(answer.headers.get("content-range", ""))
    if found is None:
        raise _down("did not tell which part it sent")
    first, last, size = map(int, found.groups())
    return first, last, size


def _down(what: str) -> UnavailableError:
    return UnavailableError(f"the storage {what}", code="storage_unavailable")
