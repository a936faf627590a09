"""The worker's real upstreams: the local cloud's Supabase on a Postgres, and its RunPod, with their logs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from bench.deployment import BINDINGS, CHECKOUT, wait_for
from bench.postgres import Server
from localcloud import config, environment
from localcloud.pidfile import PidFile
from localcloud.runpod.worker import PIDFILE
from localcloud.supabase import accounts
from localcloud.supabase.tokens import mint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECONDS_OF_TOKEN = 3600
EMAIL = "bench@example.com"
RENDERER_SECONDS = 60
MANY = 1_000_000
# Where nobody listens: RunPod's webhooks would be requests that no client of the bench made.
NOBODY = "http://127.0.0.1:9"


@dataclass(frozen=True)
class StandIns:
    """The upstreams, and a user who may submit as many jobs as the bench likes."""

    settings: config.Config
    bindings: dict[str, str]
    user_id: str
    token: str

    def asked(self) -> dict[str, list[str]]:
        """Give what each was asked so far, by its own log: method and path."""
        return {name: _requests(self.settings.state_dir / f"{name}.log") for name in ("supabase", "runpod")}


@contextmanager
def stand_ins(folder: Path) -> Iterator[StandIns]:
    """Start them. RunPod's renderer is held, so that the jobs queue and none takes the processors' time."""
    with ExitStack() as stack:
        server = stack.enter_context(Server(folder))
        settings = server.settings
        for name, port in (("supabase", settings.ports.supabase), ("runpod", settings.ports.runpod)):
            stack.enter_context(_process(settings, name))
            wait_for(f"http://127.0.0.1:{port}/_local/health", "127.0.0.1")
        with server.connect("postgres", "supabase_admin") as connection:
            connection.execute("update public.plans set max_unfinished_jobs = %s", (MANY,))
        user = accounts.user(settings, EMAIL, "supabase")
        accounts.set_account(settings, user.id, MANY)
        stack.enter_context(_held_renderer(settings))
        token = mint(settings, EMAIL, "supabase", SECONDS_OF_TOKEN)
        exported = environment.exports(settings)
        bindings = {name: exported.get(name, default) for name, default in BINDINGS.items()}
        yield StandIns(settings, bindings | {"API_ORIGIN": NOBODY}, user.id, token)


@contextmanager
def _process(settings: config.Config, name: str) -> Iterator[None]:
    variables = os.environ | {config.STATE_DIR_VARIABLE: str(settings.state_dir)}
    with (settings.state_dir / f"{name}.log").open("w") as log:
        command = [sys.executable, "-m", f"localcloud.{name}"]
        process = subprocess.Popen(command, cwd=CHECKOUT, env=variables, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


@contextmanager
def _held_renderer(settings: config.Config) -> Iterator[None]:
    """Stop the renderer as soon as a first order has it started; the stand-in is patient for two minutes."""
    url = f"http://127.0.0.1:{settings.ports.runpod}/v2/{config.RUNPOD_ENDPOINT_ID}/run"
    key = {"authorization": f"Bearer {settings.secrets.runpod_api_key}"}
    httpx.post(url, json={"input": {}}, headers=key).raise_for_status()
    note, deadline = PidFile(settings.data("runpod"), PIDFILE), time.monotonic() + RENDERER_SECONDS
    while (renderer := note.read()) is None:
        if time.monotonic() > deadline:
            raise SystemExit("RunPod's stand-in starts no renderer. Nothing was measured. Read its log.")
        time.sleep(0.01)
    renderer.suspend()
    try:
        yield
    finally:
        renderer.kill()


def _requests(log: Path) -> list[str]:
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    return [f"{line['method']} {line['path']}" for line in lines if line["event"] == "request"]
