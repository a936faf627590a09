"""`python -m localcloud.supabase`: the local cloud's Supabase, in the foreground."""

from __future__ import annotations

import sys

from localcloud import config
from localcloud.serve import serve
from localcloud.supabase.app import build

WRONG_SETTINGS = 2


def main() -> int:
    """Serve until told to end."""
    try:
        settings = config.load()
    except config.ConfigError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the person's terminal or the supervisor's log
        return WRONG_SETTINGS
    serve(build(settings), settings.ports.supabase)
    return 0


sys.exit(main())
