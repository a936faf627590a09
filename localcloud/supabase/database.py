"""Connections to the local database for one login role."""

from __future__ import annotations

import asyncio
import logging
import select
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.pq import TransactionStatus

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from localcloud.config import Config

    Connection = psycopg.AsyncConnection[Any]

# It warns of the later errors of a pipeline, whose first error is raised and answered.
logging.getLogger("psycopg").setLevel(logging.ERROR)

CONNECT_SECONDS = 3
WAIT_SECONDS = 5


class BusyError(Exception):
    """Every connection is taken, and none came back in time."""


class Connections:
    """At most `size` connections of one role, opened when needed and kept.

    Unlike with a pool that reconnects in the background, a request that finds the database down knows at
    once, and the first one after its return is served. A closed connection is noticed without asking.
    """

    def __init__(
        self, config: Config, role: str, size: int, on_notify: Callable[[], None] | None = None
    ) -> None:
        self._parameters: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": config.ports.postgres,
            "user": role,
            "password": config.secrets.postgres_password,
            "dbname": "postgres",
            "sslmode": "disable",
            "connect_timeout": CONNECT_SECONDS,
            "application_name": "localcloud.supabase",
        }
        self._on_notify = on_notify
        self._idle: list[Connection] = []
        self._free = asyncio.Semaphore(size)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Connection]:
        """Lend a connection in autocommit mode; a transaction left open is rolled back.

        Raises:
            BusyError: none became free in time.
            psycopg.OperationalError: the database does not answer.
        """
        try:
            await asyncio.wait_for(self._free.acquire(), WAIT_SECONDS)
        except TimeoutError:
            raise BusyError from None
        try:
            connection = await self._take()
            try:
                yield connection
            finally:
                await self._give_back(connection)
        finally:
            self._free.release()

    async def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            await self._idle.pop().close()

    async def _take(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if self._lives(connection):
                return connection
            await connection.close()
        connection = await psycopg.AsyncConnection.connect(**self._parameters, autocommit=True)
        if self._on_notify is not None:
            on_notify = self._on_notify
            connection.add_notify_handler(lambda _: on_notify())
            await connection.execute("listen pgrst")
        return connection

    def _lives(self, connection: Connection) -> bool:
        """Look at what the server sent while the connection was idle: news of the schema, or the end."""
        if connection.closed:
            return False
        poller = select.poll()
        poller.register(connection.fileno(), select.POLLIN)
        if not poller.poll(0):
            return True
        try:
            connection.pgconn.consume_input()
        except psycopg.OperationalError:
            return False
        while connection.pgconn.notifies():
            if self._on_notify is not None:
                self._on_notify()
        return not poller.poll(0)

    async def _give_back(self, connection: Connection) -> None:
        status = connection.info.transaction_status
        if status in {TransactionStatus.INTRANS, TransactionStatus.INERROR}:
            await connection.rollback()
        if connection.closed or connection.info.transaction_status is not TransactionStatus.IDLE:
            await connection.close()
        else:
            self._idle.append(connection)
