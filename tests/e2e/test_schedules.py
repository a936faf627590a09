"""The cron trigger, as the platform's own program provisions it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from tests.conftest import Cloud


def test_an_event_settles_silent_jobs_with_the_real_database(cloud: Cloud) -> None:
    outcome = run(cloud)
    assert outcome["ok"] is True, outcome
    assert (outcome["script"], outcome["cron"]) == ("alphogenai-worker", "* * * * *")
    log = (cloud.config.state_dir / "log" / "edge.log").read_text().splitlines()
    told = [json.loads(line)["message"] for line in log if "silent jobs settled" in line]
    assert json.loads(told[-1])["failed"] == 0


def run(cloud: Cloud) -> dict[str, Any]:
    """Fire the API's trigger now."""
    answer = requests.post(
        f"http://127.0.0.1:{cloud.config.ports.edge_control}/schedules/run",
        json={"script": "alphogenai-worker"},
        headers={"Authorization": f"Bearer {cloud.config.secrets.control}"},
        timeout=60,
    )
    assert answer.status_code == requests.codes.ok, answer.text
    outcome: dict[str, Any] = answer.json()
    return outcome
