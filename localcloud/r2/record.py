"""An object's row in the database."""

from __future__ import annotations

import json

from localcloud.r2.stored import StoredObject, key_bytes

COLUMNS = "key, version, size, etag, uploaded, http_metadata, custom_metadata, checksums"
Row = tuple[bytes, str, int, str, int, str, str, str]


def stored_of(row: Row) -> StoredObject:
    """Read a row of `COLUMNS`."""
    key, version, size, etag, uploaded, *texts = row
    return StoredObject(key.decode(), version, size, etag, uploaded, *map(json.loads, texts))


def row_of(stored: StoredObject) -> Row:
    """The row of `COLUMNS` that holds an object."""
    return (
        key_bytes(stored.key),
        stored.version,
        stored.size,
        stored.etag,
        stored.uploaded,
        json.dumps(dict(stored.http_metadata)),
        json.dumps(dict(stored.custom_metadata)),
        json.dumps(dict(stored.checksums)),
    )
