"""Requests to Cloudflare's API, or to the local cloud's."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import requests

from infra.plugin.serving import PluginError

CLOUDFLARE = "https://api.cloudflare.com/client/v4"
TIMEOUT_SECONDS = (5, 60)  # to connect; to answer: a version is booted before it is accepted
TRIES = 4
PAUSE_SECONDS = 0.5  # doubled after each try
BUSY = (429, 502, 503, 504)


class CloudflareError(PluginError):
    """The API refused or could not be reached."""


class NotFoundError(CloudflareError):
    """There is no such thing any more."""


@dataclass(frozen=True)
class Client:
    """One account's way to the API. The token stands in no message."""

    base_url: str
    token: str = field(repr=False)

    def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        """Send one request and give the envelope's `result`.

        Tried again, four times in all: what the API is too busy for, and what never reached it. A POST that
        may have been carried out is not sent twice.

        Raises:
            NotFoundError: 404.
            CloudflareError: any other refusal, or no answer.
        """
        for attempt in range(TRIES):
            if attempt:
                time.sleep(PAUSE_SECONDS * 2 ** (attempt - 1))
            try:
                answer = self._send(method, path, body, headers)
            except requests.RequestException as error:
                if attempt + 1 == TRIES or (method == "POST" and not _never_arrived(error)):
                    raise CloudflareError(self._unreachable(error)) from None
                continue
            if answer.status_code not in BUSY or (method == "POST" and answer.status_code != BUSY[0]):
                break
        return _result(answer, f"{method} {path}")

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str] | None) -> requests.Response:
        return requests.request(
            method,
            self.base_url.rstrip("/") + path,
            json=body,
            headers={"Authorization": f"Bearer {self.token}", **(headers or {})},
            timeout=TIMEOUT_SECONDS,
        )

    def _unreachable(self, error: requests.RequestException) -> str:
        return (
            f"Cloudflare's API at {self.base_url} gave no answer ({type(error).__name__}): nothing more was "
            "changed. On the local stack run `ops local up`; elsewhere check the network and "
            "CLOUDFLARE_BASE_URL. Then run it again."
        )


def _never_arrived(error: requests.RequestException) -> bool:
    return isinstance(error, requests.ConnectTimeout) or "NewConnectionError" in repr(error)


def _result(answer: requests.Response, what: str) -> Any:
    try:
        envelope = answer.json()
    except ValueError:
        raise CloudflareError(
            f"{what} answered {answer.status_code} without JSON: is this Cloudflare's API?"
        ) from None
    if answer.ok and envelope.get("success"):
        return envelope.get("result")
    errors = "; ".join(
        f"{error.get('code')}: {error.get('message')}" for error in envelope.get("errors") or []
    )
    kind = NotFoundError if answer.status_code == requests.codes.not_found else CloudflareError
    raise kind(
        f"Cloudflare refused {what} ({answer.status_code}): {errors or 'no reason given'}.{_hint(answer)}"
    )


def _hint(answer: requests.Response) -> str:
    if answer.status_code in (requests.codes.unauthorized, requests.codes.forbidden):
        return (
            ' The token is not accepted for this. On the local stack run `eval "$(ops local env)"`; '
            "elsewhere check CLOUDFLARE_API_TOKEN and its permissions."
        )
    return ""
