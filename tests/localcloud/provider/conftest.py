from __future__ import annotations

import json
import re
import threading
import uuid
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from localcloud.provider import install
from tests.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator

FIXTURES = Path(__file__).parent / "fixtures"


@dataclass
class Api:
    """A server that keeps what it is sent and gives it back, as Cloudflare does, and lists every request."""

    port: int = 0
    requests: list[dict[str, Any]] = field(default_factory=list)
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    # What the next requests are answered with instead: status and error, in order.
    refusals: list[tuple[int, str]] = field(default_factory=list)
    tokens: set[str | None] = field(default_factory=set)

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        self.requests.append({"method": method, "path": path, **({} if body is None else {"body": body})})
        if self.refusals:
            status, message = self.refusals.pop(0)
            return status, {"success": False, "errors": [{"code": 10021, "message": message}], "result": None}
        return self._result(method, path.partition("?")[0], body)

    def _result(self, method: str, place: str, body: Any) -> tuple[int, Any]:
        if method == "DELETE":
            self.kept.pop(place, None)
        elif method == "POST" and not place.endswith("/subdomain"):
            body = {"id": str(uuid.uuid4()), **body}
            place = f"{place}/{body['name'] if place.endswith('/r2/buckets') else body['id']}"
        if isinstance(body, list):  # cron triggers are sent as they are, and answered by their name
            body = {"schedules": body}
        if body is not None:
            body = {**body, **({"location": body["locationHint"]} if "locationHint" in body else {})}
            self.kept[place] = {**self.kept.get(place, {}), **_without_secrets(body)}
        if method == "GET" and place not in self.kept:
            return 404, {
                "success": False,
                "errors": [{"code": 10007, "message": "not found"}],
                "result": None,
            }
        return 200, {"success": True, "errors": [], "messages": [], "result": self.kept.get(place)}


def _without_secrets(body: dict[str, Any]) -> dict[str, Any]:
    bindings = [
        {key: text for key, text in binding.items() if binding["type"] != "secret_text" or key != "text"}
        for binding in body.get("bindings", [])
    ]
    return {**body, "bindings": bindings} if bindings else body


@pytest.fixture
def api() -> Iterator[Api]:
    state = Api()

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            state.tokens.add(self.headers.get("Authorization"))
            status, document = state.answer(self.command, self.path, body)
            payload = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield state
    server.shutdown()
    server.server_close()


@pytest.fixture
def pulumi(api: Api, tmp_path: Path) -> Engine:
    """The engine with the recorded program and the provider host, pointed at the recording server."""
    engine = Engine.prepared(
        tmp_path,
        FIXTURES,
        CLOUDFLARE_BASE_URL=f"http://127.0.0.1:{api.port}",
        CLOUDFLARE_API_TOKEN="canary-token",
    )
    install.install(tmp_path / "home")
    return engine


def normal(requests: list[dict[str, Any]]) -> list[str]:
    """Requests without what differs from run to run: ids, the account, the zone, the order."""
    texts = []
    for request in requests:
        text = json.dumps({key: value for key, value in request.items() if key != "phase"}, sort_keys=True)
        text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "{id}", text)
        texts.append(text.replace("a" * 32, "{account_id}").replace("b" * 32, "{zone_id}"))
    return sorted(texts)
