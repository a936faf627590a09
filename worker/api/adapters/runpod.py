"""RunPod's serverless API; needs no runtime but `Fetch`.

Source: https://docs.runpod.io/serverless/endpoints/operations.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from api import document
from api.errors import ProviderError
from api.upstreams import FetchError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from api.settings import Settings
    from api.upstreams import Answer, Fetch

TIMEOUT_MS = 10_000
_OK = range(200, 300)
# RunPod says 404 for a job it does not know, or knows no longer.
_UNKNOWN = frozenset({404})
# RunPod did not take the order: too many at once, or nobody there to take it. All else may have started.
_NOT_TAKEN = frozenset({429, 503})
PAUSES = (0.25, 1.0)  # seconds before each further try; the client waits


class RunPod:
    """One endpoint. Only a `run` that was surely not taken is tried again: one without an answer may run."""

    def __init__(
        self, settings: Settings, fetch: Fetch, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._root = f"{settings.runpod_api_base}/v2/{settings.runpod_endpoint_id}"
        self._headers = {
            "Authorization": f"Bearer {settings.runpod_api_key}",
            "Content-Type": "application/json",
        }
        self._fetch = fetch
        self._sleep = sleep

    async def submit(self, body: dict[str, Any]) -> dict[str, Any]:
        """Start a job."""
        text = document.dump(body)
        answer = await self._call("POST", "/run", text)
        for pause in PAUSES:
            if answer.status not in _NOT_TAKEN:
                break
            await self._sleep(pause)
            answer = await self._call("POST", "/run", text)
        told = _object(answer)
        if not isinstance(told.get("id"), str) or not told["id"]:
            raise ProviderError("RunPod's answer names no job")
        return told

    async def status(self, provider_job_id: str) -> dict[str, Any] | None:
        """Give RunPod's JSON for a job."""
        answer = await self._call("GET", f"/status/{provider_job_id}", None)
        return None if answer.status in _UNKNOWN else _object(answer)

    async def cancel(self, provider_job_id: str) -> bool:
        """Cancel a job."""
        answer = await self._call("POST", f"/cancel/{provider_job_id}", "{}")
        return answer.status not in _UNKNOWN and bool(_object(answer))

    async def health(self) -> None:
        """Ask for the endpoint's own health."""
        _object(await self._call("GET", "/health", None))

    async def _call(self, method: str, path: str, body: str | None) -> Answer:
        try:
            return await self._fetch(method, self._root + path, self._headers, body, TIMEOUT_MS)
        except FetchError as error:
            raise ProviderError(f"RunPod gave no answer: {error}") from error


def _object(answer: Answer) -> dict[str, Any]:
    if answer.status not in _OK:
        raise ProviderError(f"RunPod answered {answer.status}")
    try:
        told = document.storable(json.loads(answer.text))
    except (ValueError, RecursionError) as error:
        raise ProviderError("RunPod's answer is not JSON") from error
    if not isinstance(told, dict):
        raise ProviderError("RunPod's answer is not an object")
    return told
