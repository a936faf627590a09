"""Who asks, in the real runtime: every wrong token, and keys that change while the worker runs."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import httpx
import jwt
import pytest

from api.domain import ids
from api.keyset import REFETCHES, WINDOW
from tests.worker.issuers import (
    EC_KEY,
    OTHER_RSA_KEY,
    RSA_KEY,
    SECRET,
    USER,
    hs_signed,
    jwk,
    part,
    pem,
    renamed,
)
from tests.worker.memory_platform import SETTINGS
from tests.worker.real_workerd import CLERK_KEYS, Workerd, bindings
from tests.worker.stand_ins import StandIns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SUPABASE_KEYS = "/auth/v1/.well-known/jwks.json"
UNAUTHORIZED = {"ok": False, "error": "unauthorized"}


class Runtime:
    """A worker in workerd whose two issuers publish one key each."""

    def __init__(self, folder: Any) -> None:
        self.stand_ins = StandIns()
        self.publish(SUPABASE_KEYS, jwk(EC_KEY, "ec-1", alg="ES256", use="sig"))
        self.publish(CLERK_KEYS, jwk(RSA_KEY, "rsa-1", alg="RS256", use="sig"))
        self._workerd = Workerd(folder, bindings(SETTINGS, self.stand_ins.url))
        self.supabase, self.clerk = (f"{self.stand_ins.url}/{path}" for path in ("auth/v1", "clerk"))

    def publish(self, path: str, *keys: dict[str, Any]) -> None:
        self.stand_ins.world.keys[path] = list(keys)

    def claims(self, issuer: str, **changed: Any) -> dict[str, Any]:
        claims = {"iss": issuer, "aud": "authenticated", "sub": USER, "exp": time.time() + 60, **changed}
        return {name: value for name, value in claims.items() if value is not None}

    def by_secret(self, secret: str = SECRET, **changed: Any) -> str:
        return jwt.encode(self.claims(self.supabase, **changed), secret, "HS256")

    def by_supabase(self, **changed: Any) -> str:
        return jwt.encode(self.claims(self.supabase, **changed), EC_KEY, "ES256", {"kid": "ec-1"})

    def by_clerk(self, key: Any = RSA_KEY, kid: str = "rsa-1", **changed: Any) -> str:
        claims = self.claims(self.clerk, **{"sub": "user_2abc", **changed})
        return jwt.encode(claims, key, "RS256", {"kid": kid})

    def me(self, token: str | bytes) -> httpx.Response:
        bearer = b"Bearer " + (token if isinstance(token, bytes) else token.encode())
        return httpx.get(f"{self._workerd.url}/me", headers={b"authorization": bearer}, timeout=30)

    def stop(self) -> None:
        self._workerd.stop()
        self.stand_ins.stop()


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    runtime = Runtime(tmp_path_factory.mktemp("workerd"))
    yield runtime
    runtime.stop()


@pytest.fixture
def fresh(tmp_path: Any) -> Iterator[Runtime]:
    """A worker that has fetched no keys yet."""
    runtime = Runtime(tmp_path)
    yield runtime
    runtime.stop()


SIGNED = pytest.mark.parametrize("signed", [Runtime.by_secret, Runtime.by_supabase, Runtime.by_clerk])


@SIGNED
@pytest.mark.parametrize(
    "changed",
    [
        {"exp": 1},
        {"exp": None},
        {"exp": "2099"},
        {"nbf": 99_999_999_999},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "anon"},
        {"aud": ["anon", "x"]},
        {"aud": None},
        {"sub": None},
        {"sub": ""},
    ],
    ids=str,
)
def test_a_wrong_claim_is_refused_whoever_signed_it(
    runtime: Runtime, signed: Callable[..., str], changed: dict[str, Any]
) -> None:
    told = runtime.me(signed(runtime, **changed))
    assert (told.status_code, told.json()) == (401, UNAUTHORIZED)


@SIGNED
def test_a_token_is_refused_once_it_is_over(runtime: Runtime, signed: Callable[..., str]) -> None:
    now = time.time()
    assert runtime.me(signed(runtime, exp=now + 60)).status_code == 200
    assert runtime.me(signed(runtime, exp=now - 1)).status_code == 401
    assert runtime.me(signed(runtime, nbf=now + 30)).status_code == 401


FORGED: dict[str, Callable[[Runtime], str | bytes]] = {
    "alg none": lambda r: f"{part({'alg': 'none'})}.{part(r.claims(r.supabase))}.",
    "alg none, of Clerk": lambda r: f"{part({'alg': 'none', 'kid': 'rsa-1'})}.{part(r.claims(r.clerk))}.",
    "alg None with a signature": lambda r: renamed(r.by_clerk(), "None", "rsa-1"),
    "another secret": lambda r: r.by_secret("x" * 40),
    "another hash": lambda r: jwt.encode(r.claims(r.supabase), SECRET * 2, "HS512"),
    "Clerk's public key as secret": lambda r: hs_signed(pem(RSA_KEY), r.claims(r.clerk), kid="rsa-1"),
    "Clerk's JWK as secret": lambda r: hs_signed(
        json.dumps(jwk(RSA_KEY, "rsa-1")).encode(), r.claims(r.clerk), kid="rsa-1"
    ),
    "Supabase's public key as secret": lambda r: hs_signed(pem(EC_KEY), r.claims(r.supabase), kid="ec-1"),
    "Supabase's secret for Clerk": lambda r: r.by_secret(iss=r.clerk),
    "an empty secret for Clerk": lambda r: hs_signed(b"", r.claims(r.clerk), kid="rsa-1"),
    "a secret's signature, named RS256": lambda r: renamed(r.by_secret(iss=r.clerk), "RS256", "rsa-1"),
    "a key's signature, named HS256": lambda r: renamed(r.by_clerk(), "HS256", "rsa-1"),
    "an RSA signature, named ES256": lambda r: renamed(r.by_clerk(iss=r.supabase), "ES256", "ec-1"),
    "Clerk's key for Supabase": lambda r: r.by_clerk(iss=r.supabase, sub=USER),
    "Supabase's key for Clerk": lambda r: r.by_supabase(iss=r.clerk),
    "an unknown key": lambda r: r.by_clerk(OTHER_RSA_KEY, "rsa-9"),
    "another key under a known id": lambda r: r.by_clerk(OTHER_RSA_KEY),
    "no key id": lambda r: jwt.encode(r.claims(r.clerk), RSA_KEY, "RS256"),
    "a changed claim": lambda r: _changed(r.by_clerk(), part(r.claims(r.clerk, sub="user_1"))),
    "no signature": lambda r: r.by_secret().rsplit(".", 1)[0] + ".",
    "half a signature": lambda r: r.by_clerk()[:-100],
    "garbage": lambda _: "garbage",
    "three words": lambda _: "a.b.c",
    "dots": lambda _: "..",
    "not text": lambda _: "é.é.é".encode(),
    "broken UTF-8": lambda _: b"\xff.\xfe.\xfd",
    "far too long": lambda _: "a" * 10_000,
}


def _changed(token: str, claims: str) -> str:
    header, _, signature = token.split(".")
    return f"{header}.{claims}.{signature}"


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED.keys())
def test_a_forged_token_is_refused(runtime: Runtime, forge: Callable[[Runtime], str | bytes]) -> None:
    told = runtime.me(forge(runtime))
    assert (told.status_code, told.json()) == (401, UNAUTHORIZED)
    assert told.headers["www-authenticate"] == "Bearer"


def test_users_of_each_issuer_are_known(runtime: Runtime) -> None:
    told = runtime.me(runtime.by_secret(email="a@example.com")).json()
    assert told == {"ok": True, "user": {"id": USER, "email": "a@example.com"}}
    assert runtime.me(runtime.by_supabase()).json()["user"]["id"] == USER


def test_a_clerk_subject_is_always_the_same_user(runtime: Runtime) -> None:
    seen = {runtime.me(runtime.by_clerk()).json()["user"]["id"] for _ in range(3)}
    assert seen == {ids.of_subject(runtime.clerk, "user_2abc")}
    other = runtime.me(runtime.by_clerk(sub="user_3abc")).json()["user"]["id"]
    assert other not in seen


def test_a_rotated_key_is_found_at_a_bounded_rate(fresh: Runtime) -> None:
    world, began = fresh.stand_ins.world, time.monotonic()
    user_id = fresh.me(fresh.by_clerk()).json()["user"]["id"]
    assert world.key_requests == 1
    fresh.publish(CLERK_KEYS, jwk(OTHER_RSA_KEY, "rsa-2", alg="RS256", use="sig"))
    told = fresh.me(fresh.by_clerk(OTHER_RSA_KEY, "rsa-2"))
    assert (told.status_code, told.json()["user"]["id"]) == (200, user_id)
    assert world.key_requests == 2
    assert fresh.me(fresh.by_clerk()).status_code == 401  # withdrawn
    for index in range(20):
        assert fresh.me(fresh.by_clerk(kid=f"invented-{index}")).status_code == 401
    windows = 1 + (time.monotonic() - began) // WINDOW
    assert world.key_requests <= REFETCHES * windows
    assert fresh.me(fresh.by_clerk(OTHER_RSA_KEY, "rsa-2")).status_code == 200
