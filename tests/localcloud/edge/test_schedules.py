"""Scheduled events, from the control port or the clock, in the real runtime."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localcloud import config
from localcloud.cloudflare.cron import plain_cron
from tests.localcloud.edge.cloud import until, worker

if TYPE_CHECKING:
    from tests.localcloud.edge.cloud import Cloud

SCHEDULED = (
    worker("fetched")
    + """
    async def scheduled(self, controller, env, ctx):
        import asyncio, json
        print("event", json.dumps([controller.cron, controller.scheduledTime, controller.type, env.WORD]))
        async def later(wrapped):
            await asyncio.sleep(0.2)
            print("waited for", wrapped)
        ctx.waitUntil(later("ctx"))
        self.ctx.waitUntil(later("self.ctx"))
"""
)
RAISES = worker("fetched") + "\n    def scheduled(self, *_):\n        raise ValueError(self.env.WORD)\n"
WORD = [{"type": "secret_text", "name": "WORD", "text": "correct-horse-battery"}]


READ_ALL = """
import { readFileSync } from "node:fs";
import { timetable } from "./localcloud/edge/schedules.mjs";
timetable({ api: { version_id: "v", crons: JSON.parse(readFileSync(0, "utf8")) } });
"""


def a_field(least: int, most: int, *special: str) -> st.SearchStrategy[str]:
    number = st.integers(least, most).map(str)
    span = st.tuples(number, number).map("-".join)
    step = st.tuples(number | span | st.just("*"), st.integers(1, most - least).map(str)).map("/".join)
    return (
        st.just("*")
        | st.sampled_from(special or ("*",))
        | st.lists(number | span | step, min_size=1, max_size=4).map(",".join)
    )


EXPRESSIONS = st.tuples(
    a_field(0, 59),
    a_field(0, 23),
    a_field(1, 31, "L", "LW", "1W", "31W"),
    a_field(1, 12, "jan", "Jun-DEC/2"),
    a_field(1, 7, "L", "1L", "satL", "7#5", "mon#1", "sat-sun"),
).map(" ".join)


@settings(max_examples=8)
@given(st.lists(EXPRESSIONS, min_size=30, max_size=60))
def test_the_edge_can_read_whatever_the_emulator_accepts(crons: list[str]) -> None:
    triggers = json.dumps([{"cron": cron, "plain": plain_cron(cron)} for cron in crons])
    read = ["node", "--input-type=module", "-e", READ_ALL]
    done = subprocess.run(
        read, input=triggers, cwd=config.CHECKOUT, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def serve(cloud: Cloud, source: str, *crons: str) -> None:
    cloud.emulator.schedule("api", "v1", *crons or ("*/5 * * * *",))
    cloud.serve("v1", source, WORD)


def run(cloud: Cloud, script: str = "api") -> dict[str, Any]:
    answer = cloud.control.post("/schedules/run", json={"script": script})
    assert answer.status_code == 200, answer.text
    outcome: dict[str, Any] = answer.json()
    return outcome


def test_running_one_wants_the_token(cloud: Cloud) -> None:
    answer = httpx.post(f"{cloud.control.base_url}/schedules/run", json={"script": "api"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "body", [b"", b"api", b"[]", b"null", b'{"script": 1}', b'{"script": "' + b"a" * 9000]
)
def test_a_body_that_names_no_script_is_refused(cloud: Cloud, body: bytes) -> None:
    answer = cloud.control.post("/schedules/run", content=body)
    assert answer.status_code == 400
    assert "Nothing was run" in answer.json()["error"]


def test_a_script_without_triggers_is_not_found(cloud: Cloud) -> None:
    answer = cloud.control.post("/schedules/run", json={"script": "nobody"})
    assert answer.status_code == 404
    assert "nobody" in answer.json()["error"]


def test_a_version_without_a_handler_is_told_and_goes_on_serving(cloud: Cloud) -> None:
    serve(cloud, worker("fetched"))
    outcome = run(cloud)
    assert (outcome["ok"], outcome["outcome"]) == (False, "exception")
    assert outcome["error"] == "AttributeError: Handler does not export a scheduled() function."
    assert cloud.get().text == "fetched"
    (line,) = cloud.lines("scheduled")
    assert (line["level"], line["error"]) == ("warning", outcome["error"])


def test_what_a_handler_raises_is_told_with_its_place_and_without_secrets(cloud: Cloud) -> None:
    serve(cloud, RAISES)
    outcome = run(cloud)
    assert re.fullmatch(r"ValueError: \[secret\] \(entry\.py, line \d+\)", outcome["error"])
    assert "_edge_entry" not in outcome["detail"]
    assert "correct-horse" not in json.dumps(outcome) + cloud.log.read_text()
    assert cloud.get().text == "fetched"


def test_an_event_whose_runtime_dies_is_told_and_the_next_one_runs(cloud: Cloud) -> None:
    source = worker("fetched") + "\n    async def scheduled(self, *_):\n        import js, asyncio\n"
    serve(cloud, source + "        print('begun')\n        await asyncio.sleep(60)\n")
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(run, cloud)
        until(lambda: "begun" in cloud.log.read_text(), "the event began")
        (runtime,) = cloud.runtimes()
        os.kill(runtime["pid"], signal.SIGKILL)
        assert waiting.result()["outcome"] == "unavailable"
    cloud.emulator.schedule("api", "v2", "*/5 * * * *")
    cloud.emulator.add("v2", {"entry.py": SCHEDULED}, WORD)
    cloud.emulator.deploy("api", {"v2": 100})
    cloud.sync()
    assert run(cloud)["outcome"] == "ok"


def test_an_event_reaches_the_handler_and_ends_when_its_work_does(cloud: Cloud) -> None:
    serve(cloud, SCHEDULED)
    outcome = run(cloud)
    assert (outcome["ok"], outcome["script"], outcome["version"]) == (True, "api", "v1")
    until(lambda: len(cloud.lines("console")) == 3, "the worker printed", 5)
    told, first, second = (line["message"] for line in cloud.lines("console"))
    cron, scheduled_time, kind, word = json.loads(told.removeprefix("event "))
    assert (cron, kind, word) == ("*/5 * * * *", "scheduled", "[secret]")
    assert abs(scheduled_time / 1000 - time.time()) < 60
    assert {first, second} == {"waited for ctx", "waited for self.ctx"}
    (line,) = cloud.lines("scheduled")
    assert {name: line[name] for name in ("script", "version", "cron", "outcome")} == {
        "script": "api",
        "version": "v1",
        "cron": "*/5 * * * *",
        "outcome": "ok",
    }


def test_no_client_can_send_an_event(cloud: Cloud) -> None:
    serve(cloud, SCHEDULED)
    event = json.dumps({"cron": "* * * * *", "scheduledTime": 0})
    names = ("cf", "x-event", "cf-blob", "mf-cf-blob", "x-edge-event", "x-edge-event-")
    assert cloud.get(**dict.fromkeys(names, event)).text == "fetched"
    assert cloud.get(host="edge.invalid").status_code == 404
    assert cloud.get("/cdn-cgi/handler/scheduled").text == "fetched"
    assert cloud.lines("console") == []


def test_events_asked_for_at_once_run_one_after_the_other(cloud: Cloud) -> None:
    source = worker("fetched") + "\n    async def scheduled(self, *_):\n        import asyncio\n"
    serve(cloud, source + "        print('in')\n        await asyncio.sleep(0.1)\n        print('out')\n")
    with ThreadPoolExecutor() as pool:
        outcomes = list(pool.map(lambda _: run(cloud)["outcome"], range(4)))
    assert outcomes == ["ok"] * 4
    until(lambda: len(cloud.lines("console")) == 8, "all printed", 5)
    assert [line["message"] for line in cloud.lines("console")] == ["in", "out"] * 4


def test_the_clock_fires_a_trigger_of_every_minute_and_stops_with_it(cloud: Cloud) -> None:
    serve(cloud, SCHEDULED, "* * * * *", "0 0 31 2 *")
    until(lambda: cloud.lines("scheduled") != [], "a minute began", 75)
    (line,) = cloud.lines("scheduled")
    assert (line["cron"], line["outcome"]) == ("* * * * *", "ok")
    assert line["scheduled_time"].endswith(":00.000Z")
    cloud.emulator.schedules.clear()
    cloud.sync()
    assert cloud.control.post("/schedules/run", json={"script": "api"}).status_code == 404
