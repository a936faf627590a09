"""Keys of stored files: which are allowed, which are private, what a download is called."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

MAX_KEY_BYTES: Final = 1024  # https://developers.cloudflare.com/r2/platform/limits/
PRIVATE_PREFIX: Final = "media/"
_FIRST_PRINTABLE: Final = 0x20
_DELETE: Final = 0x7F
EXTENSIONS: Final = {"image": "png", "video": "mp4"}
CONTENT_TYPES: Final = {"image": "image/png", "video": "video/mp4"}


class InvalidKeyError(ValueError):
    """The key names no file that may exist; the message says why."""


def parse(key: str) -> str:
    """Check a decoded key.

    Raises:
        InvalidKeyError: empty, over 1,024 bytes, control characters, or a `.` or `..` segment.
    """
    if not key:
        raise InvalidKeyError("the key is empty")
    if any(ord(c) < _FIRST_PRINTABLE or _DELETE <= ord(c) < 0xA0 for c in key):  # noqa: PLR2004 - end of C1
        raise InvalidKeyError("the key holds a control character")
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        raise InvalidKeyError("the key is not valid UTF-8") from None
    if size > MAX_KEY_BYTES:
        raise InvalidKeyError(f"the key is {size} bytes long; {MAX_KEY_BYTES} are allowed")
    if any(segment in {".", ".."} for segment in key.replace("\\", "/").split("/")):
        raise InvalidKeyError("the key holds a `.` or `..` segment")
    return key


def is_private(key: str) -> bool:
    """Tell whether a file is a customer's: reached by the admin or by a signed address only."""
    return key.startswith(PRIVATE_PREFIX)


def of_job(job_id: str, kind: str, count: int) -> list[str]:
    """Name the files that a job will store."""
    return [f"{PRIVATE_PREFIX}{job_id}/{index}.{EXTENSIONS[kind]}" for index in range(count)]


def is_of_job(key: str, job_id: str) -> bool:
    """Tell whether a key is one of a job's own.

    Only for those are addresses signed: a renderer that names another job's file must not get one.
    """
    name = key.removeprefix(f"{PRIVATE_PREFIX}{job_id}/")
    return name not in {key, ""} and not _is_refused(key)


def _is_refused(key: str) -> bool:
    try:
        parse(key)
    except InvalidKeyError:
        return True
    return False


def attachment(key: str) -> str:
    """Give the `Content-Disposition` of a download, safe in any header (RFC 6266, RFC 8187)."""
    name = key.rsplit("/", 1)[-1] or "download"
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._- ") else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
