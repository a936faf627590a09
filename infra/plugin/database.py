"""The database that a schema is applied to: what it has applied, and the CLI's `db push`."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit, urlunsplit

import psycopg

from infra.plugin.serving import PluginError

if TYPE_CHECKING:
    from collections.abc import Mapping

CHECKOUT = Path(__file__).resolve().parents[2]
MIGRATIONS = CHECKOUT / "supabase" / "migrations"
CLI = CHECKOUT / "node_modules" / ".bin" / "supabase"
CONNECT_TIMEOUT_SECONDS = 10
PUSH_TIMEOUT_SECONDS = 600  # an index on a large table takes minutes


class DatabaseError(PluginError):
    """The database could not be asked or changed; the message holds no password."""


def address(environment: Mapping[str, str]) -> str:
    """The database's address from `DATABASE_URL`.

    Raises:
        DatabaseError: it is not set, or is no address of a Postgres database.
    """
    url = environment.get("DATABASE_URL", "")
    if not url:
        raise DatabaseError(
            "DATABASE_URL is not set: the schema cannot be read or changed. On the local stack run "
            '`eval "$(ops local env)"`; elsewhere set it to the project\'s connection string.'
        )
    if urlsplit(url).scheme not in ("postgres", "postgresql"):
        raise DatabaseError("DATABASE_URL does not begin with postgresql://: mend it.")
    return url


def applied_versions(url: str) -> tuple[str, ...]:
    """The versions that the CLI has recorded in the database, in order; none in a new database.

    Raises:
        DatabaseError: the database is out of reach or refuses.
    """
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_SECONDS) as connection:
            rows = connection.execute(
                "select version from supabase_migrations.schema_migrations order by version"
            )
            return tuple(version for (version,) in rows)
    except psycopg.errors.UndefinedTable:
        return ()
    except psycopg.Error as error:
        raise DatabaseError(
            f"The database cannot be read ({error}). Nothing was changed. "
            "Locally, `ops local up` starts it; elsewhere check DATABASE_URL."
        ) from None


def push(url: str) -> None:
    """Apply every pending migration with the Supabase CLI.

    A migration that fails leaves those before it applied; running it again goes on from there.

    Raises:
        DatabaseError: the CLI is missing, failed, or took over ten minutes.
    """
    with tempfile.TemporaryDirectory(prefix="schema-") as folder:
        # The CLI writes into its working folder and its home: neither is to be the checkout's or the user's.
        (Path(folder) / "supabase").mkdir()
        (Path(folder) / "supabase" / "migrations").symlink_to(MIGRATIONS)
        plain, password = _without_password(url)
        command = [
            str(CLI),
            "db",
            "push",
            f"--remote={plain}",
            "--yes",
            "--workdir",
            folder,
            "--output-format",
            "json",
        ]
        environment = {**os.environ, "HOME": folder, "PGPASSWORD": password}
        try:
            done = subprocess.run(
                command,
                env=environment,
                capture_output=True,
                text=True,
                timeout=PUSH_TIMEOUT_SECONDS,
                check=False,
            )
        except FileNotFoundError:
            raise DatabaseError(f"{CLI.name} is not installed: run `make setup`.") from None
        except subprocess.TimeoutExpired:
            raise DatabaseError(
                f"`supabase db push` took longer than {PUSH_TIMEOUT_SECONDS} s and was stopped: the "
                "migration it was at is undone, those before it stay. See what blocks it in "
                "pg_stat_activity, then run up again."
            ) from None
    if done.returncode:
        raise DatabaseError(_complaint(done.stdout, done.stderr))


def _without_password(url: str) -> tuple[str, str]:
    """Arguments can be read by every user of a machine; the password goes through the environment."""
    parts = urlsplit(url)
    _, _, host = parts.netloc.rpartition("@")
    user = parts.username or "postgres"
    return urlunsplit(parts._replace(netloc=f"{user}@{host}")), unquote(parts.password or "")


def _complaint(output: str, errors: str) -> str:
    for line in reversed(output.splitlines()):
        try:
            error = json.loads(line)["error"]
        except (ValueError, KeyError, TypeError):
            continue
        return (
            f"A migration was not applied: {error['message']}. "
            "Mend it and run up again; those before it stay applied."
        )
    return f"`supabase db push` failed: {errors.strip() or output.strip()}"
