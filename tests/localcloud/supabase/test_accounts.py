"""Users and their accounts, as `ops` asks for them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import jwt
import pytest

from api.domain import ids
from localcloud.supabase import accounts
from localcloud.supabase.accounts import Account
from localcloud.supabase.client import RefusedError
from localcloud.supabase.tokens import mint

if TYPE_CHECKING:
    from tests.localcloud.postgres.throwaway import Cloud

ISSUERS = ("supabase", "clerk")


def _claims(cloud: Cloud, email: str, issuer: str) -> dict[str, Any]:
    token = mint(cloud.config, email, issuer, 60)
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def test_without_a_running_stand_in_the_caller_gets_an_oserror(cloud: Cloud) -> None:
    nowhere = replace(cloud.config, ports=replace(cloud.config.ports, supabase=1))
    with pytest.raises(OSError, match="refused"):
        accounts.user(nowhere, "a@example.com", "supabase")


@pytest.mark.parametrize(
    ("email", "issuer", "why"),
    [("no address", "supabase", "invalid format"), ("a@example.com", "nobody", "supabase or clerk")],
)
def test_who_can_be_nobodys_user_is_refused(cloud: Cloud, email: str, issuer: str, why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        accounts.user(cloud.config, email, issuer)


def test_an_unknown_plan_is_refused_with_the_plans_there_are_and_changes_nothing(
    cloud: Cloud, email: str
) -> None:
    user = accounts.user(cloud.config, email, "supabase")
    with pytest.raises(RefusedError, match='no plan "gold"') as refused:
        accounts.set_account(cloud.config, user.id, 9, "gold")
    assert refused.value.hint == "Plans: pro, starter, studio"
    assert accounts.set_account(cloud.config, user.id) == Account(75, "starter")


@pytest.mark.parametrize("issuer", ISSUERS)
def test_an_address_is_always_the_same_user(cloud: Cloud, email: str, issuer: str) -> None:
    first = accounts.user(cloud.config, email, issuer)
    assert accounts.user(cloud.config, email.upper(), issuer) == first
    assert first.email == email


def test_a_supabase_user_is_the_subject_of_the_tokens(cloud: Cloud, email: str) -> None:
    assert accounts.user(cloud.config, email, "supabase").id == _claims(cloud, email, "supabase")["sub"]


def test_a_clerk_user_has_the_id_that_the_api_makes_of_the_subject(cloud: Cloud, email: str) -> None:
    claims = _claims(cloud, email, "clerk")
    assert accounts.user(cloud.config, email, "clerk").id == ids.of_subject(claims["iss"], claims["sub"])


def test_a_user_is_made_without_a_session(cloud: Cloud, email: str) -> None:
    user = accounts.user(cloud.config, email, "supabase")
    with cloud.connect() as connection:
        sessions = connection.execute("select from auth.sessions where user_id = %s", (user.id,)).fetchall()
    assert sessions == []


@pytest.mark.parametrize("issuer", ISSUERS)
def test_what_is_set_is_set_and_the_rest_stays(cloud: Cloud, email: str, issuer: str) -> None:
    user = accounts.user(cloud.config, email, issuer)
    assert accounts.set_account(cloud.config, user.id, 7) == Account(7, "starter")
    assert accounts.set_account(cloud.config, user.id, plan="pro") == Account(7, "pro")
    assert accounts.set_account(cloud.config, user.id, 0) == Account(0, "pro")
