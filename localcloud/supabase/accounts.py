"""Users and their accounts, by asking the running stand-in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from localcloud.supabase.client import post
from localcloud.supabase.keys import service_role_key

if TYPE_CHECKING:
    from localcloud.config import Config


@dataclass(frozen=True)
class User:
    """Whom a token speaks for: the id is the one that the API and the database use."""

    id: str
    email: str


@dataclass(frozen=True)
class Account:
    """What a user may spend."""

    credits: int
    plan: str


def user(config: Config, email: str, issuer: str) -> User:
    """The user with this address at an issuer (supabase or clerk), created where needed.

    Raises:
        RefusedError: the address is none, or there is no such issuer.
        OSError: the stand-in does not answer.
    """
    found = post(config, "/_local/users", {"email": email, "issuer": issuer}, config.secrets.control)
    return User(**found)


def set_account(
    config: Config, user_id: str, credits_wanted: int | None = None, plan: str | None = None
) -> Account:
    """Set what is given of a user's account, and give the whole; it is made where needed.

    Raises:
        RefusedError: there is no such plan, the credits are negative, or the schema is not there (PGRST202).
        OSError: the stand-in does not answer.
    """
    body = {"p_user_id": user_id, "p_credits": credits_wanted, "p_plan": plan}
    return Account(**post(config, "/rest/v1/rpc/account_set", body, service_role_key(config)))
