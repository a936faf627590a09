"""The JSON that workerd's R2 binding sends, and the JSON it wants back. Pure.

Source: workerd, src/workerd/api/r2-api.capnp and r2-bucket.c++. Cap'n Proto writes 64-bit numbers as strings.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localcloud.r2.byte_range import ByteRange, Span
from localcloud.r2.conditional import Conditional, Etag
from localcloud.r2.errors import InvalidRequestError, R2Error
from localcloud.r2.listing import MOST, Listing
from localcloud.r2.stored import Description

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.r2.listing import Page
    from localcloud.r2.stored import StoredObject

VERSION = 1
# R2Checksums names its fields by number.
CHECKSUM_FIELDS = {"md5": "0", "sha1": "1", "sha256": "2", "sha384": "3", "sha512": "4"}
HTTP_FIELDS = ("contentType", "contentLanguage", "contentDisposition", "contentEncoding", "cacheControl")
INCLUDE_HTTP, INCLUDE_CUSTOM = 0, 1


@dataclass(frozen=True)
class Head:
    """Ask for an object without its bytes."""

    key: str


@dataclass(frozen=True)
class Get:
    """Ask for an object, or some of its bytes."""

    key: str
    byte_range: ByteRange | None
    only_if: Conditional | None


@dataclass(frozen=True)
class Put:
    """Store the bytes that follow."""

    key: str
    description: Description
    only_if: Conditional | None


@dataclass(frozen=True)
class Delete:
    """Remove objects."""

    keys: tuple[str, ...]


@dataclass(frozen=True)
class List:
    """Ask for a page of the bucket."""

    listing: Listing


Request = Head | Get | Put | Delete | List


def request_of(text: bytes) -> Request:
    """Read a request.

    Raises:
        InvalidRequestError: it is not one, or one that is not served here.
    """
    try:
        document = json.loads(text)
        read = _READERS.get(document["method"])
        if read:
            return read(document)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InvalidRequestError from None
    raise InvalidRequestError(
        f"The local R2 does not serve {document['method']}. Multipart uploads need a bucket at Cloudflare; "
        "store the object with one put()."
    )


def object_json(stored: StoredObject, span: Span | None = None) -> bytes:
    """Write one object."""
    return _encoded(_object(stored, span))


def page_json(page: Page) -> bytes:
    """Write a page of objects."""
    document = {
        "objects": [_object(stored) for stored in page.objects],
        "truncated": page.cursor is not None,
        "delimitedPrefixes": list(page.prefixes),
    }
    return _encoded(document if page.cursor is None else {**document, "cursor": page.cursor})


def error_json(error: R2Error) -> bytes:
    """Write a refusal; it travels in a header, so it is one line of ASCII."""
    return json.dumps({"version": VERSION, "v4code": error.v4code, "message": error.message}).encode()


def _encoded(document: dict[str, Any]) -> bytes:
    # Cap'n Proto's reader does not join escaped surrogate pairs.
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _object(stored: StoredObject, span: Span | None = None) -> dict[str, Any]:
    document: dict[str, Any] = {
        "name": stored.key,
        "version": stored.version,
        "size": stored.size,
        "etag": stored.etag,
        "uploaded": stored.uploaded,
        "checksums": {CHECKSUM_FIELDS[name]: value for name, value in stored.checksums.items()},
    }
    # Left out when empty: to the binding an empty one says that it was asked for.
    if stored.http_metadata:
        document["httpFields"] = dict(stored.http_metadata)
    if stored.custom_metadata:
        document["customFields"] = [{"k": k, "v": v} for k, v in stored.custom_metadata.items()]
    if span:
        document["range"] = {"offset": span.offset, "length": span.length}
    return document


def _head(document: dict[str, Any]) -> Head:
    return Head(_text(document, "object"))


def _get(document: dict[str, Any]) -> Get:
    return Get(_text(document, "object"), _range(document), _condition(document.get("onlyIf")))


def _put(document: dict[str, Any]) -> Put:
    fields = document.get("httpFields") or {}
    http: dict[str, str | int] = {name: _text(fields, name) for name in HTTP_FIELDS if name in fields}
    if "cacheExpiry" in fields:
        http["cacheExpiry"] = int(fields["cacheExpiry"])
    custom = {_text(one, "k"): _text(one, "v") for one in document.get("customFields") or ()}
    checksums = {name: _checksum(name, document[name]) for name in CHECKSUM_FIELDS if name in document}
    key = _text(document, "object")
    return Put(key, Description(http, custom, checksums), _condition(document.get("onlyIf")))


def _delete(document: dict[str, Any]) -> Delete:
    keys = document["objects"] if "objects" in document else [document["object"]]
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise TypeError(keys)
    return Delete(tuple(keys))


def _list(document: dict[str, Any]) -> List:
    include = document.get("include") or ()
    return List(
        Listing(
            prefix=_text(document, "prefix", ""),
            delimiter=_text(document, "delimiter", ""),
            cursor=_text(document, "cursor", "") or None,
            start_after=_text(document, "startAfter") if "startAfter" in document else None,
            limit=int(document.get("limit", MOST)),
            http_metadata=INCLUDE_HTTP in include,
            custom_metadata=INCLUDE_CUSTOM in include,
        )
    )


def _range(document: dict[str, Any]) -> ByteRange | None:
    if "rangeHeader" in document:
        return ByteRange.of_header(_text(document, "rangeHeader"))
    asked = document.get("range")
    return (
        ByteRange(_number(asked, "offset"), _number(asked, "length"), _number(asked, "suffix"))
        if asked
        else None
    )


def _condition(document: dict[str, Any] | None) -> Conditional | None:
    if document is None:
        return None
    return Conditional(
        tuple(map(_etag, document.get("etagMatches") or ())),
        tuple(map(_etag, document.get("etagDoesNotMatch") or ())),
        _number(document, "uploadedBefore"),
        _number(document, "uploadedAfter"),
        bool(document.get("secondsGranularity")),
    )


def _etag(document: dict[str, Any]) -> Etag:
    match document["type"]:
        case "wildcard":
            return Etag("wildcard")
        case "strong" | "weak" as kind:
            return Etag(kind, _text(document, "value"))
    raise ValueError(document)


def _checksum(name: str, value: str) -> str:
    """Give the hex digest; the capnp file has MD5 alone in base64."""
    return base64.b64decode(value, validate=True).hex() if name == "md5" else bytes.fromhex(value).hex()


def _number(document: dict[str, Any], name: str) -> int | None:
    return int(document[name]) if name in document else None


def _text(document: dict[str, Any], name: str, default: str | None = None) -> str:
    value = document[name] if default is None else document.get(name, default)
    if not isinstance(value, str):
        raise TypeError(name)
    value.encode()  # JSON can hold half a surrogate pair, which is no text
    return value


_READERS: dict[str, Callable[[dict[str, Any]], Request]] = {
    "head": _head,
    "get": _get,
    "put": _put,
    "delete": _delete,
    "list": _list,
}
