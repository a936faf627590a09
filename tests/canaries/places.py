"""Where a local cloud leaves words: its files, its database's tables, its processes' arguments."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import TYPE_CHECKING

import psutil
import psycopg
from psycopg import sql

from localcloud.config import STATE_DIR_VARIABLE
from localcloud.postgres.cluster import SUPERUSER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from localcloud.config import Config
    from tests.canaries.notations import Leak

SQLITE = b"SQLite format 3\0"
OTHERS = 0o077
RELATIONS = """
select n.nspname, c.relname from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'm', 'v') and n.nspname not like 'pg_t%' and c.relname not like '%numa%'
order by 1, 2
"""  # without what needs more than one memory node


@dataclass(frozen=True)
class Home:
    """Where secrets must live, and why; `secrets` and `place` are patterns."""

    secrets: str
    place: str
    why: str

    def holds(self, leak: Leak) -> bool:
        """Whether it is no leak there."""
        return fnmatch(leak.secret, self.secrets) and fnmatch(leak.place, self.place)


HOMES = (
    Home("*", "config.json*", "the settings from which the local cloud's processes take their secrets"),
    Home("*", "output of ops local env*", "what it is for: a shell's exports"),
    Home("the key that signs *", "data/supabase/*-keys.json", "the key itself"),
    Home("an order's *", "data/runpod/jobs.db*", "RunPod uploads and reports to the addresses of the order"),
    Home("* token of *", "answer to POST */auth/v1/*", "what signing in is for"),
    Home("an access token of *", "answer to POST */_local/tokens", "what it is for"),
    Home("a refresh token of *", "table auth.refresh_tokens", "GoTrue looks it up as it is"),
    Home("a refresh token of *", "data/postgres/cluster/*", "the files of that table, its index and the log"),
    Home("a download's signature *", "answer to GET *", "the link that its customer asked for"),
)


def strays(leaks: Iterable[Leak]) -> list[Leak]:
    """Leave out what is at home."""
    return [leak for leak in leaks if not any(home.holds(leak) for home in HOMES)]


def open_homes(state: Path) -> list[str]:
    """Name the files among the homes that somebody else than their owner may read."""
    return [
        name
        for path, name in _paths(state)
        if any(fnmatch(name, home.place) for home in HOMES) and not _is_closed(path, state)
    ]


def _is_closed(path: Path, state: Path) -> bool:
    """Whether the file or a folder on the way to it, below the state's own, is its owner's alone."""
    way = [path, *path.parents]
    return any(not step.stat().st_mode & OTHERS for step in way[: way.index(state)])


def files(state: Path) -> Iterator[tuple[str, bytes]]:
    """Read every file of a local cloud that is down, SQLite's also as SQL."""
    for path, name in _paths(state):
        content = path.read_bytes()
        yield name, content
        if content.startswith(SQLITE):
            with closing(sqlite3.connect(path)) as database:
                yield name, "\n".join(database.iterdump()).encode()


def _paths(state: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(state.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path, str(path.relative_to(state))


def tables(config: Config) -> Iterator[tuple[str, bytes]]:
    """Read every table and view of the running database, the catalogues too."""
    password, port = config.secrets.postgres_password, config.ports.postgres
    address = f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{port}/postgres?sslmode=disable"
    with psycopg.connect(address, autocommit=True) as connection:
        for schema, name in connection.execute(RELATIONS).fetchall():
            query = sql.SQL("select row_to_json(t)::text from {} as t").format(sql.Identifier(schema, name))
            rows = connection.execute(query).fetchall()
            yield f"table {schema}.{name}", "\n".join(row for (row,) in rows).encode()


def commands(state: Path) -> Iterator[tuple[str, bytes]]:
    """Read the arguments of every process that was started for a local cloud."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get(STATE_DIR_VARIABLE) == str(state):
                yield f"arguments of {process.name()}", "\0".join(process.cmdline()).encode()
