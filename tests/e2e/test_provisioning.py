"""Plain `pulumi` after `eval "$(ops local env)"`, and what the official SDK then sees."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import cloudflare
import pytest
import requests

from localcloud.config import ACCOUNT_ID, ZONES
from tests.conftest import CHECKOUT, emptied

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Cloud

ZONE_ID = ZONES["alphogen.localhost"]
RUNPOD = {"RUNPOD_API_KEY": "", "RUNPOD_ENDPOINT_ID": ""}
SUPABASE = {"SUPABASE_URL": "", "SUPABASE_SERVICE_ROLE": "", "SUPABASE_JWT_SECRET": ""}


def up(
    cloud: Cloud, env: dict[str, str] | None = None, cwd: Path = CHECKOUT
) -> subprocess.CompletedProcess[str]:
    command = ["pulumi", "up", "--stack", "local", "--yes", "--skip-preview", "--non-interactive"]
    return subprocess.run(
        command,
        check=False,
        cwd=cwd,
        env={**cloud.env, **(env or {})},
        capture_output=True,
        text=True,
        timeout=180,
    )


@pytest.fixture
def put_back(cloud: Cloud) -> Iterator[None]:
    yield
    done = up(cloud)
    assert done.returncode == 0, done.stdout + done.stderr


def submit(cloud: Cloud) -> requests.Response:
    headers = {"Authorization": f"Bearer {cloud.env['APP_ADMIN_TOKEN']}"}
    return requests.post(f"{cloud.env['API_URL']}/jobs", json={"prompt": "x"}, headers=headers, timeout=30)


def test_a_second_up_changes_nothing(cloud: Cloud) -> None:
    done = cloud.pulumi("up", "--yes", "--skip-preview", "--expect-no-changes")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_preview_and_a_refresh_find_nothing_to_do(cloud: Cloud) -> None:
    preview = cloud.pulumi("preview", "--expect-no-changes")
    assert preview.returncode == 0, preview.stdout + preview.stderr
    refresh = cloud.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    assert refresh.returncode == 0, refresh.stdout + refresh.stderr


def test_no_secret_is_in_the_state_in_the_clear(cloud: Cloud) -> None:
    state = json.dumps(cloud.pulumi("stack", "export").stdout)
    names = (
        "APP_ADMIN_TOKEN",
        "WEBHOOK_SECRET",
        "RUNPOD_API_KEY",
        "SUPABASE_SERVICE_ROLE",
        "SUPABASE_JWT_SECRET",
    )
    assert "WorkerVersion" in state
    assert not [name for name in (*names, "CLOUDFLARE_API_TOKEN", "DATABASE_URL") if cloud.env[name] in state]


def test_the_official_sdk_lists_what_was_provisioned(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CLOUDFLARE_BASE_URL", "CLOUDFLARE_API_TOKEN"):
        monkeypatch.setenv(name, cloud.env[name])
    client = cloudflare.Cloudflare()
    [worker] = client.workers.beta.workers.list(account_id=ACCOUNT_ID)
    assert worker.name == "alphogenai-worker"
    versions = list(client.workers.beta.workers.versions.list(worker.id, account_id=ACCOUNT_ID))
    [listed] = client.workers.scripts.deployments.list("alphogenai-worker", account_id=ACCOUNT_ID)
    [served] = listed.deployments[0].versions
    assert served.version_id in {version.id for version in versions}
    [route] = client.workers.routes.list(zone_id=ZONE_ID)
    assert (route.pattern, route.script) == ("api.alphogen.localhost/*", "alphogenai-worker")
    triggers = client.workers.scripts.schedules.get("alphogenai-worker", account_id=ACCOUNT_ID)
    assert [one.cron for one in triggers.schedules] == ["* * * * *"]
    buckets = client.r2.buckets.list(account_id=ACCOUNT_ID).buckets or []
    assert [bucket.name for bucket in buckets] == ["alphogenai-media"]


@pytest.mark.usefixtures("put_back")
def test_without_runpods_secrets_a_job_is_noop_and_with_them_submitted(cloud: Cloud) -> None:
    assert up(cloud, RUNPOD).returncode == 0
    answer = submit(cloud)
    assert (answer.status_code, answer.json()["provider"], answer.json()["provider_job_id"]) == (
        202,
        "noop",
        None,
    )
    assert up(cloud).returncode == 0
    answer = submit(cloud)
    assert (answer.status_code, answer.json()["provider"]) == (200, "runpod")


@pytest.mark.usefixtures("put_back")
def test_without_supabases_secrets_me_is_501(cloud: Cloud) -> None:
    token = cloud.ops("local", "token", "--email", "ada@example.com").stdout.strip()
    headers = {"Authorization": f"Bearer {token}"}
    assert up(cloud, SUPABASE).returncode == 0
    me = requests.get(f"{cloud.env['API_URL']}/me", headers=headers, timeout=30)
    assert me.status_code == 501
    assert me.json() == {"ok": True, "provider": "noop", "message": "supabase_not_configured"}
    assert up(cloud).returncode == 0
    assert requests.get(f"{cloud.env['API_URL']}/me", headers=headers, timeout=30).status_code == 200


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what Pulumi reads, to be changed without touching the checkout."""
    for name in ("Pulumi.yaml", "Pulumi.local.yaml"):
        shutil.copy(CHECKOUT / name, tmp_path / name)
    for name in ("infra", "stacks", "supabase", "worker"):
        shutil.copytree(CHECKOUT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "node_modules").symlink_to(CHECKOUT / "node_modules")
    return tmp_path


@contextmanager
def asked_all_the_time(url: str) -> Iterator[list[int]]:
    """Ask again and again while the block runs; the list fills with status codes."""
    codes: list[int] = []
    over = threading.Event()

    def ask() -> None:
        session = requests.Session()
        while not over.is_set():
            codes.append(session.get(url, timeout=30).status_code)
            time.sleep(0.01)

    thread = threading.Thread(target=ask)
    thread.start()
    yield codes
    over.set()
    thread.join()


@pytest.mark.usefixtures("put_back")
def test_a_changed_worker_is_served_and_no_request_fails_meanwhile(cloud: Cloud, checkout: Path) -> None:
    url = f"{cloud.env['API_URL']}/health"
    before = requests.get(url, timeout=30).json()["version"]
    entry = checkout / "worker" / "entry.py"
    entry.write_text(entry.read_text() + "\nCHANGED = True\n")
    with asked_all_the_time(url) as codes:
        done = up(cloud, cwd=checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(codes) == {200}
    assert len(codes) > 20
    assert requests.get(url, timeout=30).json()["version"] != before


@pytest.mark.usefixtures("put_back")
def test_a_worker_with_a_syntax_error_is_refused_and_the_old_one_keeps_serving(
    cloud: Cloud, checkout: Path
) -> None:
    url = f"{cloud.env['API_URL']}/health"
    before = requests.get(url, timeout=30).json()["version"]
    entry = checkout / "worker" / "entry.py"
    entry.write_text(entry.read_text() + "\ndef broken(:\n")
    with asked_all_the_time(url) as codes:
        done = up(cloud, cwd=checkout)
    assert done.returncode != 0
    assert "SyntaxError" in done.stdout + done.stderr
    assert set(codes) == {200}
    assert requests.get(url, timeout=30).json()["version"] == before


@pytest.mark.usefixtures("put_back")
def test_a_wrong_passphrase_is_told(cloud: Cloud) -> None:
    done = up(cloud, {"PULUMI_CONFIG_PASSPHRASE": "wrong"})
    assert done.returncode != 0
    assert "incorrect passphrase" in done.stdout + done.stderr


@pytest.mark.usefixtures("put_back")
def test_a_wrong_token_is_told(cloud: Cloud) -> None:
    done = up(cloud, {"CLOUDFLARE_API_TOKEN": "wrong", "WEBHOOK_SECRET": "x" * 40})
    assert done.returncode != 0
    assert "CLOUDFLARE_API_TOKEN" in done.stdout + done.stderr


@pytest.mark.usefixtures("put_back")
def test_a_bucket_that_holds_files_is_not_destroyed_and_an_empty_one_is(cloud: Cloud) -> None:
    headers = {"Authorization": f"Bearer {cloud.env['APP_ADMIN_TOKEN']}"}
    requests.put(f"{cloud.env['API_URL']}/assets/precious.txt", data=b"x", headers=headers, timeout=30)
    refused = cloud.pulumi("destroy", "--yes", "--skip-preview")
    assert refused.returncode != 0
    assert "not empty" in refused.stdout + refused.stderr
    emptied(cloud)
    done = cloud.pulumi("destroy", "--yes", "--skip-preview")
    assert done.returncode == 0, done.stdout + done.stderr
    assert emulated(cloud) == {"workers": [], "routes": [], "buckets": []}


def emulated(cloud: Cloud) -> dict[str, list[object]]:
    """What the emulator holds."""
    account, zone = f"accounts/{ACCOUNT_ID}", f"zones/{ZONE_ID}"
    paths = {"workers": f"{account}/workers/workers", "routes": f"{zone}/workers/routes"}
    found = {name: listed(cloud, path) for name, path in paths.items()}
    return {**found, "buckets": listed(cloud, f"{account}/r2/buckets")["buckets"]}


def listed(cloud: Cloud, path: str) -> Any:
    headers = {"Authorization": f"Bearer {cloud.env['CLOUDFLARE_API_TOKEN']}"}
    return requests.get(f"{cloud.env['CLOUDFLARE_BASE_URL']}/{path}", headers=headers, timeout=30).json()[
        "result"
    ]
