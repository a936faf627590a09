"""`python -m localcloud.postgres`: the local cloud's database, in the foreground."""

from __future__ import annotations

import sys

from localcloud import config
from localcloud.postgres import server
from localcloud.postgres.cluster import Cluster
from localcloud.postgres.errors import PostgresError

FAILED = 1
WRONG_SETTINGS = 2


def main() -> int:
    """Prepare the database's files and serve them until told to end."""
    try:
        settings = config.load()
        cluster = Cluster.at(settings.data("postgres"))
        with server.held(cluster):
            server.clear_leftovers(cluster)
            cluster.prepare(settings.secrets.postgres_password)
            return server.run(cluster, settings.ports.postgres)
    except config.ConfigError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the person's terminal or the supervisor's log
        return WRONG_SETTINGS
    except PostgresError as error:
        print(error, file=sys.stderr)  # noqa: T201 - as above
        return FAILED


sys.exit(main())
