"""The stand-in as a process, RunPod's real SDK inside the worker, the real renderer, RunPod's real client."""

from __future__ import annotations

import io
import os
import signal
import time
from dataclasses import astuple
from typing import TYPE_CHECKING

import psutil
import runpod
from PIL import Image

from localcloud.config import RUNPOD_ENDPOINT_ID

if TYPE_CHECKING:
    import pytest

    from tests.localcloud.runpod.conftest import Receiver, StandIn

UVICORNS_KEEP_ALIVE = 5  # seconds


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return psutil.wait_procs(processes, timeout=5)[1]


def family(stand_in: StandIn) -> list[psutil.Process]:
    worker = stand_in.worker()
    return [worker, *worker.children(recursive=True)]


def test_the_official_client_gets_a_picture_drawn(
    stand_in: StandIn, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runpod, "api_key", stand_in.settings.secrets.runpod_api_key)
    monkeypatch.setattr(runpod, "endpoint_url_base", stand_in.base)
    endpoint = runpod.Endpoint(RUNPOD_ENDPOINT_ID)
    assert endpoint.health()["workers"]["running"] == 0
    receiver.statuses = [500, 200]
    receiver.gate.clear()

    job = endpoint.run(receiver.order())
    running = stand_in.reaches(job.job_id, "IN_PROGRESS")
    assert running["delayTime"] > 0
    stand_in.until(lambda: "phase" in stand_in.call("GET", f"status/{job.job_id}").get("output", {}))
    environment = stand_in.worker().environ()
    assert endpoint.health()["workers"]["running"] == 1
    workers = family(stand_in)
    receiver.gate.set()
    output = job.output(timeout=60)

    assert job.status() == "COMPLETED"
    picture = Image.open(io.BytesIO(receiver.stored["media/a/0.png"]))
    assert (picture.format, picture.size) == ("PNG", (256, 256))
    assert output["files"][0]["size_bytes"] == len(receiver.stored["media/a/0.png"])

    quick = receiver.order("media/b/0.png")
    assert endpoint.run_sync(quick)["files"][0]["key"] == "media/b/0.png"
    stand_in.until(lambda: len(stand_in.events("webhook")) == 3)
    first, again = [post for post in receiver.posts if post["id"] == job.job_id]
    assert first == again
    assert set(first) == {"id", "status", "delayTime", "executionTime", "output", "workerId"}
    assert (first["status"], first["output"]) == ("COMPLETED", output)

    assert alive(workers) == []  # it idled
    held = {*environment.values()}
    assert not held & {*astuple(stand_in.settings.secrets)}
    assert {name for name in environment if not name.startswith("RUNPOD_")} <= {
        "PATH",
        "LANG",
        "HOME",
        "PYTHONUNBUFFERED",
        "LC_CTYPE",
    }
    log = stand_in.log.read_text()
    for secret in ("canary", environment["RUNPOD_AI_API_KEY"], *astuple(stand_in.settings.secrets)):
        assert secret not in log


def test_a_cancelled_job_frees_the_worker_though_its_handler_does_not_yield(
    stand_in: StandIn, receiver: Receiver
) -> None:
    receiver.gate.clear()
    job = stand_in.run(receiver.order())
    stand_in.until(lambda: receiver.uploading)
    workers = family(stand_in)
    assert stand_in.call("POST", f"cancel/{job}") == {"id": job, "status": "CANCELLED"}
    assert alive(workers) == []
    stand_in.reaches(job, "CANCELLED")
    assert [post["status"] for post in receiver.posts] == ["CANCELLED"]


def test_a_job_that_overruns_its_execution_timeout_is_timed_out_and_its_worker_killed(
    stand_in: StandIn, receiver: Receiver
) -> None:
    receiver.gate.clear()
    job = stand_in.run(receiver.order() | {"policy": {"executionTimeout": 5000}})
    stand_in.until(lambda: receiver.uploading)
    workers = family(stand_in)
    ended = stand_in.reaches(job, "TIMED_OUT")
    assert 5000 <= ended["executionTime"] < 7000
    assert ended["error"] == "The job ran longer than its execution timeout."
    assert alive(workers) == []


def test_a_handler_that_blocks_for_longer_than_servers_keep_connections_leaves_its_result(
    stand_in: StandIn, receiver: Receiver
) -> None:
    receiver.gate.clear()
    job = stand_in.run(receiver.order())
    stand_in.until(lambda: receiver.uploading)
    time.sleep(UVICORNS_KEEP_ALIVE + 1.5)
    receiver.gate.set()
    assert stand_in.reaches(job, "COMPLETED")["output"]["files"]
    assert len(stand_in.events("worker_started")) == 1
    assert {event["attempts"] for event in stand_in.events("job")} <= {0, 1}


def test_a_job_whose_worker_crashes_is_run_once_more(stand_in: StandIn, receiver: Receiver) -> None:
    receiver.gate.clear()
    job = stand_in.run(receiver.order())
    stand_in.until(lambda: receiver.uploading)
    workers = family(stand_in)
    os.kill(workers[0].pid, signal.SIGKILL)
    assert alive(workers) == []
    receiver.gate.set()
    stand_in.reaches(job, "COMPLETED")
    assert [event["status"] for event in stand_in.events("job")] == [
        "IN_QUEUE",
        "IN_PROGRESS",
        "IN_QUEUE",
        "IN_PROGRESS",
        "COMPLETED",
    ]


def test_a_killed_stand_in_leaves_no_process_and_forgets_no_job_and_no_webhook(
    stand_in: StandIn, receiver: Receiver
) -> None:
    receiver.gate.clear()
    running, waiting = stand_in.run(receiver.order()), stand_in.run(receiver.order("media/b/0.png"))
    doomed = stand_in.run(receiver.order("media/c/0.png"))
    stand_in.until(lambda: receiver.uploading)
    workers = family(stand_in)
    receiver.statuses = [503]
    stand_in.call("POST", f"cancel/{doomed}")
    stand_in.until(lambda: stand_in.events("webhook"))
    assert stand_in.end(signal.SIGKILL) == -signal.SIGKILL
    assert alive(workers) == []

    receiver.statuses = [200]
    receiver.gate.set()
    stand_in.start()
    stand_in.reaches(running, "COMPLETED")
    stand_in.reaches(waiting, "COMPLETED")
    attempts = [(event["id"], event["attempt"], event["outcome"]) for event in stand_in.events("webhook")]
    assert (doomed, 1, 503) in attempts
    assert attempts[-1][2] == 200
    assert [outcome for job, _, outcome in attempts if job == doomed][-1] == 200


def test_sigterm_ends_the_stand_in_and_its_busy_worker_within_five_seconds(
    stand_in: StandIn, receiver: Receiver
) -> None:
    receiver.gate.clear()
    stand_in.run(receiver.order())
    stand_in.until(lambda: receiver.uploading)
    workers = family(stand_in)
    began = time.monotonic()
    assert stand_in.end() == -signal.SIGTERM  # uvicorn passes the signal on after a clean end
    assert time.monotonic() - began < 5
    assert alive(workers) == []
