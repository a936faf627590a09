"""Every way in which a token can be wrong, and the few in which it is right."""

from __future__ import annotations

import contextlib
import json

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import tokens
from api.auth import Authenticator, Caller
from api.domain import ids
from api.errors import UnauthorizedError
from api.settings import Settings
from tests.worker.issuers import (
    CLERK,
    CLERK_JWKS,
    EC_KEY,
    OTHER_RSA_KEY,
    RSA_KEY,
    SECRET,
    SUPABASE,
    USER,
    Issuers,
    claims_of,
    clerk_token,
    hs_signed,
    jwk,
    part,
    pem,
    renamed,
)
from tests.worker.memory_platform import NOW, Clock, Upstreams, verify


@pytest.fixture
def world(settings: Settings) -> Issuers:
    return Issuers(settings)


WRONG: dict[str, str] = {
    "expired": jwt.encode(claims_of(exp=NOW - 1), SECRET, "HS256"),
    "expires now": jwt.encode(claims_of(exp=NOW), SECRET, "HS256"),
    "no expiry": jwt.encode(claims_of(exp=None), SECRET, "HS256"),
    "expiry is text": hs_signed(SECRET.encode(), claims_of(exp="2099")),
    "not yet valid": jwt.encode(claims_of(nbf=NOW + 60), SECRET, "HS256"),
    "not-before is text": hs_signed(SECRET.encode(), claims_of(nbf="soon")),
    "wrong issuer": jwt.encode(claims_of("https://evil.example"), SECRET, "HS256"),
    "no issuer": jwt.encode(claims_of(iss=None), SECRET, "HS256"),
    "issuer is a list": hs_signed(SECRET.encode(), claims_of(iss=[SUPABASE])),
    "wrong audience": jwt.encode(claims_of(aud="anon"), SECRET, "HS256"),
    "wrong audiences": jwt.encode(claims_of(aud=["anon", "x"]), SECRET, "HS256"),
    "no audience": jwt.encode(claims_of(aud=None), SECRET, "HS256"),
    "no subject": jwt.encode(claims_of(sub=None), SECRET, "HS256"),
    "subject is no user": jwt.encode(claims_of(sub="service"), SECRET, "HS256"),
    "alg none": f"{part({'alg': 'none'})}.{part(claims_of())}.",
    "alg None with a signature": f"{part({'alg': 'None'})}.{part(claims_of())}.AAAA",
    "alg is missing": f"{part({})}.{part(claims_of())}.AAAA",
    "alg is a number": f"{part({'alg': 1})}.{part(claims_of())}.AAAA",
    "wrong secret": jwt.encode(claims_of(), "x" * 32, "HS256"),
    "another hash": jwt.encode(claims_of(), SECRET * 2, "HS512"),
    "no signature": jwt.encode(claims_of(), SECRET, "HS256").rsplit(".", 1)[0] + ".",
    "public key as secret, PEM": hs_signed(pem(EC_KEY), claims_of(), kid="ec-1"),
    "public key as secret, JWK": hs_signed(json.dumps(jwk(EC_KEY, "ec-1")).encode(), claims_of(), kid="ec-1"),
    "empty secret for Clerk": hs_signed(b"", claims_of(CLERK, sub="user_1"), kid="rsa-1"),
    "Clerk's public key as secret": hs_signed(pem(RSA_KEY), claims_of(CLERK, sub="user_1"), kid="rsa-1"),
    "Supabase's secret for Clerk": jwt.encode(claims_of(CLERK, sub="user_1"), SECRET, "HS256"),
    "Clerk's key for Supabase": jwt.encode(claims_of(), RSA_KEY, "RS256", headers={"kid": "rsa-1"}),
    "an EC key where RS256 is pinned": jwt.encode(claims_of(CLERK), EC_KEY, "ES256", headers={"kid": "ec-1"}),
    "Clerk: expired": clerk_token(exp=NOW - 1),
    "Clerk: no expiry": clerk_token(exp=None),
    "Clerk: not yet valid": clerk_token(nbf=NOW + 60),
    "Clerk: wrong issuer": clerk_token(issuer="https://evil.example"),
    "Clerk: an issuer that begins alike": clerk_token(issuer=f"{CLERK}.evil.example"),
    "Clerk: wrong audience": clerk_token(aud="another app"),
    "Clerk: no audience": clerk_token(aud=None),
    "Clerk: no subject": clerk_token(sub=None),
    "Clerk: empty subject": clerk_token(sub=""),
    "Clerk: alg none": f"{part({'alg': 'none', 'kid': 'rsa-1'})}.{part(claims_of(CLERK, sub='user_1'))}.",
    "Clerk: another key under a known id": clerk_token(OTHER_RSA_KEY),
    "Supabase: expired, by a published key": jwt.encode(
        claims_of(exp=NOW - 1), EC_KEY, "ES256", headers={"kid": "ec-1"}
    ),
    "a shared secret's signature, named RS256": renamed(
        jwt.encode(claims_of(CLERK), SECRET, "HS256"), "RS256", "rsa-1"
    ),
    "a published key's signature, named HS256": renamed(clerk_token(), "HS256", "rsa-1"),
    "an RSA signature, named ES256": renamed(clerk_token(), "ES256", "rsa-1"),
    "unknown key": jwt.encode(claims_of(CLERK), OTHER_RSA_KEY, "RS256", headers={"kid": "rsa-9"}),
    "another key under a known id": jwt.encode(
        claims_of(CLERK), OTHER_RSA_KEY, "RS256", headers={"kid": "rsa-1"}
    ),
    "no key id": jwt.encode(claims_of(CLERK), RSA_KEY, "RS256"),
    "key id is a list": f"{part({'alg': 'RS256', 'kid': ['rsa-1']})}.{part(claims_of(CLERK))}.AAAA",
    "critical extensions": hs_signed(SECRET.encode(), claims_of(), crit=["x"]),
    "garbage": "garbage",
    "dots": "..",
    "three words": "a.b.c",
    "not text": "é.é.é",
    "claims are a list": f"{part({'alg': 'HS256'})}.{part([])}.AAAA",
    "far too long": "a" * 10_000,
    "padded": jwt.encode(claims_of(), SECRET, "HS256") + "=",
    "more than base64url in it": jwt.encode(claims_of(), SECRET, "HS256") + "!!!!",
    "empty": "",
}


@pytest.mark.parametrize("token", WRONG.values(), ids=WRONG.keys())
async def test_a_token_that_proves_nothing_is_refused(world: Issuers, token: str) -> None:
    with pytest.raises(UnauthorizedError):
        await world.caller(token)


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "bearer", "Token x"])
async def test_a_header_without_a_token_is_refused(world: Issuers, header: str | None) -> None:
    with pytest.raises(UnauthorizedError):
        await world.auth.caller(header)
    assert not world.auth.is_admin(header)


@given(st.text())
def test_any_text_is_no_token_or_is_taken_apart(text: str) -> None:
    with contextlib.suppress(tokens.InvalidTokenError):
        assert isinstance(tokens.read(text).claims, dict)


async def test_a_changed_claim_breaks_the_signature(world: Issuers) -> None:
    header, _, signature = jwt.encode(claims_of(), SECRET, "HS256").split(".")
    with pytest.raises(UnauthorizedError):
        await world.caller(f"{header}.{part(claims_of(email='b@example.com'))}.{signature}")


async def test_the_admins_token_is_the_admin_and_a_near_miss_is_not(
    world: Issuers, settings: Settings
) -> None:
    assert (await world.caller(settings.app_admin_token)).is_admin
    assert not world.auth.is_admin(f"Bearer {settings.app_admin_token}x")
    assert not world.auth.is_admin("Bearer é")


def test_without_an_admin_token_nobody_is_the_admin() -> None:
    auth = Authenticator(Settings(), Upstreams(), verify, Clock())
    assert not auth.is_admin("Bearer ")
    assert not auth.is_admin("Bearer x")


async def test_supabases_shared_secret_signs_users_in(world: Issuers) -> None:
    assert await world.caller(jwt.encode(claims_of(), SECRET, "HS256")) == Caller(USER, "a@example.com")


async def test_supabases_published_key_signs_users_in(world: Issuers) -> None:
    token = jwt.encode(claims_of(aud=["x", "authenticated"]), EC_KEY, "ES256", headers={"kid": "ec-1"})
    assert (await world.caller(token)).user_id == USER


async def test_a_clerk_subject_is_always_the_same_user(world: Issuers) -> None:
    token = jwt.encode(
        claims_of(CLERK, sub="user_2abc", email=None), RSA_KEY, "RS256", headers={"kid": "rsa-1"}
    )
    caller = await world.caller(token)
    assert caller == Caller(ids.of_subject(CLERK, "user_2abc"), None)
    # Written out: rows in the database carry it, so it may never change.
    assert caller.user_id == "42d28902-bebc-5a56-a724-c2ca22049580"


def test_subjects_and_issuers_are_told_apart() -> None:
    users = {ids.of_subject(issuer, sub) for issuer in (CLERK, f"{CLERK}/") for sub in ("user_1", "user_2")}
    assert len(users) == 4


@given(st.text(min_size=1), st.text(min_size=1))
def test_any_subject_has_one_user_id_for_good(issuer: str, subject: str) -> None:
    user_id = ids.of_subject(issuer, subject)
    assert ids.is_uuid(user_id)
    assert user_id == ids.of_subject(issuer, subject)


async def test_two_users_of_clerk_are_two_and_a_new_key_changes_nobody(world: Issuers) -> None:
    first, second = [(await world.caller(clerk_token(sub=sub))).user_id for sub in ("user_1", "user_2")]
    assert first != second
    world.publish(CLERK_JWKS, jwk(OTHER_RSA_KEY, "rsa-2"))
    assert (await world.caller(clerk_token(OTHER_RSA_KEY, "rsa-2"))).user_id == first


async def test_clocks_may_differ_by_a_few_seconds_before_a_token_begins(world: Issuers) -> None:
    await world.caller(jwt.encode(claims_of(nbf=NOW + 4), SECRET, "HS256"))
