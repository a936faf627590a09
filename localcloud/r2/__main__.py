"""`python -m localcloud.r2`: the buckets of this local cloud, in the foreground."""

from __future__ import annotations

import sys

from localcloud import config
from localcloud.r2.errors import StateError
from localcloud.r2.server import Server, fail
from localcloud.r2.store import Store
from localcloud.request_log import RequestLog
from localcloud.serve import serve

WRONG_SETTINGS = 2
STATE_UNUSABLE = 3


def main() -> int:
    """Serve until told to end."""
    try:
        settings = config.load()
        store = Store(settings.data("r2"))
        with store.serving():
            serve(RequestLog(Server(store, settings.secrets.control), fail), settings.ports.r2)
    except config.ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return WRONG_SETTINGS
    except StateError as error:
        sys.stderr.write(f"{error}\n")
        return STATE_UNUSABLE
    return 0


if __name__ == "__main__":
    sys.exit(main())
