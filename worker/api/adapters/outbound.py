"""HTTP to upstreams with the runtime's `fetch`; a storage's streams pass without entering Python."""

from __future__ import annotations

import json
from typing import Any

from js import JSON, AbortController, AbortSignal, Object, clearTimeout, fetch, setTimeout
from pyodide.ffi import JsException

from api.upstreams import Answer, FetchError, Transferred


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


async def transfer(
    method: str, url: str, headers: dict[str, str], stream: Any, timeout_ms: int
) -> Transferred:
    """Send one request, once, with a stream as its body; a file that is asked for comes back as one."""
    options = JSON.parse(json.dumps({"method": method, "headers": headers, "redirect": "manual"}))
    if stream is not None:
        options.body = stream
    # A signal that times out by itself could not be called off, and would cut a long download.
    controller = AbortController.new()
    options.signal = controller.signal
    timer = setTimeout(controller.abort.bind(controller), timeout_ms)
    try:
        response = await fetch(url, options)
        told = json.loads(JSON.stringify(Object.fromEntries(response.headers)))
        if method == "GET" and response.ok:
            return Transferred(response.status, told, response.body, "")
        return Transferred(response.status, told, None, await response.text())
    except JsException as error:
        raise FetchError("no answer in time" if error.name == "AbortError" else "no connection") from error
    finally:
        clearTimeout(timer)
