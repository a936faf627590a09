"""Stored files as answers; families that serve files share it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.domain import keys
from api.http import Response
from api.usecases import assets

if TYPE_CHECKING:
    from api.core import Core
    from api.http import Request
    from api.ports import Stored

PUBLIC_CACHE = "public, max-age=60"  # a key may be overwritten; a minute later every cache has seen it
PRIVATE_CACHE = "private, max-age=3600"
_PARTIAL = 206
_UNCHANGED = 304


async def serve(core: Core, request: Request) -> Response:
    """Answer a GET or HEAD with the file whose key the request names, whole, in part, or not again."""
    conditions = assets.Conditions(
        part=request.header("range") if request.method == "GET" else None,
        none_match=request.header("if-none-match"),
        if_range=request.header("if-range"),
    )
    if request.method == "HEAD" and not conditions.none_match:
        stored = await assets.describe(core, request.key)
        return Response(
            None, 200, stored.content_type, {**_headers(request, stored), "Content-Length": str(stored.size)}
        )
    found = await assets.read(core, request.key, conditions)
    if isinstance(found, assets.Unchanged):
        return Response(None, _UNCHANGED, "", _headers(request, found.stored))
    headers, size = _headers(request, found.stored), found.stored.size
    if found.part is None:
        return Response(
            found.stream, 200, found.stored.content_type, {**headers, "Content-Length": str(size)}
        )
    offset, length = found.part
    headers |= {
        "Content-Length": str(length),
        "Content-Range": f"bytes {offset}-{offset + length - 1}/{size}",
    }
    return Response(found.stream, _PARTIAL, found.stored.content_type, headers)


def _headers(request: Request, stored: Stored) -> dict[str, str]:
    headers = {
        "ETag": stored.etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": PRIVATE_CACHE if keys.is_private(stored.key) else PUBLIC_CACHE,
    }
    if request.query.get("download") == "1":
        headers["Content-Disposition"] = keys.attachment(stored.key)
    return headers
