"""Mints a user's token by asking the running stand-in, which holds the keys and the users."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from localcloud.config import Config

TIMEOUT_SECONDS = 10


def mint(config: Config, email: str, issuer: str, expires_in: int) -> str:
    """A JWT of the user with this address, who is created where needed.

    Args:
        config: of the local cloud.
        email: of the user.
        issuer: supabase (ES256) or clerk (RS256).
        expires_in: seconds; negative for a token that has expired.

    Raises:
        OSError: the stand-in does not answer, or refuses (urllib.error.HTTPError).
    """
    body = {"email": email, "issuer": issuer, "expires_in": expires_in}
    request = Request(
        f"http://127.0.0.1:{config.ports.supabase}/_local/tokens",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {config.secrets.control}", "Content-Type": "application/json"},
    )
    with urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - loopback, http
        return str(json.load(answer)["token"])
