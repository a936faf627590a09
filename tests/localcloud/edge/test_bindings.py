from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.localcloud.edge.cloud import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.localcloud.edge.cloud import Cloud

BOUND = """
from workers import WorkerEntrypoint, Response, fetch
import json
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if "/r2" in request.url:
            found = await self.env.MEDIA.head("a/b")
            return Response(str(found))
        if "/out" in request.url:
            try:
                answer = await fetch(request.url.split("to=")[1])
                return Response(await answer.text(), answer.status)
            except Exception as error:
                return Response(type(error).__name__, 599)
        if "/later" in request.url:
            async def later():
                import asyncio
                await asyncio.sleep(0.05)
                await fetch(request.url.split("to=")[1])
            self.ctx.waitUntil(later())
            return Response("soon")
        env = self.env
        return Response.from_json({"plain": env.PLAIN, "secret": env.SECRET, "limit": env.LIMITS.jobs})
"""
TEXT = 'quotes " \\ and\nlines, é ✓'


@pytest.fixture
def heard() -> Iterator[tuple[int, list[dict[str, str]]]]:
    """A server on loopback that keeps the headers of what it was asked, and knows no object."""
    requests: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(
                {name.lower(): value for name, value in self.headers.items()} | {"path": self.path}
            )
            missing = "cf-r2-request" in self.headers
            self.send_response(404 if missing else 200)
            self.send_header(
                "cf-r2-error", json.dumps({"version": 1, "v4code": 10007, "message": "no such key"})
            )
            self.send_header("content-length", "0" if missing else "5")
            self.end_headers()
            self.wfile.write(b"" if missing else b"heard")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port, requests
    server.shutdown()
    server.server_close()


@pytest.fixture
def bound(cloud: Cloud, heard: tuple[int, list[dict[str, str]]]) -> Cloud:
    """The worker above, with its R2 binding led to the server above."""
    settings = cloud.config.state_dir / "config.json"
    document: dict[str, Any] = json.loads(settings.read_text())
    document["ports"]["r2"] = heard[0]
    cloud.stop()
    settings.write_text(json.dumps(document))
    cloud.start()
    bindings: list[dict[str, Any]] = [
        {"type": "plain_text", "name": "PLAIN", "text": TEXT},
        {"type": "secret_text", "name": "SECRET", "text": TEXT * 2},
        {"type": "json", "name": "LIMITS", "json": {"jobs": 5}},
        {"type": "r2_bucket", "name": "MEDIA", "bucket_name": "media-local"},
    ]
    cloud.serve("v1", BOUND, bindings)
    return cloud


def test_bindings_reach_the_worker_and_r2_goes_to_its_process(
    bound: Cloud, heard: tuple[int, list[dict[str, str]]]
) -> None:
    assert bound.get().json() == {"plain": TEXT, "secret": TEXT * 2, "limit": 5}
    assert bound.get("/r2").text in {"None", "null", "jsnull"}
    (request,) = heard[1]
    assert request["x-r2-bucket"] == "media-local"
    assert request["authorization"] == f"Bearer {bound.config.secrets.control}"
    assert json.loads(request["cf-r2-request"]) == {"version": 1, "method": "head", "object": "a/b"}


def test_a_worker_may_call_loopback_and_nothing_else(
    bound: Cloud, heard: tuple[int, list[dict[str, str]]]
) -> None:
    assert bound.get(f"/out?to=http://127.0.0.1:{heard[0]}/x").text == "heard"
    assert bound.get("/out?to=http://192.0.2.1/").status_code == 599


def test_work_may_outlive_the_answer(bound: Cloud, heard: tuple[int, list[dict[str, str]]]) -> None:
    assert bound.get(f"/later?to=http://127.0.0.1:{heard[0]}/after").text == "soon"
    until(lambda: any(request["path"] == "/after" for request in heard[1]), "the later call")
