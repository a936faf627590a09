"""A user with a known balance, from the command line to the API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx
import pytest

if TYPE_CHECKING:
    from tests.conftest import Cloud


@pytest.mark.parametrize("issuer", ["supabase", "clerk"])
def test_the_api_knows_the_user_and_the_balance_that_ops_set(cloud: Cloud, issuer: str) -> None:
    who = ("--email", f"{uuid4()}@example.com", "--issuer", issuer)
    done = cloud.ops("local", "user", *who, "--credits", "7", "--plan", "pro", "--json")
    assert done.returncode == 0, done.stderr
    headers = {"Authorization": f"Bearer {cloud.ops('local', 'token', *who).stdout.strip()}"}
    with httpx.Client(base_url=cloud.env["API_URL"], headers=headers, timeout=30) as client:
        assert client.get("/me").json()["user"]["id"] == json.loads(done.stdout)["id"]
        assert client.get("/credits").json() == {"credits": 7, "plan": "pro"}
