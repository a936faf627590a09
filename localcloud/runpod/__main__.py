"""`python -m localcloud.runpod`: the local cloud's RunPod, in the foreground."""

from __future__ import annotations

import sys

from localcloud import config
from localcloud.errors import SettingsError
from localcloud.runpod import settings, worker
from localcloud.runpod.app import create_app
from localcloud.runpod.dispatcher import Dispatcher
from localcloud.runpod.store import StateError, Store
from localcloud.serve import serve

WRONG_SETTINGS = 2
STATE_UNUSABLE = 3


def main() -> int:
    """Serve until told to end."""
    try:
        local = config.load()
        patience = settings.read()
        state = local.data("runpod")
        store = Store(state / "jobs.db")
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return WRONG_SETTINGS
    except StateError as error:
        sys.stderr.write(f"{error}\n")
        return STATE_UNUSABLE
    worker.reap(state)
    dispatcher = Dispatcher(store, patience, f"http://127.0.0.1:{local.ports.runpod}", state)
    serve(create_app(dispatcher, local.secrets.runpod_api_key), local.ports.runpod)
    return 0


if __name__ == "__main__":
    sys.exit(main())
