"""`python -m localcloud.aws`: S3 and IAM, by moto, in the foreground.

Not `moto_server` itself: its log would hold the queries of signed addresses.
"""

from __future__ import annotations

import signal
import sys

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import run_simple

from localcloud import config, journal

WRONG_SETTINGS = 2


class Requests(MotoRequestHandler):
    """Serves a request, and writes its line."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write what was asked and how it ended, without the query."""
        del size
        journal.write("request", method=self.command, path=self.path.partition("?")[0], status=int(code))


def main() -> int:
    """Serve until told to end."""
    try:
        port = config.load().ports.aws
    except config.ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return WRONG_SETTINGS
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    app = DomainDispatcherApplication(create_backend_app)
    run_simple("127.0.0.1", port, app, threaded=True, request_handler=Requests)
    return 0


if __name__ == "__main__":
    sys.exit(main())
