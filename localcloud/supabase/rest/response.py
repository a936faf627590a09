"""The HTTP answer to a REST request: status, Content-Range, what functions set themselves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from starlette.responses import Response

from localcloud.supabase.rest.errors import RestError, out_of_range

if TYPE_CHECKING:
    from localcloud.supabase.rest.answer import Result
    from localcloud.supabase.rest.request import Accept, Preferences, Window

OK, CREATED, NO_CONTENT, PARTIAL = 200, 201, 204, 206


def page(result: Result, wanted: Window, accept: Accept, preferences: Preferences) -> Response:
    """The answer to a read.

    Raises:
        RestError: the page starts after the last row (PGRST103).
    """
    total = result.total
    if total is not None and wanted.offset > total:
        raise out_of_range(wanted.offset, total)
    partial = total is not None and 0 < result.rows < total
    status = PARTIAL if partial else OK
    headers = _headers(_range(wanted.offset, result.rows, total), preferences)
    return _response(result, status, result.body, accept, headers)


def changed(result: Result, method: str, accept: Accept, preferences: Preferences) -> Response:
    """The answer to an insert, update or delete."""
    total = result.rows if preferences.count else None
    shown = result.rows if method == "PATCH" else 0
    headers = _headers(_range(0, shown, total), preferences)
    if preferences.representation == "representation":
        status = CREATED if method == "POST" else OK
        return _response(result, status, result.body, accept, headers)
    return _response(result, CREATED if method == "POST" else NO_CONTENT, "", None, headers)


def empty(result: Result, preferences: Preferences) -> Response:
    """The answer of a function that returns nothing."""
    return _response(result, NO_CONTENT, "", None, _headers(_range(0, 1, None), preferences))


def refused(error: RestError) -> Response:
    """PostgREST's error JSON."""
    headers = {"Proxy-Status": f"PostgREST; error={error.body['code']}"}
    if error.status == 401:  # noqa: PLR2004 - HTTP's number
        headers["WWW-Authenticate"] = "Bearer"
    return Response(
        json.dumps(error.body), error.status, headers, media_type="application/json; charset=utf-8"
    )


def _range(offset: int, rows: int, total: int | None) -> str:
    span = f"{offset}-{offset + rows - 1}" if rows else "*"
    return f"{span}/{'*' if total is None else total}"


def _headers(content_range: str, preferences: Preferences) -> dict[str, str]:
    applied = {"Preference-Applied": ", ".join(preferences.applied)} if preferences.applied else {}
    return {"Content-Range": content_range, **applied}


def _response(
    result: Result, status: int, body: str, accept: Accept | None, headers: dict[str, str]
) -> Response:
    if result.status is not None:
        status = _status(result.status)
    response = Response(body, status, headers, media_type=accept.content_type if accept else None)
    for name, value in _set_by_function(result.headers):
        response.headers[name] = value
    return response


def _status(text: str) -> int:
    if not text.isdecimal():
        raise RestError(500, "PGRST112", "response.status guc must be a valid status code")
    return int(text)


def _set_by_function(text: str | None) -> list[tuple[str, str]]:
    try:
        return [
            (str(name), str(value)) for header in json.loads(text or "[]") for name, value in header.items()
        ]
    except (ValueError, AttributeError, TypeError):
        raise RestError(
            500,
            "PGRST111",
            "response.headers guc must be a JSON array composed of objects"
            " with a single key and a string value",
        ) from None
