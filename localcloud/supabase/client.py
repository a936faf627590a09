"""Asks the running stand-in, for the local cloud's own tools."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from localcloud.config import Config

TIMEOUT_SECONDS = 10
# With it both services word their errors alike: `message`, and `hint` where there is one.
API_VERSION = "2024-01-01"


class RefusedError(Exception):
    """The stand-in understood and said no.

    Args:
        code: of the error, in the service's own words.
        message: what is wrong.
        hint: what would be right; empty where nothing was said.
    """

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


def post(config: Config, path: str, body: dict[str, Any], bearer: str) -> Any:
    """Post JSON and give the answer's.

    Raises:
        RefusedError: it said no.
        OSError: it does not answer, or cannot (urllib.error.HTTPError).
    """
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {bearer}",
        "apikey": bearer,
        "X-Supabase-Api-Version": API_VERSION,
    }
    url = f"http://127.0.0.1:{config.ports.supabase}{path}"
    request = Request(url, json.dumps(body).encode(), headers)
    try:
        with urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - loopback, http
            return json.load(answer)
    except HTTPError as error:
        if error.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise
        said = json.load(error)
        raise RefusedError(said["code"], said["message"], said.get("hint") or "") from error
