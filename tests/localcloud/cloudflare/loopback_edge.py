"""A small edge on loopback: it speaks the control port's protocol and pulls, and runs no code."""

from __future__ import annotations

import json
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class LoopbackEdgeServer:
    """Answers `check` and `sync` on a free port; `state` and `versions` are what it pulled."""

    def __init__(self, token: str) -> None:
        self.cloudflare = ""  # where to pull from; set once that port is known
        self.token = token
        self.state: dict[str, Any] = {}
        self.versions: dict[str, Any] = {}
        edge = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                status, body = edge.answer(self.path, self.headers.get("authorization"))
                raw = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_args: object) -> None:
                """Tests read assertions, not access logs."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: int = self.server.server_address[1]
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self.thread.start()

    def answer(self, path: str, authorization: str | None) -> tuple[int, dict[str, Any]]:
        if authorization != f"Bearer {self.token}":
            return 401, {"ok": False, "error": "wrong token"}
        if path == "/sync":
            self.state = self._pull("/_local/edge")
            return 200, {"ok": True}
        version_id = path.split("/")[2]
        version = self.versions[version_id] = self._pull(f"/_local/edge/versions/{version_id}")
        if any(module["name"] == "broken.py" for module in version["modules"]):
            return 422, {"ok": False, "error": "SyntaxError: bad", "detail": "File broken.py, line 1"}
        return 200, {"ok": True, "startup_ms": 3}

    def _pull(self, path: str) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {self.token}"}
        request = urllib.request.Request(self.cloudflare + path, headers=headers)  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
            document: dict[str, Any] = json.load(answer)
            return document

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
