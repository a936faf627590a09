"""The whole local cloud, real, for the tests that need it: started once, shared by all pytest workers."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from localcloud import config, environment
from localcloud.r2.store import Store
from tests.canaries import places
from tests.canaries.notations import Search
from tests.canaries.planted import MARKED, plant, secrets_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.config import Config

CHECKOUT = Path(__file__).resolve().parent.parent
UP_SECONDS = 180

# A shell's background job ignores Ctrl-C, and would hand that on to every command under test.
signal.signal(signal.SIGINT, signal.default_int_handler)
# How long an example takes says how busy the machine is, not whether the code is right.
hypothesis.settings.register_profile("busy machine", deadline=None)
hypothesis.settings.load_profile("busy machine")


@dataclass(frozen=True)
class Cloud:
    """A running local cloud in a state folder of its own."""

    config: Config
    env: dict[str, str]

    def ops(self, *words: str, timeout: float = UP_SECONDS) -> subprocess.CompletedProcess[str]:
        """Run `ops` against it; what it says holds no secret."""
        return _clean(run_ops(self.config.state_dir, *words, timeout=timeout))

    def pulumi(self, *words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run plain `pulumi` as a person does after `eval "$(ops local env)"`; `env` adds to that."""
        variables = {**self.env, **(env or {})}
        command = ["pulumi", *words, "--stack", "local", "--non-interactive"]
        done = subprocess.run(
            command,
            check=False,
            cwd=CHECKOUT,
            env=variables,
            capture_output=True,
            text=True,
            timeout=UP_SECONDS,
        )
        return _clean(done)


def _clean(done: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    said = (f"output of {' '.join(done.args)}", (done.stdout + done.stderr).encode())
    assert MARKED.leaks([said]) == []
    return done


def run_ops(state: Path, *words: str, timeout: float = UP_SECONDS) -> subprocess.CompletedProcess[str]:
    """Run `ops` on a state folder."""
    return subprocess.run(
        [sys.executable, "-m", "ops", *words],
        check=False,
        cwd=CHECKOUT,
        env={**os.environ, config.STATE_DIR_VARIABLE: str(state)},
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def emptied(cloud: Cloud) -> None:
    """Delete every file from the media bucket: a bucket that holds files is not destroyed."""
    with closing(Store(cloud.config.data("r2"))) as store:
        while objects := store.list("alphogenai-media").objects:
            store.delete("alphogenai-media", [one.key for one in objects])


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """The local cloud, up and provisioned. The first worker that asks starts it, the last one stops it.

    Each of its secrets is a canary, for which the last one searches all that the tests have left.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with _users(shared) as users:
        if not users:
            # Not below pytest's own folder: its path is too long for Postgres's socket.
            state = Path(tempfile.mkdtemp(prefix="alphogen-")).resolve()
            users["state"], users["count"] = str(state), 0
            _up(state)
        users["count"] += 1
        state = Path(users["state"])
    settings = config.load(state)
    yield Cloud(
        settings, {**os.environ, **environment.exports(settings), config.STATE_DIR_VARIABLE: str(state)}
    )
    with _users(shared) as users:
        users["count"] -= 1
        if users["count"] == 0:
            users.clear()
            _search_and_end(settings)


def _search_and_end(settings: Config) -> None:
    words = list(places.commands(settings.state_dir))
    try:
        words += places.tables(settings)
        run_ops(settings.state_dir, "local", "down")
        words += places.files(settings.state_dir)
    finally:
        _down(settings.state_dir)
    found = Search(secrets_of(settings)).leaks(words)
    assert any(leak.place == "config.json" for leak in found)  # the search works
    if leaks := places.strays(found):
        listed = "\n".join(f"{leak.secret} in {leak.place}: {leak.around!r}" for leak in leaks)
        pytest.fail(f"Secrets were left where they do not live:\n{listed}", pytrace=False)


def _up(state: Path) -> None:
    plant(state)
    done = run_ops(state, "local", "up", "--no-smoke")
    if done.returncode != 0:
        _down(state)
        pytest.fail(f"`ops local up` failed:\n{done.stdout}\n{done.stderr}", pytrace=False)


def _down(state: Path) -> None:
    run_ops(state, "local", "down")
    shutil.rmtree(state)


@contextmanager
def _users(shared: Path) -> Iterator[dict[str, Any]]:
    """Hold the lock and the note that pytest's workers share: who uses the cloud, and where it is."""
    with (shared / "cloud.json").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        note = json.loads(file.read() or "{}")
        try:
            yield note
        finally:
            file.truncate(0)
            json.dump(note, file)
            file.flush()
