"""Runs the Pulumi engine against this local cloud's own state."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
from typing import TYPE_CHECKING

import psutil

from localcloud import environment, family
from localcloud.config import CHECKOUT, STATE_DIR_VARIABLE
from localcloud.errors import ProvisioningError, ToolMissingError
from localcloud.pulumi_events import Events

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from localcloud.config import Config

PROJECT = "alphogenai-platform"
STACK = "local"
NAME = "pulumi"  # the mark of its processes, as those of the supervised ones
# A graceful cancel lets the requests under way finish.
CANCEL_SECONDS = 30.0


def provision(config: Config, say: Callable[[str], None]) -> str:
    """Bring the local stack to what the program says.

    Returns:
        What changed, in a few words.

    Raises:
        ToolMissingError: there is no Pulumi.
        ProvisioningError: Pulumi failed; its own words are the detail.
    """
    variables = _variables(config)
    pulumi = _program(variables["PATH"])
    (config.state_dir / "pulumi").mkdir(parents=True, exist_ok=True)
    _end_leftovers(config.state_dir, say)
    _unlock(config.state_dir, pulumi, variables, say)
    _check_state(config.state_dir)
    if not _state_file(config.state_dir).exists():
        _run([pulumi, "stack", "init", STACK, "--non-interactive"], variables, say)
        say(f"created the stack {STACK}")
    arguments = ["up", "--stack", STACK, "--yes", "--skip-preview", "--non-interactive", "--json"]
    return _run([pulumi, *arguments], variables, say).summary()


def _variables(config: Config) -> dict[str, str]:
    marks = {family.MARK: NAME, STATE_DIR_VARIABLE: str(config.state_dir)}
    return {**os.environ, **environment.exports(config), **marks}


def _program(path: str) -> str:
    pulumi = shutil.which("pulumi", path=path)
    if pulumi is None:
        raise ToolMissingError(
            f"There is no Pulumi in {environment.TOOLS} nor on PATH.",
            "The stack cannot be provisioned; the processes of the local cloud run.",
            "Run `make setup`: it brings Pulumi.",
        )
    return pulumi


def _end_leftovers(state: Path, say: Callable[[str], None]) -> None:
    """End what a killed run left: the caller holds the lock, so nobody waits for it any more."""
    lost = [process for process, name in family.marked(state).items() if name == NAME]
    if lost:
        say("ending what an interrupted Pulumi run left behind")
        family.end(lost, CANCEL_SECONDS)


def _unlock(state: Path, pulumi: str, variables: dict[str, str], say: Callable[[str], None]) -> None:
    locks = state / "pulumi" / ".pulumi" / "locks" / "organization" / PROJECT / STACK
    for lock in sorted(locks.glob("*.json")):
        holder = _live_holder(lock)
        if holder:
            raise ProvisioningError(
                f"The stack {STACK} is locked by {holder}.",
                "Two runs at once would damage its state, so nothing was changed.",
                f"Wait until it ends, or end it. If it no longer runs: `pulumi cancel --stack {STACK}`.",
            )
    if any(locks.glob("*.json")):
        say("the holder of Pulumi's lock is dead: releasing it")
        _run([pulumi, "cancel", "--yes", "--stack", STACK, "--non-interactive"], variables, say)


def _live_holder(lock: Path) -> str | None:
    """Describe who holds a lock, or None when that process is surely dead."""
    try:
        note = json.loads(lock.read_text())
        pid, host = int(note["pid"]), note["hostname"]
    except (OSError, ValueError, KeyError, TypeError):
        return None  # half-written by a killed run
    if host != socket.gethostname():
        return f"process {pid} on {host}"
    try:
        name = psutil.Process(pid).name()
    except psutil.Error:
        return None
    return f"process {pid} ({name})" if "pulumi" in name else None


def _state_file(state: Path) -> Path:
    return state / "pulumi" / ".pulumi" / "stacks" / PROJECT / f"{STACK}.json"


def _check_state(state: Path) -> None:
    path = _state_file(state)
    try:
        json.loads(path.read_text())
    except FileNotFoundError:
        return
    except ValueError as error:
        raise ProvisioningError(
            f"Pulumi's state {path} cannot be read ({error}).",
            "Pulumi no longer knows what it has created; all of it still runs, and nothing was changed.",
            f"Put back the state before the last change: `cp {path}.bak {path}`, then run `make up`.",
        ) from error


def _run(command: list[str], variables: dict[str, str], say: Callable[[str], None]) -> Events:
    events = Events()
    process = subprocess.Popen(
        command,
        cwd=CHECKOUT,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # a Ctrl-C reaches it once, from here, not again from the terminal
    )
    try:
        _read(process, events, say)
    except KeyboardInterrupt:
        _cancel(process, events, say)
        raise
    if process.wait() != 0:
        raise ProvisioningError(
            f"`pulumi {command[1]}` failed with exit code {process.returncode}.",
            "The stack is not what the program says; what was already done is recorded and kept.",
            "Mend the cause below, then run `make up` again.",
            detail="\n".join(events.errors),
        )
    return events


def _read(process: subprocess.Popen[str], events: Events, say: Callable[[str], None]) -> None:
    for line in process.stdout or ():
        shown = events.read(line)
        if shown:
            say(shown)


def _cancel(process: subprocess.Popen[str], events: Events, say: Callable[[str], None]) -> None:
    say("interrupted: letting Pulumi finish the request under way (Ctrl-C again to kill it)")
    process.send_signal(signal.SIGINT)
    try:
        _read(process, events, say)
        process.wait(CANCEL_SECONDS)
    except (KeyboardInterrupt, subprocess.TimeoutExpired):
        family.end([psutil.Process(process.pid)], grace_seconds=0)
