from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import runpod

from renderer.progress import Reporter

if TYPE_CHECKING:
    from collections.abc import Iterator

JOB = {"id": "rp-1"}


class Hook:
    """A loopback server that takes reports and answers with the listed statuses, the last one for good."""

    def __init__(self) -> None:
        self.statuses = [200]
        self.heard: list[dict[str, Any]] = []
        self.tries = 0
        self.url = ""


@pytest.fixture(autouse=True)
def runpods(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What RunPod is told."""
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(runpod.serverless, "progress_update", lambda _job, report: told.append(report))
    return told


@pytest.fixture
def hook() -> Iterator[Hook]:
    state = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            state.tries += 1
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = state.statuses.pop(0) if len(state.statuses) > 1 else state.statuses[0]
            if status == 200:
                state.heard.append(json.loads(body))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}/?token=canary"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield state
    server.shutdown()
    server.server_close()


def test_both_hear_of_a_phase(hook: Hook, runpods: list[dict[str, Any]]) -> None:
    Reporter(JOB, hook.url).tell("saving", 90)
    said = {"phase": "saving", "progress": 90}
    assert runpods == [said]
    assert hook.heard == [{"id": "rp-1", "status": "IN_PROGRESS", "output": said}]


def test_without_an_address_runpod_alone_hears(runpods: list[dict[str, Any]]) -> None:
    Reporter(JOB, None).tell("saving", 90)
    assert len(runpods) == 1


def test_a_fault_of_the_server_is_tried_again(hook: Hook) -> None:
    hook.statuses = [503, 200]
    Reporter(JOB, hook.url).tell("saving", 90)
    assert len(hook.heard) == 1


def test_a_refusal_is_not_tried_again_and_the_next_phase_is_told_all_the_same(hook: Hook) -> None:
    hook.statuses = [401, 200]
    reporter = Reporter(JOB, hook.url)
    reporter.tell("generating", 10)
    reporter.tell("saving", 90)
    assert (hook.tries, len(hook.heard)) == (2, 1)


def test_who_does_not_answer_is_not_asked_with_each_phase(hook: Hook) -> None:
    hook.statuses = [500]
    reporter = Reporter(JOB, hook.url)
    for progress in range(5):
        reporter.tell("generating", progress)
    assert hook.tries == 2


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/", "nonsense", "file:///etc/passwd"])
def test_an_address_that_leads_nowhere_fails_nothing(address: str) -> None:
    Reporter(JOB, address).tell("generating", 10)
