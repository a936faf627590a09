"""A Postgres of the bench's own: the local cloud's process on a free port, with the migrations applied."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Self

import psycopg

from bench.deployment import settings_in
from localcloud import config

if TYPE_CHECKING:
    from pathlib import Path

START_SECONDS = 60
MIGRATIONS = config.CHECKOUT / "supabase" / "migrations"


class Server:
    """Started on entry, ended on exit."""

    def __init__(self, folder: Path) -> None:
        self.settings = settings_in(folder)

    def __enter__(self) -> Self:
        """Start, and apply the migrations to the database that the others are copies of."""
        environment = os.environ | {config.STATE_DIR_VARIABLE: str(self.settings.state_dir)}
        command = [sys.executable, "-m", "localcloud.postgres"]
        self._process = subprocess.Popen(
            command,
            cwd=config.CHECKOUT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        with self._first_connection() as connection:
            for migration in sorted(MIGRATIONS.glob("*.sql")):
                connection.execute(migration.read_bytes())
        return self

    def __exit__(self, *_: object) -> None:
        """End the server."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=30)

    def _first_connection(self) -> psycopg.Connection[Any]:
        began = time.monotonic()
        while True:
            try:
                return self.connect("postgres")
            except psycopg.OperationalError:
                if time.monotonic() - began > START_SECONDS or self._process.poll() is not None:
                    raise
                time.sleep(0.2)

    def address(self, database: str, user: str = "postgres") -> str:
        """Say how to connect to a database."""
        password, port = self.settings.secrets.postgres_password, self.settings.ports.postgres
        return f"host=127.0.0.1 port={port} user={user} password={password} dbname={database}"

    def connect(self, database: str, user: str = "postgres") -> psycopg.Connection[Any]:
        """Connect as the owner of the schema, or as the superuser."""
        return psycopg.connect(self.address(database, user), autocommit=True)

    def copy(self, name: str) -> None:
        """Make a database as the migrations leave it."""
        with psycopg.connect(self.address("template1"), autocommit=True) as connection:
            connection.execute(f"create database {name} template postgres")
