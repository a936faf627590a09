"""RunPod's official client, led to the stand-in by `runpod.endpoint_url_base` (RUNPOD_ENDPOINT_BASE_URL)."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
import runpod
from PIL import Image
from requests import HTTPError

from localcloud.config import RUNPOD_ENDPOINT_ID

if TYPE_CHECKING:
    from tests.localcloud.runpod.conftest import Receiver, StandIn


@pytest.fixture
def endpoint(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> runpod.Endpoint:
    monkeypatch.setattr(runpod, "endpoint_url_base", stand_in.base)
    return runpod.Endpoint(RUNPOD_ENDPOINT_ID, api_key=stand_in.settings.secrets.runpod_api_key)


def test_a_wrong_key_is_refused_in_the_clients_own_words(endpoint: runpod.Endpoint) -> None:
    stranger = runpod.Endpoint(RUNPOD_ENDPOINT_ID, api_key="wrong")
    with pytest.raises(RuntimeError, match="401"):
        stranger.health()
    assert endpoint.health()["workers"]["ready"] == 0


def test_a_job_that_does_not_exist_is_an_http_error(endpoint: runpod.Endpoint) -> None:
    with pytest.raises(HTTPError, match="404"):
        runpod.endpoint.runner.Job(RUNPOD_ENDPOINT_ID, "none-u1", endpoint.rp_client).status()


def test_run_status_output_and_health_follow_a_job(
    endpoint: runpod.Endpoint, stand_in: StandIn, receiver: Receiver
) -> None:
    receiver.gate.clear()
    job = endpoint.run(receiver.order())
    stand_in.until(lambda: receiver.uploading)
    assert job.status() == "IN_PROGRESS"
    health = endpoint.health()
    assert (health["jobs"]["inProgress"], health["workers"]["running"]) == (1, 1)
    receiver.gate.set()
    assert job.output(timeout=60)["files"][0]["key"] == "media/a/0.png"
    assert job.status() == "COMPLETED"
    assert endpoint.health()["jobs"]["completed"] == 1


def test_a_running_job_is_cancelled(endpoint: runpod.Endpoint, stand_in: StandIn, receiver: Receiver) -> None:
    receiver.gate.clear()
    job = endpoint.run(receiver.order())
    stand_in.until(lambda: receiver.uploading)
    assert job.cancel() == {"id": job.job_id, "status": "CANCELLED"}
    assert job.status() == "CANCELLED"


def test_run_sync_waits_for_the_files(endpoint: runpod.Endpoint, receiver: Receiver) -> None:
    output = endpoint.run_sync(receiver.order(), timeout=60)
    picture = Image.open(io.BytesIO(receiver.stored["media/a/0.png"]))
    assert (picture.format, picture.size) == ("PNG", (256, 256))
    assert output["files"][0]["size_bytes"] == len(receiver.stored["media/a/0.png"])
