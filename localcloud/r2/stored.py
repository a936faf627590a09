"""An object as the store knows it, and what a caller says about a new one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localcloud.r2.errors import InvalidObjectNameError, MetadataTooLargeError

if TYPE_CHECKING:
    from collections.abc import Mapping

# https://developers.cloudflare.com/r2/platform/limits/
KEY_BYTES = 1024
CUSTOM_METADATA_BYTES = 2048


@dataclass(frozen=True)
class StoredObject:
    """One object without its bytes.

    Attributes:
        version: new with every put.
        size: bytes.
        etag: MD5 of the bytes, hex.
        uploaded: milliseconds since 1970.
        http_metadata: field names as in Workers (`contentType`); `cacheExpiry` is in milliseconds.
        checksums: algorithm (`md5`, `sha256`) to hex digest.
    """

    key: str
    version: str
    size: int
    etag: str
    uploaded: int
    http_metadata: Mapping[str, str | int]
    custom_metadata: Mapping[str, str]
    checksums: Mapping[str, str]


@dataclass(frozen=True)
class Description:
    """What the caller of a put says about the object.

    Attributes:
        checksums: digests that the bytes must have, by algorithm, hex.
    """

    http_metadata: Mapping[str, str | int] = field(default_factory=dict)
    custom_metadata: Mapping[str, str] = field(default_factory=dict)
    checksums: Mapping[str, str] = field(default_factory=dict)

    def check(self) -> None:
        """See that the limits are kept.

        Raises:
            MetadataTooLargeError: the custom metadata is over 2,048 bytes.
        """
        if (
            sum(map(_serialised, [*self.custom_metadata, *self.custom_metadata.values()]))
            > CUSTOM_METADATA_BYTES
        ):
            raise MetadataTooLargeError


def key_bytes(key: str) -> bytes:
    """A key as it is stored and ordered: UTF-8.

    Raises:
        InvalidObjectNameError: it is over 1,024 bytes, or holds half a surrogate pair.
    """
    try:
        encoded = key.encode()
    except UnicodeEncodeError:
        raise InvalidObjectNameError from None
    if len(encoded) > KEY_BYTES:
        raise InvalidObjectNameError
    return encoded


def _serialised(text: str) -> int:
    """R2 counts one byte a character, or two where one of them is beyond Latin-1."""
    return len(text) * (1 if text.isascii() or max(text) <= "\xff" else 2)
