from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cloudflare.types.user.token_verify_response import TokenVerifyResponse

from localcloud.cloudflare.errors import (
    ApiError,
    AuthenticationError,
    InvalidTokenError,
    MalformedCredentialsError,
    MissingCredentialsError,
)
from localcloud.cloudflare.tokens import authenticate
from tests.localcloud.cloudflare.emulator import CONTROL, TOKEN, A, client_of, loads_as

if TYPE_CHECKING:
    from tests.localcloud.cloudflare.emulator import Api


@pytest.mark.parametrize(
    ("header", "error"),
    [
        (None, MissingCredentialsError),
        ("", MissingCredentialsError),
        ("Bearer", MalformedCredentialsError),
        ("Bearer  ", MalformedCredentialsError),
        ("Basic dTpw", MalformedCredentialsError),
        ("Bearer wrong", AuthenticationError),
        (f"Bearer {TOKEN}x", AuthenticationError),
        ("Bearer é", AuthenticationError),
    ],
)
def test_anything_but_the_token_is_refused(header: str | None, error: type[ApiError]) -> None:
    with pytest.raises(error):
        authenticate(header, TOKEN)


def test_the_token_check_answers_a_wrong_token_in_its_own_words() -> None:
    with pytest.raises(InvalidTokenError):
        authenticate("Bearer wrong", TOKEN, verifying=True)


@pytest.mark.parametrize(
    ("token", "path", "status", "code"),
    [
        (None, f"{A}/workers/workers", 400, 9106),
        ("wrong", f"{A}/workers/workers", 403, 10000),
        (CONTROL, f"{A}/workers/workers", 403, 10000),
        ("wrong", "/user/tokens/verify", 401, 1000),
        ("wrong", f"{A}/tokens/verify", 401, 1000),
        ("wrong", "/no/such/path", 403, 10000),
    ],
)
async def test_a_refusal_has_cloudflares_status_and_code(
    app: Any, token: str | None, path: str, status: int, code: int
) -> None:
    async with client_of(app, token) as client:
        answer = await client.get(path)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (status, code)


async def test_a_malformed_header_is_named_in_the_error_chain(app: Any) -> None:
    async with client_of(app, None) as client:
        answer = await client.get("/user/tokens/verify", headers={"authorization": "token x"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["error_chain"][0]["code"] == 6111


@pytest.mark.parametrize(
    "path", ["/user/tokens/verify", f"{A}/tokens/verify", "/client/v4/user/tokens/verify"]
)
async def test_the_token_is_active_and_its_id_is_not_the_token(api: Api, path: str) -> None:
    envelope = (await api.send("GET", path)).json()
    loads_as(TokenVerifyResponse, envelope["result"])
    assert envelope["result"]["status"] == "active"
    assert TOKEN not in str(envelope)
    assert envelope["messages"][0]["message"] == "This API Token is valid and active"


async def test_another_account_is_refused(api: Api) -> None:
    assert (await api.refused("GET", f"/accounts/{'f' * 32}/workers/workers"))[:2] == (403, 10000)
