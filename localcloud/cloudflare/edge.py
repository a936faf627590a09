"""The emulator's calls to the edge, which boots versions and serves deployments."""

from __future__ import annotations

import asyncio
import http.client
import json
from http import HTTPStatus
from typing import Any, Protocol

from localcloud.cloudflare.errors import ApiError, InvalidVersionError, UnavailableError

# A version boots in 2 to 3 s; a loaded machine takes longer. The SDK gives up after 60 s.
PATIENCE_SECONDS = 40.0


class Edge(Protocol):
    """What the emulator asks of an edge."""

    async def check(self, version_id: str) -> int:
        """Boot a version that is not deployed yet; milliseconds it took.

        Raises:
            InvalidVersionError: it does not start.
            UnavailableError: the edge does not answer.
        """

    async def sync(self) -> None:
        """Serve what the emulator now says; done when new requests go there.

        Raises:
            InvalidVersionError: a version of a new deployment does not start.
            UnavailableError: the edge does not answer.
        """


class LoopbackEdge:
    """The edge process of this local cloud, by its control port."""

    def __init__(self, port: int, token: str, patience: float = PATIENCE_SECONDS) -> None:
        self._port = port
        self._token = token
        self._patience = patience

    async def check(self, version_id: str) -> int:
        """See `Edge.check`."""
        answer = await self._post(f"/versions/{version_id}/check")
        return int(answer.get("startup_ms", 0))

    async def sync(self) -> None:
        """See `Edge.sync`."""
        await self._post("/sync")

    async def _post(self, path: str) -> dict[str, Any]:
        try:
            async with asyncio.timeout(self._patience):
                status, answer = await asyncio.to_thread(self._exchange, path)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise UnavailableError(
                f"The edge on port {self._port} does not answer ({type(error).__name__}: {error}). "
                "What was asked for was not done and what was deployed stays as it is. "
                "Run `make up` to start it; `ops local status` tells what is down."
            ) from error
        if status != HTTPStatus.OK:
            raise refusal(status, answer)
        return answer

    def _exchange(self, path: str) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=self._patience)
        try:
            connection.request("POST", path, headers={"authorization": f"Bearer {self._token}"})
            response = connection.getresponse()
            document = json.loads(response.read())
        finally:
            connection.close()
        if not isinstance(document, dict):
            raise ValueError("its answer is not an object")  # noqa: TRY004 - it means a stranger on the port
        return response.status, document


def refusal(status: int, answer: dict[str, Any]) -> ApiError:
    """What the edge's own error means to the API's caller."""
    error, detail = str(answer.get("error", "")), str(answer.get("detail") or "")
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        return InvalidVersionError(f"Uncaught {error}" + (f"\n{detail}" if detail else ""))
    return UnavailableError(
        f"The edge failed with status {status}: {error or 'no reason given'}. "
        "What was asked for was not done and what was deployed stays as it is. "
        "See `ops local logs edge`, then run `make up`."
    )
