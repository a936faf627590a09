from __future__ import annotations

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import httpx
import psutil

from localcloud import config
from tests.localcloud.edge.cloud import MAIN, until, worker

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.localcloud.edge.cloud import Cloud


def test_no_settings_is_a_usage_error_that_says_what_to_do(tmp_path: Path) -> None:
    environment = os.environ | {config.STATE_DIR_VARIABLE: str(tmp_path)}
    ended = subprocess.run(
        ["node", MAIN], env=environment, capture_output=True, text=True, check=False, timeout=20
    )
    assert ended.returncode == 2
    assert "make up" in ended.stderr


def test_a_taken_port_is_told_and_harms_nothing_that_runs(cloud: Cloud) -> None:
    cloud.serve("v1", worker("one"))
    environment = os.environ | {config.STATE_DIR_VARIABLE: str(cloud.config.state_dir)}
    ended = subprocess.run(
        ["node", MAIN], env=environment, capture_output=True, text=True, check=False, timeout=20
    )
    assert ended.returncode == 1
    assert "is taken" in ended.stderr
    assert cloud.get().text == "one"
    assert cloud.runtimes()[0]["restarts"] == 0


def test_a_killed_runtime_comes_back_while_requests_wait(cloud: Cloud) -> None:
    cloud.serve("v1", worker("one"))
    killed = cloud.runtimes()[0]["pid"]
    os.kill(killed, signal.SIGKILL)
    answer = cloud.get()
    assert (answer.status_code, answer.text) == (200, "one") or answer.headers["retry-after"]
    until(lambda: cloud.runtimes()[0]["restarts"] == 1, "the runtime was restarted")
    until(lambda: cloud.get().text == "one", "it serves again")
    assert cloud.runtimes()[0]["pid"] != killed


def test_a_request_under_way_in_a_killed_runtime_gets_an_answer(cloud: Cloud) -> None:
    sleeping = worker("late").replace(
        "        return", "        import asyncio\n        await asyncio.sleep(20)\n        return"
    )
    cloud.serve("v1", sleeping)
    answers: list[int] = []
    asking = threading.Thread(
        target=lambda: answers.append(
            cloud.client.post("/", headers={"host": "example.test"}, content=b"once").status_code
        )
    )
    asking.start()
    until(lambda: cloud.runtimes()[0]["in_flight"] == 1, "the request is under way")
    os.kill(cloud.runtimes()[0]["pid"], signal.SIGKILL)
    asking.join(timeout=20)
    assert answers == [502]


def test_sigterm_ends_the_edge_and_its_runtimes_within_five_seconds(cloud: Cloud) -> None:
    cloud.serve("v1", worker("one"))
    runtime = psutil.Process(cloud.runtimes()[0]["pid"])
    began = time.monotonic()
    assert cloud.stop() == 0
    assert time.monotonic() - began < 5
    assert not runtime.is_running()
    assert list((cloud.config.data("edge")).iterdir()) == []


def test_sigterm_while_a_version_boots_leaves_nothing(cloud: Cloud) -> None:
    cloud.emulator.add("v1", {"entry.py": worker("one")})
    asking = threading.Thread(target=check_unanswered, args=(cloud,))
    asking.start()
    edge = psutil.Process(cloud.process.pid)
    until(lambda: any("workerd" in child.name() for child in edge.children()), "workerd was started")
    children = edge.children()
    assert cloud.stop() == 0
    asking.join()
    assert not any(child.is_running() for child in children)


def check_unanswered(cloud: Cloud) -> None:
    with contextlib.suppress(httpx.HTTPError):
        cloud.control.post("/versions/v1/check")


def test_a_killed_edge_leaves_no_runtime_behind_and_serves_again_once_started(cloud: Cloud) -> None:
    cloud.serve("v1", worker("one"))
    runtime = psutil.Process(cloud.runtimes()[0]["pid"])
    cloud.stop(signal.SIGKILL)
    cloud.start()
    assert cloud.get().text == "one"
    assert not runtime.is_running() or runtime.status() == psutil.STATUS_ZOMBIE


def test_without_the_death_watch_the_next_edge_ends_the_runtimes(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.stop()
    only_node = cloud.config.state_dir / "bin"
    only_node.mkdir()
    (only_node / "node").symlink_to(shutil.which("node") or "")
    monkeypatch.setenv("PATH", str(only_node))
    cloud.start()
    cloud.serve("v1", worker("one"))
    runtime = psutil.Process(cloud.runtimes()[0]["pid"])
    cloud.stop(signal.SIGKILL)
    assert runtime.is_running()
    cloud.start()
    until(
        lambda: not runtime.is_running() or runtime.status() == psutil.STATUS_ZOMBIE, "the orphan was ended"
    )


def test_a_process_that_took_an_orphans_id_is_not_ended(cloud: Cloud) -> None:
    cloud.stop()
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        (cloud.config.data("edge") / "gone-0123.pid").write_text(f"{bystander.pid}\n")
        cloud.start()
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_secrets_are_in_no_file_and_in_no_process_arguments(cloud: Cloud) -> None:
    cloud.serve(
        "v1", worker("one"), [{"type": "secret_text", "name": "KEY", "text": "correct-horse-battery"}]
    )
    folder = cloud.config.data("edge")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not [path for path in folder.iterdir() if path.is_file() and b"correct-horse" in path.read_bytes()]
    assert "correct-horse" not in " ".join(psutil.Process(cloud.runtimes()[0]["pid"]).cmdline())


def test_an_edge_that_starts_before_the_emulator_serves_once_it_answers(cloud: Cloud) -> None:
    cloud.serve("v1", worker("one"))
    scripts, routes = cloud.emulator.scripts, cloud.emulator.routes
    cloud.stop()
    cloud.emulator.scripts = {"api": {}}  # not yet what the edge can read
    cloud.start()
    assert cloud.healthy()
    cloud.emulator.scripts, cloud.emulator.routes = scripts, routes
    assert cloud.get().text == "one"


def test_the_router_takes_less_than_80_megabytes(cloud: Cloud) -> None:
    cloud.serve("v1", worker("one"))
    for _ in range(200):
        cloud.get()
    assert psutil.Process(cloud.process.pid).memory_info().rss < 80e6
