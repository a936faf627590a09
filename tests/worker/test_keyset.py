"""An issuer's published keys: fetched when needed, found after a rotation, never asked for without bound."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from api.errors import UnauthorizedError, UnavailableError
from api.keyset import REFETCHES, WINDOW, KeySet
from api.upstreams import Answer, FetchError
from tests.worker.issuers import (
    CLERK,
    CLERK_JWKS,
    EC_KEY,
    OTHER_RSA_KEY,
    RSA_KEY,
    Issuers,
    claims_of,
    clerk_token,
    jwk,
)
from tests.worker.memory_platform import NOW, Clock

if TYPE_CHECKING:
    from api.settings import Settings


@pytest.fixture
def world(settings: Settings) -> Issuers:
    return Issuers(settings)


async def test_keys_are_fetched_once_and_kept(world: Issuers) -> None:
    token = jwt.encode(claims_of(CLERK), RSA_KEY, "RS256", headers={"kid": "rsa-1"})
    for _ in range(5):
        await world.caller(token)
    assert world.upstreams.count(CLERK_JWKS) == 1


async def test_a_rotated_key_is_found(world: Issuers) -> None:
    await world.caller(jwt.encode(claims_of(CLERK), RSA_KEY, "RS256", headers={"kid": "rsa-1"}))
    world.publish(CLERK_JWKS, jwk(OTHER_RSA_KEY, "rsa-2"))
    await world.caller(jwt.encode(claims_of(CLERK), OTHER_RSA_KEY, "RS256", headers={"kid": "rsa-2"}))
    with pytest.raises(UnauthorizedError):  # the old key is withdrawn
        await world.caller(jwt.encode(claims_of(CLERK), RSA_KEY, "RS256", headers={"kid": "rsa-1"}))


async def test_invented_key_ids_do_not_make_us_hammer_the_issuer(world: Issuers) -> None:
    for index in range(50):
        with pytest.raises(UnauthorizedError):
            await world.caller(jwt.encode(claims_of(CLERK), RSA_KEY, "RS256", headers={"kid": f"x{index}"}))
    assert world.upstreams.count(CLERK_JWKS) <= 5
    world.clock.now += 30
    world.publish(CLERK_JWKS, jwk(OTHER_RSA_KEY, "rsa-2"))
    token = jwt.encode(claims_of(CLERK, exp=NOW + 99), OTHER_RSA_KEY, "RS256", headers={"kid": "rsa-2"})
    await world.caller(token)


class SlowIssuer:
    """A `Fetch` that answers when all who ask at once have asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked = 0

    async def __call__(
        self, method: str, url: str, headers: dict[str, str], body: str | None, timeout_ms: int
    ) -> Answer:
        assert (method, url, body) == ("GET", CLERK_JWKS, None), (headers, timeout_ms)
        self.asked += 1
        for _ in range(3):
            await asyncio.sleep(0)
        return self.answer


PUBLISHED = Answer(200, json.dumps({"keys": [jwk(RSA_KEY, "rsa-1")]}))


async def test_many_requests_with_unknown_keys_at_once_are_bounded_too() -> None:
    issuer = SlowIssuer(PUBLISHED)
    keys = KeySet(CLERK_JWKS, issuer, Clock())
    await keys.find("rsa-1", "RS256")
    found = await asyncio.gather(*(keys.find(f"x{index}", "RS256") for index in range(40)))
    assert set(found) == {None}
    assert issuer.asked <= 1 + REFETCHES


async def test_many_first_requests_at_once_all_get_the_keys() -> None:
    keys = KeySet(CLERK_JWKS, SlowIssuer(PUBLISHED), Clock())  # none may wait for another's fetch
    found = await asyncio.gather(*(keys.find("rsa-1", "RS256") for _ in range(40)))
    assert all(found)


async def test_an_issuer_that_never_gave_keys_is_asked_at_a_bounded_rate() -> None:
    issuer, clock = SlowIssuer(Answer(500, "")), Clock()
    keys = KeySet(CLERK_JWKS, issuer, clock)
    for _ in range(20):
        with pytest.raises(UnavailableError):
            await keys.find("rsa-1", "RS256")
    assert issuer.asked == REFETCHES
    issuer.answer = PUBLISHED
    clock.now += WINDOW
    assert await keys.find("rsa-1", "RS256")


async def test_one_issuers_unknown_keys_do_not_use_up_the_others_fetches(world: Issuers) -> None:
    for index in range(20):
        with pytest.raises(UnauthorizedError):
            await world.caller(clerk_token(kid=f"x{index}"))
    await world.caller(jwt.encode(claims_of(), EC_KEY, "ES256", headers={"kid": "ec-1"}))


async def test_while_the_issuer_is_down_the_keys_of_before_serve(world: Issuers) -> None:
    token = jwt.encode(claims_of(CLERK, exp=NOW + 9999), RSA_KEY, "RS256", headers={"kid": "rsa-1"})
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
async def test_without_any_keys_nothing_can_be_said_of_a_token(world: Issuers, answer: Any) -> None:
    world.upstreams.answers["GET", CLERK_JWKS] = answer
    token = jwt.encode(claims_of(CLERK), RSA_KEY, "RS256", headers={"kid": "rsa-1"})
    with pytest.raises(UnavailableError):
        await world.caller(token)
    world.publish(CLERK_JWKS, jwk(RSA_KEY, "rsa-1"))
    await world.caller(token)


@pytest.mark.parametrize(
    "key",
    [
        1,
        {},
        {"kty": "oct", "k": "AAAA", "kid": "rsa-1"},
        jwk(RSA_KEY, "rsa-1", use="enc"),
        jwk(RSA_KEY, "rsa-1", alg="RS512"),
        jwk(rsa.generate_private_key(65537, 1024), "rsa-1"),  # noqa: S505 - weak on purpose
        jwk(ec.generate_private_key(ec.SECP384R1()), "rsa-1"),
        {**jwk(RSA_KEY, "rsa-1"), "n": 5},
    ],
)
async def test_a_published_key_that_is_not_made_for_this_is_left_out(world: Issuers, key: Any) -> None:
    world.upstreams.answers["GET", CLERK_JWKS] = Answer(200, json.dumps({"keys": [key]}))
    with pytest.raises(UnauthorizedError):
        await world.caller(jwt.encode(claims_of(CLERK), RSA_KEY, "RS256", headers={"kid": "rsa-1"}))
