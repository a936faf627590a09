"""Calls made at the same moment, each on a connection of its own, with the API's rights."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tests.localcloud.postgres.throwaway import Cloud
    from tests.supabase.conftest import Database


def together(cloud: Cloud, database: Database, function: str, calls: Sequence[Sequence[Any]]) -> list[Any]:
    """Call a function once for each list of arguments, from up to 16 connections at once."""
    return mixed(cloud, database, [(function, arguments) for arguments in calls])


def mixed(cloud: Cloud, database: Database, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
    """Make the calls, each a function and its arguments, from up to 16 connections at once."""

    def call(connection: Any, named: tuple[str, Sequence[Any]]) -> Any:
        function, arguments = named
        places = ", ".join(["%s"] * len(arguments))
        return connection.execute(f"select public.{function}({places})", arguments).fetchone()[0]

    return connected(cloud, database, "service_role", call, calls)


def connected(
    cloud: Cloud, database: Database, role: str, act: Callable[[Any, Any], Any], given: Iterable[Any]
) -> list[Any]:
    """Act on each of what is given, from up to 16 connections of a role at once."""
    name = database.connection.info.dbname
    connections = threading.local()
    opened: list[Any] = []

    def acted(one: Any) -> Any:
        if not hasattr(connections, "own"):
            connections.own = cloud.connect(name, options=f"-c role={role}")
            opened.append(connections.own)
        return act(connections.own, one)

    try:
        with ThreadPoolExecutor(16) as pool:
            return list(pool.map(acted, given))
    finally:
        for connection in opened:
            connection.close()
