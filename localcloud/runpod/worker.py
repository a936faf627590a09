"""The process that runs the renderer under RunPod's SDK."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import string
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from localcloud import journal
from localcloud.config import CHECKOUT, RUNPOD_ENDPOINT_ID
from localcloud.pidfile import PidFile

if TYPE_CHECKING:
    from asyncio.subprocess import Process

HANDLER = CHECKOUT / "renderer" / "handler.py"
TETHER = Path(__file__).with_name("tether.py")
PIDFILE = "worker"
LINE_BYTES = 1 << 20
PING_MS = 10_000
STOP_SECONDS = 1.0
ID_LENGTH = 14  # as RunPod's worker ids have


@dataclass
class Worker:
    """One running worker, and what it was last seen doing.

    Attributes:
        key: what it proves itself with; its own, so that it never holds the account's key.
        since: when it was started, or last took or finished work; monotonic seconds.
        is_ready: it asked for work at least once.
        is_idle: it waits for work.
        is_leaving: it was told to end and gets no more work.
        stops: jobs it is still to be told to drop.
        kill_at: it is killed then, unless it asks for work before; monotonic seconds.
    """

    id: str
    key: str
    process: Process
    since: float
    is_ready: bool = False
    is_idle: bool = False
    is_leaving: bool = False
    stops: list[str] = field(default_factory=list)
    kill_at: float | None = None

    def end(self) -> None:
        """Ask it to end; it answers to that between two jobs."""
        self.is_leaving = True
        _signal(self.process.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End it and all it started, now."""
        self.is_leaving = True
        _signal(self.process.pid, signal.SIGKILL)

    async def wait(self) -> int:
        """Wait for its end, passing its log on; then see that nothing it started is left. Its exit code."""
        assert self.process.stdout is not None  # noqa: S101 - start() gave it a pipe
        pump = asyncio.create_task(_pass_on(self.id, self.process.stdout))
        code = await self.process.wait()
        _signal(self.process.pid, signal.SIGKILL)
        with suppress(TimeoutError):  # a stranger may hold the pipe open
            await asyncio.wait_for(pump, STOP_SECONDS)
        return code


async def start(origin: str, state: Path, now: float) -> Worker:
    """Start a worker that asks `origin` for work.

    Args:
        origin: where the stand-in listens, `http://host:port`.
        state: a folder for its empty home and the note of its process id.
        now: monotonic seconds.
    """
    worker_id = "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(ID_LENGTH))
    key = secrets.token_hex(24)
    home = state / "home"
    home.mkdir(parents=True, exist_ok=True)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",  # else the tether's neighbours could shadow what the handler imports
        str(TETHER),
        str(os.getpid()),
        str(HANDLER),
        env=environment(origin, worker_id, key, home),
        cwd=home,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,  # so that one signal reaches all it starts
        limit=LINE_BYTES,
    )
    with suppress(psutil.Error):  # already gone: wait() will tell
        _note(state).write(psutil.Process(process.pid))
    return Worker(worker_id, key, process, now)


def environment(origin: str, worker_id: str, key: str, home: Path) -> dict[str, str]:
    """Give it what RunPod gives a container, and nothing of ours."""
    base = f"{origin}/v2/{RUNPOD_ENDPOINT_ID}"
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        # The SDK would prefer credentials in the person's ~/.runpod to the key below.
        "HOME": str(home),
        "PYTHONUNBUFFERED": "1",
        "RUNPOD_ENDPOINT_ID": RUNPOD_ENDPOINT_ID,  # with it the SDK logs JSON
        "RUNPOD_POD_ID": worker_id,
        "RUNPOD_POD_HOSTNAME": worker_id,
        "RUNPOD_AI_API_KEY": key,
        "RUNPOD_WEBHOOK_GET_JOB": f"{base}/job-take/$ID?gpu=none",
        "RUNPOD_WEBHOOK_POST_OUTPUT": f"{base}/job-done/$RUNPOD_POD_ID/$ID?gpu=none",
        "RUNPOD_WEBHOOK_PING": f"{base}/ping/$RUNPOD_POD_ID?gpu=none",
        "RUNPOD_PING_INTERVAL": str(PING_MS),
        "RUNPOD_LOG_LEVEL": "INFO",  # DEBUG quotes inputs, and with them signed addresses
        # Its checks measure a GPU machine and its network.
        "RUNPOD_SKIP_AUTO_SYSTEM_CHECKS": "true",
        "RUNPOD_SKIP_GPU_CHECK": "true",
    }


def reap(state: Path) -> None:
    """End a worker that a killed stand-in left; one whose id was reused since is not touched."""
    note = _note(state)
    note.path.parent.mkdir(parents=True, exist_ok=True)
    leftover = note.read()
    if leftover is not None:
        journal.write("worker_reaped", pid=leftover.pid)
        _signal(leftover.pid, signal.SIGKILL)
    note.clear()


def _note(state: Path) -> PidFile:
    return PidFile(state, PIDFILE)


def _signal(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)


async def _pass_on(worker_id: str, stream: asyncio.StreamReader) -> None:
    while True:
        try:
            line = await stream.readline()
        except ValueError:  # longer than any line of the SDK: its pieces are dropped
            continue
        if not line:
            return
        journal.write("worker", worker=worker_id, **_parsed(line.decode(errors="replace").rstrip()))


def _parsed(text: str) -> dict[str, Any]:
    """What the SDK wrote as JSON, or any other line as it is."""
    text = journal.without_queries(text)
    with suppress(ValueError):
        document = json.loads(text)
        if isinstance(document, dict) and "message" in document:
            named = {"id": document.get("requestId"), "level": document.get("level")}
            return {"message": document["message"]} | {k: v for k, v in named.items() if v}
    return {"message": text}
