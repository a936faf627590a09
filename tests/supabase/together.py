"""Calls made at the same moment, each on a connection of its own."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.localcloud.postgres.throwaway import Cloud
    from tests.supabase.conftest import Database


def together(cloud: Cloud, database: Database, function: str, calls: Sequence[Sequence[Any]]) -> list[Any]:
    """Call a function once for each list of arguments, from up to 16 connections at once."""
    name = database.connection.info.dbname
    connections = threading.local()
    opened: list[Any] = []

    def call(arguments: Sequence[Any]) -> Any:
        if not hasattr(connections, "own"):
            connections.own = cloud.connect(name)
            opened.append(connections.own)
        places = ", ".join(["%s"] * len(arguments))
        return connections.own.execute(f"select public.{function}({places})", arguments).fetchone()[0]

    try:
        with ThreadPoolExecutor(16) as pool:
            return list(pool.map(call, calls))
    finally:
        for connection in opened:
            connection.close()
