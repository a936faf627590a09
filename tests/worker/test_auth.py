"""Every way in which a token can be wrong, and the few in which it is right."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from api import tokens
from api.auth import Authenticator, Caller
from api.domain import ids
from api.errors import UnauthorizedError, UnavailableError
from api.ports import Answer, FetchError
from api.settings import Settings
from tests.worker.memory_platform import NOW, Clock, Upstreams, verify

SUPABASE = "https://db.example/auth/v1"
SUPABASE_JWKS = f"{SUPABASE}/.well-known/jwks.json"
CLERK = "https://clerk.example"
CLERK_JWKS = "https://clerk.example/.well-known/jwks.json"
USER = "6f1b2c3d-0000-4000-8000-000000000001"
RSA_KEY = rsa.generate_private_key(65537, 2048)
OTHER_RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
SECRET = "canary-jwt-secret-00000000000000000000"


def _jwk(key: Any, kid: str, **more: Any) -> dict[str, Any]:
    algorithm = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    return {**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid, **more}


def _claims(issuer: str = SUPABASE, **changed: Any) -> dict[str, Any]:
    claims = {"iss": issuer, "aud": "authenticated", "sub": USER, "exp": NOW + 60, "email": "a@example.com"}
    return {name: value for name, value in {**claims, **changed}.items() if value is not None}


def _part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


class World:
    def __init__(self, settings: Settings) -> None:
        self.clock = Clock()
        self.upstreams = Upstreams()
        self.publish(SUPABASE_JWKS, _jwk(EC_KEY, "ec-1", alg="ES256"))
        self.publish(CLERK_JWKS, _jwk(RSA_KEY, "rsa-1"))
        self.auth = Authenticator(settings, self.upstreams, verify, self.clock)

    def publish(self, url: str, *keys: dict[str, Any]) -> None:
        self.upstreams.answers["GET", url] = Answer(200, json.dumps({"keys": list(keys)}))

    async def caller(self, token: str) -> Caller:
        return await self.auth.caller(f"Bearer {token}")


@pytest.fixture
def world(settings: Settings) -> World:
    return World(settings)


def _pem(key: Any) -> bytes:
    return key.public_key().public_bytes(  # type: ignore[no-any-return]
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _hs_signed(secret: bytes, claims: dict[str, Any], **header: Any) -> str:
    """Sign as an attacker would: PyJWT itself refuses a public key as a secret."""
    signed = f"{_part({'alg': 'HS256', 'typ': 'JWT', **header})}.{_part(claims)}"
    signature = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


WRONG: dict[str, str] = {
    "expired": jwt.encode(_claims(exp=NOW - 1), SECRET, "HS256"),
    "expires now": jwt.encode(_claims(exp=NOW), SECRET, "HS256"),
    "no expiry": jwt.encode(_claims(exp=None), SECRET, "HS256"),
    "expiry is text": _hs_signed(SECRET.encode(), _claims(exp="2099")),
    "not yet valid": jwt.encode(_claims(nbf=NOW + 60), SECRET, "HS256"),
    "not-before is text": _hs_signed(SECRET.encode(), _claims(nbf="soon")),
    "wrong issuer": jwt.encode(_claims("https://evil.example"), SECRET, "HS256"),
    "no issuer": jwt.encode(_claims(iss=None), SECRET, "HS256"),
    "issuer is a list": _hs_signed(SECRET.encode(), _claims(iss=[SUPABASE])),
    "wrong audience": jwt.encode(_claims(aud="anon"), SECRET, "HS256"),
    "wrong audiences": jwt.encode(_claims(aud=["anon", "x"]), SECRET, "HS256"),
    "no audience": jwt.encode(_claims(aud=None), SECRET, "HS256"),
    "no subject": jwt.encode(_claims(sub=None), SECRET, "HS256"),
    "subject is no user": jwt.encode(_claims(sub="service"), SECRET, "HS256"),
    "alg none": f"{_part({'alg': 'none'})}.{_part(_claims())}.",
    "alg None with a signature": f"{_part({'alg': 'None'})}.{_part(_claims())}.AAAA",
    "alg is missing": f"{_part({})}.{_part(_claims())}.AAAA",
    "alg is a number": f"{_part({'alg': 1})}.{_part(_claims())}.AAAA",
    "wrong secret": jwt.encode(_claims(), "x" * 32, "HS256"),
    "another hash": jwt.encode(_claims(), SECRET * 2, "HS512"),
    "no signature": jwt.encode(_claims(), SECRET, "HS256").rsplit(".", 1)[0] + ".",
    "public key as secret, PEM": _hs_signed(_pem(EC_KEY), _claims(), kid="ec-1"),
    "public key as secret, JWK": _hs_signed(json.dumps(_jwk(EC_KEY, "ec-1")).encode(), _claims(), kid="ec-1"),
    "empty secret for Clerk": _hs_signed(b"", _claims(CLERK, sub="user_1"), kid="rsa-1"),
    "Clerk's public key as secret": _hs_signed(_pem(RSA_KEY), _claims(CLERK, sub="user_1"), kid="rsa-1"),
    "Supabase's secret for Clerk": jwt.encode(_claims(CLERK, sub="user_1"), SECRET, "HS256"),
    "Clerk's key for Supabase": jwt.encode(_claims(), RSA_KEY, "RS256", headers={"kid": "rsa-1"}),
    "an EC key where RS256 is pinned": jwt.encode(_claims(CLERK), EC_KEY, "ES256", headers={"kid": "ec-1"}),
    "unknown key": jwt.encode(_claims(CLERK), OTHER_RSA_KEY, "RS256", headers={"kid": "rsa-9"}),
    "another key under a known id": jwt.encode(
        _claims(CLERK), OTHER_RSA_KEY, "RS256", headers={"kid": "rsa-1"}
    ),
    "no key id": jwt.encode(_claims(CLERK), RSA_KEY, "RS256"),
    "key id is a list": f"{_part({'alg': 'RS256', 'kid': ['rsa-1']})}.{_part(_claims(CLERK))}.AAAA",
    "critical extensions": _hs_signed(SECRET.encode(), _claims(), crit=["x"]),
    "garbage": "garbage",
    "dots": "..",
    "three words": "a.b.c",
    "not text": "é.é.é",
    "claims are a list": f"{_part({'alg': 'HS256'})}.{_part([])}.AAAA",
    "far too long": "a" * 10_000,
    "empty": "",
}


@pytest.mark.parametrize("token", WRONG.values(), ids=WRONG.keys())
async def test_a_token_that_proves_nothing_is_refused(world: World, token: str) -> None:
    with pytest.raises(UnauthorizedError):
        await world.caller(token)


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "bearer", "Token x"])
async def test_a_header_without_a_token_is_refused(world: World, header: str | None) -> None:
    with pytest.raises(UnauthorizedError):
        await world.auth.caller(header)
    assert not world.auth.is_admin(header)


@given(st.text())
def test_any_text_is_no_token_or_is_taken_apart(text: str) -> None:
    with contextlib.suppress(tokens.InvalidTokenError):
        assert isinstance(tokens.read(text).claims, dict)


async def test_a_changed_claim_breaks_the_signature(world: World) -> None:
    header, _, signature = jwt.encode(_claims(), SECRET, "HS256").split(".")
    with pytest.raises(UnauthorizedError):
        await world.caller(f"{header}.{_part(_claims(email='b@example.com'))}.{signature}")


async def test_the_admins_token_is_the_admin_and_a_near_miss_is_not(world: World, settings: Settings) -> None:
    assert (await world.caller(settings.app_admin_token)).is_admin
    assert not world.auth.is_admin(f"Bearer {settings.app_admin_token}x")
    assert not world.auth.is_admin("Bearer é")


def test_without_an_admin_token_nobody_is_the_admin() -> None:
    auth = Authenticator(Settings(), Upstreams(), verify, Clock())
    assert not auth.is_admin("Bearer ")
    assert not auth.is_admin("Bearer x")


async def test_supabases_shared_secret_signs_users_in(world: World) -> None:
    assert await world.caller(jwt.encode(_claims(), SECRET, "HS256")) == Caller(USER, "a@example.com")


async def test_supabases_published_key_signs_users_in(world: World) -> None:
    token = jwt.encode(_claims(aud=["x", "authenticated"]), EC_KEY, "ES256", headers={"kid": "ec-1"})
    assert (await world.caller(token)).user_id == USER


async def test_a_clerk_subject_is_always_the_same_user(world: World) -> None:
    token = jwt.encode(
        _claims(CLERK, sub="user_2abc", email=None), RSA_KEY, "RS256", headers={"kid": "rsa-1"}
    )
    caller = await world.caller(token)
    assert caller == Caller(ids.of_subject(CLERK, "user_2abc"), None)
    # Written out: rows in the database carry it, so it may never change.
    assert caller.user_id == "42d28902-bebc-5a56-a724-c2ca22049580"


async def test_clocks_may_differ_by_a_few_seconds_before_a_token_begins(world: World) -> None:
    await world.caller(jwt.encode(_claims(nbf=NOW + 4), SECRET, "HS256"))


async def test_keys_are_fetched_once_and_kept(world: World) -> None:
    token = jwt.encode(_claims(CLERK), RSA_KEY, "RS256", headers={"kid": "rsa-1"})
    for _ in range(5):
        await world.caller(token)
    assert world.upstreams.count(CLERK_JWKS) == 1


async def test_a_rotated_key_is_found(world: World) -> None:
    await world.caller(jwt.encode(_claims(CLERK), RSA_KEY, "RS256", headers={"kid": "rsa-1"}))
    world.publish(CLERK_JWKS, _jwk(OTHER_RSA_KEY, "rsa-2"))
    await world.caller(jwt.encode(_claims(CLERK), OTHER_RSA_KEY, "RS256", headers={"kid": "rsa-2"}))
    with pytest.raises(UnauthorizedError):  # the old key is withdrawn
        await world.caller(jwt.encode(_claims(CLERK), RSA_KEY, "RS256", headers={"kid": "rsa-1"}))


async def test_invented_key_ids_do_not_make_us_hammer_the_issuer(world: World) -> None:
    for index in range(50):
        with pytest.raises(UnauthorizedError):
            await world.caller(jwt.encode(_claims(CLERK), RSA_KEY, "RS256", headers={"kid": f"x{index}"}))
    assert world.upstreams.count(CLERK_JWKS) <= 5
    world.clock.now += 30
    world.publish(CLERK_JWKS, _jwk(OTHER_RSA_KEY, "rsa-2"))
    token = jwt.encode(_claims(CLERK, exp=NOW + 99), OTHER_RSA_KEY, "RS256", headers={"kid": "rsa-2"})
    await world.caller(token)


async def test_while_the_issuer_is_down_the_keys_of_before_serve(world: World) -> None:
    token = jwt.encode(_claims(CLERK, exp=NOW + 9999), RSA_KEY, "RS256", headers={"kid": "rsa-1"})
    await world.caller(token)
    world.upstreams.answers["GET", CLERK_JWKS] = FetchError("no connection")
    world.clock.now += 700
    await world.caller(token)


@pytest.mark.parametrize(
    "answer",
    [
        FetchError("no connection"),
        Answer(500, "oops"),
        Answer(200, "not json"),
        Answer(200, "[]"),
        Answer(200, "{}"),
    ],
)
async def test_without_any_keys_nothing_can_be_said_of_a_token(world: World, answer: Any) -> None:
    world.upstreams.answers["GET", CLERK_JWKS] = answer
    token = jwt.encode(_claims(CLERK), RSA_KEY, "RS256", headers={"kid": "rsa-1"})
    with pytest.raises(UnavailableError):
        await world.caller(token)
    world.publish(CLERK_JWKS, _jwk(RSA_KEY, "rsa-1"))
    await world.caller(token)


@pytest.mark.parametrize(
    "key",
    [
        1,
        {},
        {"kty": "oct", "k": "AAAA", "kid": "rsa-1"},
        _jwk(RSA_KEY, "rsa-1", use="enc"),
        _jwk(RSA_KEY, "rsa-1", alg="RS512"),
        _jwk(rsa.generate_private_key(65537, 1024), "rsa-1"),  # noqa: S505 - weak on purpose
        _jwk(ec.generate_private_key(ec.SECP384R1()), "rsa-1"),
        {**_jwk(RSA_KEY, "rsa-1"), "n": 5},
    ],
)
async def test_a_published_key_that_is_not_made_for_this_is_left_out(world: World, key: Any) -> None:
    world.upstreams.answers["GET", CLERK_JWKS] = Answer(200, json.dumps({"keys": [key]}))
    with pytest.raises(UnauthorizedError):
        await world.caller(jwt.encode(_claims(CLERK), RSA_KEY, "RS256", headers={"kid": "rsa-1"}))
