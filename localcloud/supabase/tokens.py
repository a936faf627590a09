"""Mints a user's token by asking the running stand-in, which holds the keys and the users."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.supabase.client import post

if TYPE_CHECKING:
    from localcloud.config import Config


def mint(config: Config, email: str, issuer: str, expires_in: int) -> str:
    """A JWT of the user with this address, who is created where needed.

    Args:
        config: of the local cloud.
        email: of the user.
        issuer: supabase (ES256) or clerk (RS256).
        expires_in: seconds; negative for a token that has expired.

    Raises:
        RefusedError: the address is none, or there is no such issuer.
        OSError: the stand-in does not answer.
    """
    body = {"email": email, "issuer": issuer, "expires_in": expires_in}
    return str(post(config, "/_local/tokens", body, config.secrets.control)["token"])
