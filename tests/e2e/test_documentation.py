"""The product documentation's own commands, with the host replaced."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import Cloud

pytestmark = pytest.mark.skipif(
    shutil.which("curl") is None, reason="the documentation's commands are curl's"
)
ADMIN = '-H "Authorization: Bearer $APP_ADMIN_TOKEN"'


def shell(cloud: Cloud, line: str) -> str:
    done = subprocess.run(
        ["/bin/sh", "-c", line], check=True, capture_output=True, text=True, env=cloud.env, timeout=60
    )
    return done.stdout


def answer(cloud: Cloud, line: str) -> Any:
    return json.loads(shell(cloud, line))


def test_health(cloud: Cloud) -> None:
    health = answer(cloud, "curl -s $API_URL/health")
    assert health["ok"] is True
    assert health["environment"] == "local"


def test_webhooks_test(cloud: Cloud) -> None:
    line = 'curl -s -X POST $API_URL/webhooks/test -H "X-Webhook-Secret: $WEBHOOK_SECRET"'
    said = answer(cloud, line + ' -H "Content-Type: application/json" -d \'{"test": true}\'')
    assert said["ok"] is True
    assert said["event_id"]


def test_an_asset_goes_in_and_comes_out(cloud: Cloud) -> None:
    line = f'curl -s -X PUT $API_URL/assets/test.txt {ADMIN} -H "Content-Type: text/plain" -d "Hello World"'
    assert answer(cloud, line)["ok"] is True
    assert shell(cloud, "curl -s $API_URL/assets/test.txt") == "Hello World"


def test_a_job_is_submitted_and_found_by_its_id(cloud: Cloud) -> None:
    line = f'curl -s -X POST $API_URL/jobs {ADMIN} -H "Content-Type: application/json"'
    job = answer(cloud, line + ' -d \'{"prompt": "test video"}\'')
    assert job["provider_job_id"]
    found = answer(cloud, f"curl -s $API_URL/jobs/{job['job_id']} {ADMIN}")
    assert found["id"] == job["provider_job_id"]
    assert found["status"] in {"IN_QUEUE", "IN_PROGRESS", "COMPLETED"}


def test_without_a_token_nothing_is_told(cloud: Cloud) -> None:
    line = 'curl -s -w " %{http_code}" -X POST $API_URL/jobs -H "Content-Type: application/json"'
    body, _, status = shell(cloud, line + ' -d \'{"prompt": "x"}\'').rpartition(" ")
    assert (json.loads(body), status) == ({"ok": False, "error": "unauthorized"}, "401")


def test_a_users_token_is_known_to_the_api(cloud: Cloud) -> None:
    for issuer in ("supabase", "clerk"):
        token = cloud.ops("local", "token", "--email", "ada@example.com", "--issuer", issuer).stdout.strip()
        me = answer(cloud, f'curl -s $API_URL/me -H "Authorization: Bearer {token}"')
        assert me["ok"] is True, me
        assert me["user"]["email"] == "ada@example.com"


def test_an_expired_token_is_refused(cloud: Cloud) -> None:
    token = cloud.ops("local", "token", "--email", "ada@example.com", "--expires-in", "-120").stdout.strip()
    line = f'curl -s -o /dev/null -w "%{{http_code}}" $API_URL/me -H "Authorization: Bearer {token}"'
    assert shell(cloud, line) == "401"
