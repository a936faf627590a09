"""Sends a check's requests."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import requests

from ops.checks.matchers.observation import Observation

if TYPE_CHECKING:
    from ops.checks.check import Request

CONNECT_SECONDS = 5
READ_SECONDS = 30


class UnreachableError(Exception):
    """No answer came."""


class Client:
    """One HTTP session against one base address."""

    def __init__(self, base: str) -> None:
        self._base = base.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy or ~/.netrc of this machine is not part of the check

    def send(self, request: Request) -> Observation:
        """Send and read the whole answer.

        Raises:
            UnreachableError: the connection failed or timed out.
        """
        body = request.body.encode() if isinstance(request.body, str) else request.body
        began = time.monotonic()
        try:
            answer = self._session.request(
                request.method,
                self._base + request.path,
                headers=dict(request.headers),
                data=body,
                json=request.json,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise UnreachableError(f"{self._base} gave no answer: {error}") from error
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Observation(answer.status_code, headers, answer.content, time.monotonic() - began)
