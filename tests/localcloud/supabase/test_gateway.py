"""Keys, tokens, CORS, the log."""

from __future__ import annotations

import hmac
import json
import time
from typing import TYPE_CHECKING, Any

import jwt
import jwt.utils
import pytest

from localcloud.supabase import anon_key, service_role_key
from localcloud.supabase.tokens import mint
from tests.localcloud.supabase.conftest import Client

if TYPE_CHECKING:
    from tests.localcloud.postgres.throwaway import Cloud

WHO = "/rest/v1/rpc/who"


def _signed(cloud: Cloud, **claims: Any) -> str:
    return jwt.encode({"role": "authenticated", **claims}, cloud.config.secrets.supabase_jwt_secret, "HS256")


@pytest.mark.parametrize(
    "path", ["/rest/v1/books", WHO, "/auth/v1/user", "/auth/v1/settings", "/auth/v1/health"]
)
@pytest.mark.parametrize(("key", "message"), [("", "No API key found in request"), ("x", "Invalid API key")])
def test_without_a_known_key_nothing_is_served(cloud: Cloud, path: str, key: str, message: str) -> None:
    answer = Client(cloud, key)("GET", path)
    assert (answer.status_code, answer.json()["message"]) == (401, message)


def test_the_keys_are_the_same_every_time_and_differ_by_role(cloud: Cloud) -> None:
    assert anon_key(cloud.config) == anon_key(cloud.config) != service_role_key(cloud.config)
    secret = cloud.config.secrets.supabase_jwt_secret
    claims = jwt.decode(service_role_key(cloud.config), secret, algorithms=["HS256"])
    assert claims["role"] == "service_role"


def test_the_key_may_stand_in_the_address(cloud: Cloud) -> None:
    assert Client(cloud, "")("GET", f"{WHO}?apikey={anon_key(cloud.config)}").json()["role"] == "anon"


def test_health_needs_no_key(cloud: Cloud) -> None:
    answer = Client(cloud, "")("GET", "/_local/health")
    assert (answer.status_code, answer.json()) == (200, {"ok": True})


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("garbage", "PGRST301"),
        ("a.b.c", "PGRST301"),
        (jwt.encode({"role": "service_role"}, "w" * 32, "HS256"), "PGRST301"),
        (jwt.encode({"role": "service_role"}, "", "none"), "PGRST301"),
    ],
    ids=["garbage", "three parts", "wrong secret", "alg none"],
)
def test_a_token_that_does_not_hold_is_refused(anon: Client, token: str, code: str) -> None:
    answer = anon("GET", "/rest/v1/books", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_token_is_held_to_its_times(anon: Client, cloud: Cloud) -> None:
    expired = Client(cloud, anon.key, _signed(cloud, exp=int(time.time()) - 60))("GET", WHO)
    assert (expired.status_code, expired.json()["code"], expired.json()["message"]) == (
        401,
        "PGRST303",
        "JWT expired",
    )
    early = Client(cloud, anon.key, _signed(cloud, nbf=int(time.time()) + 600))("GET", WHO)
    assert early.status_code == 401


def test_a_token_signed_with_the_public_key_as_a_secret_is_refused(anon: Client, cloud: Cloud) -> None:
    public = anon("GET", "/auth/v1/.well-known/jwks.json").json()["keys"][0]
    header = jwt.utils.base64url_encode(json.dumps({"alg": "HS256", "kid": public["kid"]}).encode())
    signed = header + b"." + jwt.utils.base64url_encode(b'{"role": "service_role"}')
    digest = hmac.digest(json.dumps(public).encode(), signed, "sha256")
    forged = (signed + b"." + jwt.utils.base64url_encode(digest)).decode()
    assert Client(cloud, anon.key, forged)("GET", WHO).status_code == 401


@pytest.mark.parametrize("role", ["postgres", "supabase_admin", "no such role"])
def test_a_token_gives_no_role_but_the_apis(anon: Client, cloud: Cloud, role: str) -> None:
    answer = Client(cloud, anon.key, _signed(cloud, role=role))("GET", WHO)
    assert answer.status_code in {401, 403}


def test_the_projects_secret_and_its_keys_both_sign_users(anon: Client, cloud: Cloud, email: str) -> None:
    by_secret = Client(cloud, anon.key, _signed(cloud, sub="00000000-0000-4000-8000-00000000000a"))(
        "GET", WHO
    ).json()
    assert (by_secret["role"], by_secret["uid"]) == ("authenticated", "00000000-0000-4000-8000-00000000000a")
    token = mint(cloud.config, email, "supabase", 60)
    by_key = Client(cloud, anon.key, token)("GET", WHO).json()
    subject = jwt.decode(token, options={"verify_signature": False})["sub"]
    assert (by_key["role"], by_key["uid"], by_key["limit"]) == ("authenticated", subject, "8s")


def test_browsers_may_ask_from_anywhere(anon: Client) -> None:
    headers = {
        "Origin": "http://site",
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "apikey",
    }
    preflight = anon("OPTIONS", "/rest/v1/books", headers=headers)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-headers"] == "apikey"
    assert "PATCH" in preflight.headers["access-control-allow-methods"]
    answer = anon("GET", "/rest/v1/books", headers={"Origin": "http://site"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "Content-Range" in answer.headers["access-control-expose-headers"]


def test_each_request_is_one_line_of_the_log_without_secrets(service: Client, cloud: Cloud) -> None:
    service("GET", f"/rest/v1/books?title=eq.canary-value&apikey={service.key}")
    lines = [json.loads(line) for line in cloud.log("supabase").splitlines()]
    assert lines[-1] | {"ts": 0, "ms": 0, "sent_bytes": 0} == {
        "ts": 0,
        "event": "request",
        "method": "GET",
        "path": "/rest/v1/books",
        "status": 200,
        "ms": 0,
        "sent_bytes": 0,
    }
    text = cloud.log("supabase") + cloud.log("postgres")
    secrets = cloud.config.secrets
    for secret in (
        "canary-value",
        service.key,
        secrets.postgres_password,
        secrets.supabase_jwt_secret,
        secrets.control,
    ):
        assert secret not in text
