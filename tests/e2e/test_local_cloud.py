"""Up again, killed processes, two at once, memory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import CHECKOUT, emptied

if TYPE_CHECKING:
    from tests.conftest import Cloud

GIBIBYTE = 1024**3
AGAIN_SECONDS = 30


def processes(cloud: Cloud) -> dict[str, dict[str, Any]]:
    document = json.loads(cloud.ops("local", "status", "--json").stdout)
    return {process["name"]: process for process in document["processes"]}


def test_all_is_running_within_its_memory(cloud: Cloud) -> None:
    found = processes(cloud)
    assert {process["condition"] for process in found.values()} == {"running"}
    assert sum(process["rss_bytes"] for process in found.values()) < GIBIBYTE


def test_up_again_changes_nothing_and_is_quick(cloud: Cloud) -> None:
    before = {name: process["pid"] for name, process in processes(cloud).items()}
    began = time.monotonic()
    done = cloud.ops("local", "up")
    assert done.returncode == 0, done.stdout + done.stderr
    assert time.monotonic() - began < AGAIN_SECONDS
    assert "processes: all were running" in done.stdout
    assert {name: process["pid"] for name, process in processes(cloud).items()} == before


@pytest.mark.parametrize("name", ["postgres", "supabase", "cloudflare", "r2", "edge", "runpod", "aws"])
def test_a_killed_process_is_named_and_repaired(cloud: Cloud, name: str) -> None:
    os.kill(processes(cloud)[name]["pid"], signal.SIGKILL)
    time.sleep(0.5)
    status = cloud.ops("local", "status")
    assert status.returncode == 3
    assert f"Not running: {name}." in status.stderr
    assert "killed by signal 9 (SIGKILL)" in status.stdout
    done = cloud.ops("local", "up", "--no-smoke")
    assert done.returncode == 0, done.stdout + done.stderr


def test_two_at_once_the_second_waits_and_says_for_whom(cloud: Cloud) -> None:
    command = [sys.executable, "-m", "ops", "local", "up", "--no-smoke"]
    runs = [
        subprocess.Popen(command, cwd=CHECKOUT, env=cloud.env, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    outputs = [run.communicate(timeout=120)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], outputs
    waited = [output for output in outputs if "waiting for `ops local up` (process " in output]
    assert len(waited) == 1


@pytest.mark.parametrize(
    ("how", "sign"),
    [
        (signal.SIGINT, "processes …"),
        (signal.SIGKILL, "is well after"),
        (signal.SIGINT, "created R2Bucket"),
        (signal.SIGKILL, "created Worker api"),
    ],
)
def test_up_continues_after_an_interruption_at_any_point(
    cloud: Cloud, how: signal.Signals, sign: str
) -> None:
    emptied(cloud)
    assert cloud.pulumi("destroy", "--yes", "--skip-preview").returncode == 0
    cloud.ops("local", "down")
    run = subprocess.Popen(
        [sys.executable, "-u", "-m", "ops", "local", "up", "--no-smoke"],
        cwd=CHECKOUT,
        env=cloud.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert any(sign in line for line in run.stdout or ())
    run.send_signal(how)
    run.wait(timeout=60)
    assert run.returncode == (130 if how is signal.SIGINT else -how)
    done = cloud.ops("local", "up")
    assert done.returncode == 0, done.stdout + done.stderr


def test_data_survives_down_and_up(cloud: Cloud) -> None:
    put = 'curl -s -X PUT $API_URL/assets/kept.txt -H "Authorization: Bearer $APP_ADMIN_TOKEN" -d "kept"'
    subprocess.run(["/bin/sh", "-c", put], check=True, env=cloud.env, capture_output=True)
    assert cloud.ops("local", "down").returncode == 0
    assert {process["condition"] for process in processes(cloud).values()} == {"stopped"}
    assert cloud.ops("local", "up", "--no-smoke").returncode == 0
    got = subprocess.run(
        ["/bin/sh", "-c", "curl -s $API_URL/assets/kept.txt"], check=True, env=cloud.env, capture_output=True
    )
    assert got.stdout == b"kept"
