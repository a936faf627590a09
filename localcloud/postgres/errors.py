"""What can go wrong with the local database, in words for the person who started it."""

from __future__ import annotations

from localcloud.errors import LocalCloudError


class PostgresError(LocalCloudError):
    """The database cannot run."""


class BinariesMissingError(PostgresError):
    """The wheel that carries PostgreSQL is not installed."""


class ClusterError(PostgresError):
    """The database's files cannot be made or used."""


class PortTakenError(PostgresError):
    """Something else listens on the database's port."""


class AlreadyRunningError(PostgresError):
    """Another process of the local cloud serves the same files."""
