"""`python -m localcloud.cloudflare`: the Cloudflare API of this local cloud, in the foreground."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from localcloud import config
from localcloud.cloudflare.app import create_app
from localcloud.cloudflare.cloud import Cloud, utc_now
from localcloud.cloudflare.edge import LoopbackEdge
from localcloud.cloudflare.sealing import Seal, check_key
from localcloud.cloudflare.store import Store
from localcloud.cloudflare.zones import seed
from localcloud.errors import LocalCloudError
from localcloud.r2.store import Store as ObjectStore
from localcloud.serve import serve

if TYPE_CHECKING:
    from localcloud.request_log import RequestLog

WRONG_SETTINGS = 2
STATE_UNUSABLE = 3


def compose(settings: config.Config) -> RequestLog:
    """Wire the emulator from this checkout's settings.

    Raises:
        LocalCloudError: a state file cannot be used.
    """
    store = Store(settings.data("cloudflare") / "state.db")
    seal = Seal(settings.secrets.control)
    with store.writing() as records:
        check_key(records, seal)
        seed(records, config.ACCOUNT_ID, config.ZONES, utc_now())
    cloud = Cloud(
        config.ACCOUNT_ID,
        store,
        LoopbackEdge(settings.ports.edge_control, settings.secrets.control),
        ObjectStore(settings.data("r2")),
        seal,
    )
    return create_app(cloud, settings.secrets.cloudflare_api_token, settings.secrets.control)


def main() -> int:
    """Serve until told to end."""
    try:
        settings = config.load()
        serve(compose(settings), settings.ports.cloudflare)
    except config.ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return WRONG_SETTINGS
    except LocalCloudError as error:
        sys.stderr.write(f"{error}\n")
        return STATE_UNUSABLE
    return 0


if __name__ == "__main__":
    sys.exit(main())
