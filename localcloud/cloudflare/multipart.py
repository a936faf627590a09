"""Reads a script upload: a `metadata` part and one part a module."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from localcloud.cloudflare.errors import InvalidRequestError, MalformedBodyError
from localcloud.cloudflare.fields import Fields, parse_json
from localcloud.cloudflare.version_draft import check_modules

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from localcloud.cloudflare.call import Call
    from localcloud.cloudflare.store import Body


async def read_upload(call: Call, part: str = "metadata") -> tuple[Fields, list[Body]]:
    """The JSON part and the modules, in the order they were sent.

    Raises:
        MalformedBodyError: the body is no multipart form.
        InvalidRequestError: the JSON part is missing.
        InvalidVersionError: a module cannot be used.
    """
    raw = await call.raw()

    async def stream() -> AsyncGenerator[bytes, None]:
        yield raw

    # python-multipart raises KeyError where a part has no name, LookupError for a charset it does not know.
    try:
        form = await MultiPartParser(call.request.headers, stream(), max_part_size=len(raw) + 1).parse()
        sent = [(name, await _content(value), _type(value)) for name, value in form.multi_items()]
    except (MultiPartException, LookupError, ValueError) as error:
        raise MalformedBodyError("a multipart/form-data body is expected") from error
    document = next((content for name, content, _ in sent if name == part), None)
    if document is None:
        raise InvalidRequestError(f"The part {part!r} is missing from the upload.")
    modules = [_module(name, content, kind) for name, content, kind in sent if name != part]
    check_modules(modules)
    return Fields(parse_json(document)), modules


async def _content(value: UploadFile | str) -> bytes:
    return await value.read() if isinstance(value, UploadFile) else value.encode(errors="replace")


def _type(value: UploadFile | str) -> str:
    return (value.content_type or "") if isinstance(value, UploadFile) else "text/plain"


def _module(name: str, content: bytes, kind: str) -> Body:
    return {
        "name": name,
        "content_type": kind or "application/octet-stream",
        "content_base64": b64encode(content).decode(),
    }


def write_upload(modules: list[tuple[str, str, bytes]], boundary: str) -> bytes:
    """The modules as Cloudflare gives a script's content back: one part each."""
    parts = []
    for name, kind, content in modules:
        quoted = json.dumps(name)
        head = f"--{boundary}\r\ncontent-disposition: form-data; name={quoted}; filename={quoted}\r\n"
        parts.append(f"{head}content-type: {kind}\r\n\r\n".encode() + content + b"\r\n")
    return b"".join(parts) + f"--{boundary}--\r\n".encode()
