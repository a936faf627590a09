"""A renderer or the stand-in killed at each step of a job: the job ends, and its webhook tells how."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.localcloud.runpod.conftest import Receiver, StandIn

    Step = Callable[[StandIn, Receiver, str], Any]

ENDS = {"COMPLETED", "FAILED"}


def _accepted(_: StandIn, __: Receiver, ___: str) -> bool:
    return True


def _starting(stand_in: StandIn, _: Receiver, __: str) -> bool:
    return bool(stand_in.events("worker_started"))


def _taken(stand_in: StandIn, _: Receiver, job: str) -> bool:
    return "IN_PROGRESS" in [event["status"] for event in stand_in.events("job") if event["id"] == job]


def _uploading(_: StandIn, receiver: Receiver, __: str) -> bool:
    return receiver.uploading > 0


def _stored(_: StandIn, receiver: Receiver, __: str) -> bool:
    return bool(receiver.stored)


def _told(_: StandIn, receiver: Receiver, __: str) -> bool:
    return bool(receiver.posts)


def _settled(stand_in: StandIn, receiver: Receiver, job: str) -> dict[str, Any]:
    """Wait until the job has ended and its webhook, accepted now, says the same."""

    def ended() -> dict[str, Any] | None:
        told = stand_in.call("GET", f"status/{job}")
        return told if told["status"] in ENDS else None

    told: dict[str, Any] = stand_in.until(ended)
    stand_in.until(lambda: [event for event in stand_in.events("webhook") if event["outcome"] == 200])
    assert receiver.posts[-1] == told
    assert told["status"] == "COMPLETED" or told["error"]
    return told


def _kill_the_stand_in(stand_in: StandIn) -> None:
    assert stand_in.end(signal.SIGKILL) == -signal.SIGKILL


def _kill_the_renderer(stand_in: StandIn) -> None:
    worker = stand_in.worker()
    os.killpg(worker.pid, signal.SIGKILL)
    psutil.wait_procs([worker], timeout=5)


@pytest.mark.parametrize("step", [_starting, _taken, _uploading, _stored])
def test_a_renderer_killed_at_any_step_loses_no_job_and_no_webhook(
    stand_in: StandIn, receiver: Receiver, step: Step
) -> None:
    if step is _uploading:
        receiver.gate.clear()
    job = stand_in.run(receiver.order())
    stand_in.until(lambda: step(stand_in, receiver, job))
    _kill_the_renderer(stand_in)
    receiver.gate.set()
    assert _settled(stand_in, receiver, job)["status"] == "COMPLETED"


def test_a_job_that_kills_every_renderer_fails_with_the_reason_and_its_webhook_says_so(
    stand_in: StandIn, receiver: Receiver
) -> None:
    receiver.gate.clear()
    job = stand_in.run(receiver.order())
    stand_in.until(lambda: receiver.uploading == 1)
    _kill_the_renderer(stand_in)
    stand_in.until(lambda: receiver.uploading == 2)
    _kill_the_renderer(stand_in)
    assert _settled(stand_in, receiver, job)["error"] == "2 workers ended without a result of this job."


@pytest.mark.parametrize("step", [_accepted, _starting, _taken, _uploading, _stored, _told])
def test_a_stand_in_killed_at_any_step_loses_no_job_and_no_webhook(
    stand_in: StandIn, receiver: Receiver, step: Step
) -> None:
    receiver.statuses = [503, 200]
    if step is _uploading:
        receiver.gate.clear()
    job = stand_in.run(receiver.order())
    stand_in.until(lambda: step(stand_in, receiver, job))
    _kill_the_stand_in(stand_in)
    receiver.gate.set()
    stand_in.start()
    assert _settled(stand_in, receiver, job)["status"] == "COMPLETED"


def test_a_webhook_refused_before_and_after_a_kill_is_given_up_after_three_tries(
    stand_in: StandIn, receiver: Receiver
) -> None:
    receiver.statuses = [500]
    job = stand_in.run(receiver.order())
    stand_in.until(lambda: stand_in.events("webhook"))
    _kill_the_stand_in(stand_in)
    stand_in.start()
    stand_in.until(lambda: [event for event in stand_in.events("webhook") if event["attempt"] == 3])
    follower = stand_in.run(receiver.order("media/b/0.png"))
    stand_in.reaches(follower, "COMPLETED")
    attempts = [event["attempt"] for event in stand_in.events("webhook") if event["id"] == job]
    assert sorted(set(attempts)) == [1, 2, 3]
    assert len(attempts) <= 4  # a try that the kill cut off before it was counted is made again
