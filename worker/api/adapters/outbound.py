"""HTTP to upstreams with the runtime's `fetch`."""

from __future__ import annotations

import json

from js import JSON, AbortSignal, fetch
from pyodide.ffi import JsException

from api.ports import Answer, FetchError


async def send(method: str, url: str, headers: dict[str, str], body: str | None, timeout_ms: int) -> Answer:
    """Send one request, once; redirects are not followed: an upstream that redirects is misconfigured."""
    init = {"method": method, "headers": headers, "redirect": "manual"}
    if body is not None:
        init["body"] = body
    # One string crosses into JavaScript instead of every key and value.
    options = JSON.parse(json.dumps(init))
    options.signal = AbortSignal.timeout(timeout_ms)
    try:
        response = await fetch(url, options)
        return Answer(response.status, await response.text())
    except JsException as error:
        raise FetchError("no answer in time" if error.name == "TimeoutError" else "no connection") from error
