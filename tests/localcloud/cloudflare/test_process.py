"""The emulator as the supervisor runs it, and the official SDK as its client."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import cloudflare
import httpx
import pytest
from cloudflare import Cloudflare

from localcloud import config
from tests.localcloud.cloudflare.emulator import ZONE_ID, deployment_body, module, secret, version_body
from tests.localcloud.cloudflare.loopback_edge import LoopbackEdgeServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START_SECONDS = 60.0  # half a second, but not on a machine that does ten other things
ACCOUNT = config.ACCOUNT_ID


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class Emulator:
    """One process, its settings and its edge."""

    def __init__(self, state: Path) -> None:
        secrets = config.Secrets()
        self.edge = LoopbackEdgeServer(secrets.control)
        port = free_port()
        ports = replace(config.DEFAULT_PORTS, cloudflare=port, edge_control=self.edge.port)
        self.settings = config.Config(state, ports, secrets)
        config.save(self.settings)
        self.url = self.edge.cloudflare = f"http://127.0.0.1:{port}"
        self.process = self.start()

    def start(self) -> subprocess.Popen[str]:
        process = self.launch()
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            try:
                httpx.get(f"{self.url}/_local/health").raise_for_status()
            except httpx.HTTPError:
                time.sleep(0.1)
            else:
                return process
        process.kill()
        raise AssertionError(process.communicate())

    def launch(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "localcloud.cloudflare"],
            env={**os.environ, config.STATE_DIR_VARIABLE: str(self.settings.state_dir)},
            cwd=config.CHECKOUT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def sdk(self, **options: Any) -> Cloudflare:
        token = self.settings.secrets.cloudflare_api_token
        return Cloudflare(base_url=self.url, **{"api_token": token, "max_retries": 0, **options})

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()
        self.edge.stop()


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    emulator = Emulator(tmp_path)
    yield emulator
    emulator.stop()


def provision(sdk: Cloudflare) -> str:
    """What the spine provisions; gives the version's id."""
    sdk.r2.buckets.create(account_id=ACCOUNT, name="media", location_hint="weur")
    worker = sdk.workers.beta.workers.create(
        account_id=ACCOUNT, name="alphogenai-worker", tags=["stack:local"]
    )
    media = {"type": "r2_bucket", "name": "MEDIA", "bucket_name": "media"}
    body = version_body(bindings=[secret("KEY", "planted-secret"), media])
    version = sdk.workers.beta.workers.versions.create(worker.id, account_id=ACCOUNT, **body)
    split = deployment_body(version.id)
    sdk.workers.scripts.deployments.create("alphogenai-worker", account_id=ACCOUNT, **split)
    sdk.workers.routes.create(zone_id=ZONE_ID, pattern="api.alphogen.localhost/*", script="alphogenai-worker")
    sdk.workers.scripts.schedules.update(
        "alphogenai-worker", account_id=ACCOUNT, body=[{"cron": "*/5 * * * *"}]
    )
    return version.id


def test_the_official_sdk_lists_what_it_provisioned_also_after_a_kill(emulator: Emulator) -> None:
    sdk = emulator.sdk()
    version_id = provision(sdk)
    assert emulator.edge.state["scripts"]["alphogenai-worker"]["versions"][0]["version_id"] == version_id

    emulator.process.send_signal(signal.SIGKILL)
    out, err = emulator.process.communicate()
    assert "planted-secret" not in out + err
    emulator.process = emulator.start()

    (worker,) = sdk.workers.beta.workers.list(account_id=ACCOUNT)
    assert (worker.name, worker.tags) == ("alphogenai-worker", ["stack:local"])
    assert [one.id for one in sdk.workers.beta.workers.versions.list(worker.id, account_id=ACCOUNT)] == [
        version_id
    ]
    (listed,) = sdk.workers.scripts.deployments.list(worker.name, account_id=ACCOUNT)
    assert listed.deployments[0].versions[0].version_id == version_id
    (route,) = sdk.workers.routes.list(zone_id=ZONE_ID)
    assert (route.pattern, route.script) == ("api.alphogen.localhost/*", "alphogenai-worker")
    buckets = sdk.r2.buckets.list(account_id=ACCOUNT).buckets or []
    assert [(bucket.name, bucket.location) for bucket in buckets] == [("media", "weur")]
    assert [script.id for script in sdk.workers.scripts.list(account_id=ACCOUNT)] == ["alphogenai-worker"]
    assert [
        one.name for one in sdk.workers.scripts.secrets.list("alphogenai-worker", account_id=ACCOUNT)
    ] == ["KEY"]
    triggers = sdk.workers.scripts.schedules.get("alphogenai-worker", account_id=ACCOUNT)
    assert [one.cron for one in triggers.schedules] == ["*/5 * * * *"]
    assert [zone.id for zone in sdk.zones.list()] == [ZONE_ID]
    assert [account.id for account in sdk.accounts.list()] == [ACCOUNT]
    verified = sdk.user.tokens.verify()
    assert verified is not None
    assert verified.status == "active"


def test_the_official_sdk_understands_refusals(emulator: Emulator) -> None:
    sdk = emulator.sdk()
    sdk.workers.beta.workers.create(account_id=ACCOUNT, name="w")
    with pytest.raises(cloudflare.ConflictError):
        sdk.workers.beta.workers.create(account_id=ACCOUNT, name="w")
    with pytest.raises(cloudflare.NotFoundError):
        sdk.workers.beta.workers.get("none", account_id=ACCOUNT)
    with pytest.raises(cloudflare.PermissionDeniedError):
        emulator.sdk(api_token="wrong").zones.list()
    broken = version_body(modules=[module(), module(name="broken.py")])
    with pytest.raises(cloudflare.BadRequestError) as refusal:
        sdk.workers.beta.workers.versions.create("w", account_id=ACCOUNT, **broken)
    assert refusal.value.errors[0].code == 10021
    emulator.edge.server.socket.close()
    with pytest.raises(cloudflare.InternalServerError, match="make up"):
        sdk.workers.beta.workers.versions.create("w", account_id=ACCOUNT, **version_body())


def test_it_ends_cleanly_on_sigterm(emulator: Emulator) -> None:
    began = time.monotonic()
    emulator.process.terminate()
    emulator.process.wait(timeout=10)
    assert time.monotonic() - began < 5


def test_a_broken_state_file_ends_it_with_exit_code_3_and_what_to_do(emulator: Emulator) -> None:
    emulator.process.terminate()
    emulator.process.communicate()
    path = emulator.settings.data("cloudflare") / "state.db"
    path.write_bytes(path.read_bytes()[:1000])
    process = emulator.launch()
    _, err = process.communicate(timeout=START_SECONDS)
    assert process.returncode == 3
    assert str(path) in err
    assert "nothing was changed" in err
    assert "ops local reset" in err
    assert path.stat().st_size == 1000


def test_settings_of_another_local_cloud_end_it_with_exit_code_3(emulator: Emulator) -> None:
    emulator.process.terminate()
    emulator.process.communicate()
    config.save(replace(emulator.settings, secrets=config.Secrets()))
    process = emulator.launch()
    _, err = process.communicate(timeout=START_SECONDS)
    assert process.returncode == 3
    assert "sealed with another key" in err
    assert "ops local reset" in err


def test_without_settings_it_ends_with_exit_code_2(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "localcloud.cloudflare"],
        env={**os.environ, config.STATE_DIR_VARIABLE: str(tmp_path)},
        cwd=config.CHECKOUT,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    assert ended.returncode == 2
    assert "make up" in ended.stderr
