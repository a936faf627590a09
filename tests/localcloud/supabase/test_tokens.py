"""Minted tokens, and the keys that sign them."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import jwt
import pytest

from localcloud.supabase.client import RefusedError
from localcloud.supabase.signing import KeyRing
from localcloud.supabase.tokens import mint

if TYPE_CHECKING:
    from pathlib import Path

    from tests.localcloud.postgres.throwaway import Cloud

ISSUERS = {"supabase": ("/auth/v1", "ES256"), "clerk": ("/clerk", "RS256")}


def _verified(cloud: Cloud, token: str, issuer: str) -> dict[str, Any]:
    path, algorithm = ISSUERS[issuer]
    keys = jwt.PyJWKClient(f"{cloud.url}{path}/.well-known/jwks.json")
    claims: dict[str, Any] = jwt.decode(
        token,
        keys.get_signing_key_from_jwt(token),
        algorithms=[algorithm],
        audience="authenticated",
        issuer=f"{cloud.url}{path}",
    )
    return claims


def test_without_a_running_stand_in_the_caller_gets_an_oserror(cloud: Cloud) -> None:
    nowhere = replace(cloud.config, ports=replace(cloud.config.ports, supabase=1))
    with pytest.raises(OSError, match="refused"):
        mint(nowhere, "a@example.com", "supabase", 60)


@pytest.mark.parametrize(
    ("email", "issuer", "why"),
    [
        ("no address", "supabase", "invalid format"),
        ("no address", "clerk", "invalid format"),
        ("a@example.com", "nobody", "supabase or clerk"),
    ],
)
def test_what_cannot_be_minted_is_refused(cloud: Cloud, email: str, issuer: str, why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        mint(cloud.config, email, issuer, 60)


def test_only_the_local_clouds_own_tools_mint(cloud: Cloud) -> None:
    body = {"email": "a@example.com", "issuer": "supabase", "expires_in": 60}
    assert httpx.post(f"{cloud.url}/_local/tokens", json=body).status_code == 401
    assert httpx.post(f"{cloud.url}/_local/users", json=body).status_code == 401
    assert httpx.post(f"{cloud.url}/_local/keys/clerk/rotate").status_code == 401


@pytest.mark.parametrize("issuer", ISSUERS)
def test_an_address_is_always_the_same_user(cloud: Cloud, email: str, issuer: str) -> None:
    first = _verified(cloud, mint(cloud.config, email, issuer, 60), issuer)
    second = _verified(cloud, mint(cloud.config, email.upper(), issuer, 60), issuer)
    assert first["sub"] == second["sub"]
    assert first["email"].lower() == email
    assert first["exp"] - time.time() == pytest.approx(60, abs=5)


@pytest.mark.parametrize("issuer", ISSUERS)
def test_a_negative_lifetime_gives_an_expired_token(cloud: Cloud, email: str, issuer: str) -> None:
    token = mint(cloud.config, email, issuer, -120)
    with pytest.raises(jwt.ExpiredSignatureError):
        _verified(cloud, token, issuer)


@pytest.mark.parametrize("issuer", ISSUERS)
def test_after_a_rotation_old_tokens_hold_and_new_ones_have_the_new_key(
    cloud: Cloud, email: str, issuer: str
) -> None:
    before = mint(cloud.config, email, issuer, 60)
    headers = {"Authorization": f"Bearer {cloud.config.secrets.control}"}
    rotated = httpx.post(f"{cloud.url}/_local/keys/{issuer}/rotate", headers=headers)
    after = mint(cloud.config, email, issuer, 60)
    assert jwt.get_unverified_header(after)["kid"] == rotated.json()["kid"]
    assert _verified(cloud, before, issuer)["sub"] == _verified(cloud, after, issuer)["sub"]


def test_keys_survive_a_restart_and_a_broken_file_gives_new_ones(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path, "supabase")
    assert KeyRing(tmp_path, "supabase").jwks() == ring.jwks()
    assert (tmp_path / "supabase-keys.json").stat().st_mode & 0o077 == 0
    (tmp_path / "supabase-keys.json").write_text('[{"kid": "x", "pe')
    assert KeyRing(tmp_path, "supabase").jwks() != ring.jwks()


def test_the_key_set_shows_no_private_half(tmp_path: Path) -> None:
    for issuer in ISSUERS:
        for key in KeyRing(tmp_path, issuer).jwks()["keys"]:
            assert not {"d", "p", "q", "dp", "dq", "qi"} & set(key)
