"""Local clouds of their own for tests: a real Postgres process, and where wanted a real Supabase stand-in."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from localcloud import config
from localcloud.environment import database_url

if TYPE_CHECKING:
    from collections.abc import Callable

START_SECONDS = 40  # initdb on a busy machine
MIGRATIONS = config.CHECKOUT / "supabase" / "migrations"


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Cloud:
    """One state folder and the processes that run on it."""

    def __init__(self) -> None:
        self.state = Path(tempfile.mkdtemp(prefix="alphogen-test-"))
        ports = config.Ports(**{field.name: free_port() for field in fields(config.Ports)})
        self.config = config.Config(self.state, ports, config.Secrets())
        config.save(self.config)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.config.ports.supabase}"

    def launch(self, name: str) -> subprocess.Popen[bytes]:
        log = (self.state / f"{name}.log").open("ab")
        environment = {**os.environ, config.STATE_DIR_VARIABLE: str(self.state)}
        command = [sys.executable, "-m", f"localcloud.{name}"]
        process = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, env=environment, cwd=config.CHECKOUT
        )
        self.processes[name] = process
        return process

    def log(self, name: str) -> str:
        return (self.state / f"{name}.log").read_text()

    def start(self, name: str) -> subprocess.Popen[bytes]:
        process = self.launch(name)
        answers = self._selects if name == "postgres" else self._is_healthy
        wait_until(lambda: process.poll() is not None or answers())
        assert process.poll() is None, self.log(name)
        return process

    def connect(self, database: str = "postgres", user: str = "postgres", **options: Any) -> Any:
        password = self.config.secrets.postgres_password
        return psycopg.connect(
            host="127.0.0.1",
            port=self.config.ports.postgres,
            user=user,
            password=password,
            dbname=database,
            autocommit=True,
            **options,
        )

    def migrate(self, database: str) -> None:
        with self.connect(database) as connection:
            for path in sorted(MIGRATIONS.glob("*.sql")):
                connection.execute(path.read_bytes())

    def copy(self, source: str, name: str) -> None:
        with self.connect("template1", "supabase_admin") as connection:
            connection.execute(f"create database {name} template {source} owner postgres")

    def push(self) -> subprocess.CompletedProcess[str]:
        """Apply the migrations as staging and prod do it: by the Supabase CLI."""
        cli = config.CHECKOUT / "node_modules" / ".bin" / "supabase"
        command = [str(cli), "db", "push", "--db-url", database_url(self.config), "--yes"]
        return subprocess.run(command, cwd=config.CHECKOUT, capture_output=True, text=True, check=False)

    def _selects(self) -> bool:
        try:
            self.connect(connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _is_healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_local/health", timeout=2) as answer:  # noqa: S310 - loopback
                return bool(answer.status == 200)
        except OSError:
            return False

    def end(self) -> None:
        for process in reversed(self.processes.values()):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            process.wait(10)
        shutil.rmtree(self.state)


def wait_until(condition: Callable[[], bool], seconds: float = START_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
