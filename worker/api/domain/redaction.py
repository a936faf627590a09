"""Takes secrets out of whatever is answered, logged or stored."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

REDACTED = "[redacted]"
SHORTEST_SECRET = 8  # characters; a shorter one would tear ordinary words apart
_SECRET_HEADERS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "x-webhook-secret",
        "x-runpod-signature",
        "x-api-key",
        "apikey",
        "cookie",
        "set-cookie",
    }
)
_SECRET_QUERY = re.compile(
    r"([?&](?:token|signature|apikey|x-amz-signature|x-amz-security-token)=)[^&#\s\"']+", re.IGNORECASE
)


class Redactor:
    """Knows the worker's own secrets by value, and what is secret by its name."""

    def __init__(self, secrets: Iterable[str]) -> None:
        written = {form for secret in secrets if len(secret) >= SHORTEST_SECRET for form in _written(secret)}
        # The longest first: a secret that contains another must not leave its tail behind.
        self._secrets = sorted(written, key=len, reverse=True)

    def own(self, text: str) -> str:
        """Give a text without the worker's own secrets; somebody else's stay."""
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, REDACTED)
        return text

    def text(self, text: str) -> str:
        """Give a text without secrets."""
        return _SECRET_QUERY.sub(rf"\g<1>{REDACTED}", self.own(text))

    def value(self, value: Any) -> Any:
        """Give any JSON value without secrets, in keys too."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(key): self.value(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        return value

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Give request headers without the secret ones' values."""
        return {
            name: REDACTED if name.lower() in _SECRET_HEADERS else self.text(value)
            for name, value in headers.items()
        }


def _written(secret: str) -> set[str]:
    """Give a secret as texts hold it: in the clear, inside JSON, in addresses. Most read the same in each."""
    return {secret, json.dumps(secret)[1:-1], quote(secret), quote(secret, safe=""), quote_plus(secret)}
