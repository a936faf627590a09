"""Delivers finished files to the signed addresses that the job brought with it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests

if TYPE_CHECKING:
    from renderer.order import Upload

TRIES = 3
PAUSE_SECONDS = 0.5  # doubled after each try
TIMEOUT_SECONDS = (5, 60)  # to connect; between two bytes of the answer


class DeliveryError(RuntimeError):
    """A file was not stored; the message names its key and never the signature in its address."""


def deliver(upload: Upload, content: bytes) -> None:
    """PUT one file; a refusal is final, a fault of the network or the server is tried three times.

    Raises:
        DeliveryError: the address refused the file or stayed out of reach.
    """
    if urlsplit(upload.url).scheme not in ("http", "https"):
        raise DeliveryError(f"{upload.key}: its upload address is not http(s)")
    reason = ""
    for attempt in range(TRIES):
        if attempt:
            time.sleep(PAUSE_SECONDS * 2 ** (attempt - 1))
        status, reason = _put(upload, content)
        if status is not None and status < 500:  # noqa: PLR2004 - HTTP's server errors start here
            break
    if status is None or status >= 300:  # noqa: PLR2004 - HTTP's successes end here
        raise DeliveryError(f"{upload.key} was not stored: {reason}")


def _put(upload: Upload, content: bytes) -> tuple[int | None, str]:
    try:
        answer = requests.put(
            upload.url,
            data=content,
            headers={"Content-Type": upload.content_type},
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
        )
    except requests.RequestException as error:
        # The error's own text holds the signed address.
        return None, f"{urlsplit(upload.url).netloc} cannot be reached ({type(error).__name__})"
    return answer.status_code, f"{urlsplit(upload.url).netloc} answered {answer.status_code}"
