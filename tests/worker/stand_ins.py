"""What the worker talks to, on one loopback port: R2, PostgREST's functions, RunPod, key servers.

The jobs are those of `memory_platform`. R2's protocol is workerd's `src/workerd/api/r2-rpc.c++`.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from api.domain.cursors import Cursor
from api.domain.job import Kind, State
from api.domain.media import MediaFile
from api.ports import Idempotency, Page, Report
from tests.worker.memory_database import MemoryDatabase

if TYPE_CHECKING:
    from api.ports import Outcome


def _outcome(outcome: Outcome) -> dict[str, Any]:
    job = outcome.job.to_json() if outcome.job else None
    return {"found": outcome.found, "changed": outcome.changed, "replayed": outcome.replayed, "job": job}


def _cursor(given: dict[str, Any]) -> Cursor | None:
    before = given["p_before_created_at"]
    return Cursor(before, given["p_before_id"]) if before else None


class World:
    """Everything that the stand-ins remember."""

    def __init__(self) -> None:
        self.database = MemoryDatabase()
        self.files: dict[str, tuple[dict[str, Any], bytes]] = {}
        self.runs: list[dict[str, Any]] = []
        self.keys: dict[str, list[dict[str, Any]]] = {}
        self.key_requests = 0
        self.refusing = False
        self.records = threading.Event()  # cleared, the record of a submission waits
        self.records.set()

    async def call(self, function: str, given: dict[str, Any]) -> Any:  # noqa: C901, PLR0911 - a table
        """Run one of the SQL functions of the contract."""
        database = self.database
        match function:
            case "job_create":
                key, request_hash = given["p_idempotency_key"], given["p_request_hash"]
                idempotency = Idempotency(key, request_hash) if key else None
                kind, payload = Kind(given["p_kind"]), given["p_payload"]
                placed = await database.create(given["p_user_id"], kind, payload, idempotency)
                return {"outcome": placed.outcome, "job": placed.job.to_json() if placed.job else None}
            case "job_submitted":
                self.records.wait(10)
                job = await database.submitted(
                    given["p_job_id"],
                    State(given["p_status"]),
                    given["p_provider"],
                    given["p_provider_job_id"],
                    given["p_result"],
                )
                return job.to_json()
            case "job_get":
                found = await database.get(given["p_id"], given["p_user_id"])
                return found.to_json() if found else None
            case "job_list":
                page = Page(
                    given["p_user_id"],
                    State(given["p_status"]) if given["p_status"] else None,
                    Kind(given["p_kind"]) if given["p_kind"] else None,
                    given["p_limit"],
                    _cursor(given),
                )
                return [job.to_json() for job in await database.page(page)]
            case "job_provider_event":
                report = Report(
                    given["p_job_id"],
                    given["p_provider_job_id"],
                    State(given["p_status"]),
                    given["p_phase"],
                    given["p_progress"],
                    given["p_result"],
                    tuple(MediaFile.parse(file) for file in given["p_files"] or ()),
                    given["p_delivery"],
                    Kind(given["p_kind"]) if given["p_kind"] else None,
                )
                return _outcome(await database.report(report))
            case "job_cancel":
                return _outcome(await database.cancel(given["p_job_id"], given["p_user_id"]))
            case "account_get":
                return asdict(await database.account(given["p_user_id"]))
            case "notification_list":
                told = await database.notifications(given["p_user_id"], given["p_limit"], _cursor(given))
                return [asdict(one) for one in told]
            case "notification_read":
                read = await database.read_notification(given["p_user_id"], given["p_id"])
                return asdict(read) if read else None
            case "jobs_claim_silent":
                silent = await database.claim_silent(given["p_limit"], given["p_silent_seconds"])
                return [job.to_json() for job in silent]
            case "event_record":
                return await database.record(given["p_type"], given["p_payload"])
            case "job_metrics":
                return {
                    "jobs": {},
                    "credits_consumed": 0,
                    "success_rate": None,
                    "queue_seconds": [1, 2, 3],
                    "render_seconds": None,
                }
        raise AssertionError(function)

    def runpod(self, method: str, path: str, body: dict[str, Any] | None) -> tuple[int, dict[str, Any]]:
        """Answer as RunPod's endpoint does."""
        operation, _, name = path.partition("/")
        if self.refusing:
            return 500, {"error": "no workers"}
        if (method, operation) == ("POST", "run"):
            self.runs.append(body or {})
            return 200, {"id": f"rp-{len(self.runs)}", "status": "IN_QUEUE"}
        if operation in {"status", "cancel"} and name.removeprefix("rp-").isdigit():
            status = "CANCELLED" if operation == "cancel" else "IN_PROGRESS"
            return 200, {"id": name, "status": status, "delayTime": 3}
        return (200, {"workers": {}}) if operation == "health" else (404, {"error": "not found"})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    world: World

    def log_message(self, *_: object) -> None:
        """Say nothing: tests print only what fails."""

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding") == "chunked":
            pieces = b""
            while size := int(self.rfile.readline(), 16):
                pieces += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return pieces
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _json(self, status: int, value: Any) -> None:
        self._send(status, json.dumps(value).encode(), content_type="application/json")

    def _serve(self) -> None:
        body = self._body()
        if "cf-r2-request" in self.headers or "cf-r2-metadata-size" in self.headers:
            return self._r2(body)
        if self.path.startswith("/rest/v1/rpc/"):
            function = self.path.rpartition("/")[2]
            return self._json(200, asyncio.run(self.world.call(function, json.loads(body))))
        if self.path.endswith("/.well-known/jwks.json"):
            self.world.key_requests += 1
            return self._json(200, {"keys": self.world.keys.get(self.path, [])})
        if self.path.startswith("/v2/endpoint-1/"):
            path = self.path.removeprefix("/v2/endpoint-1/")
            return self._json(*self.world.runpod(self.command, path, json.loads(body) if body else None))
        return self._json(404, {})

    do_GET = do_POST = do_PUT = _serve  # noqa: N815 - the base class's names

    def _r2(self, body: bytes) -> None:
        if self.command == "GET":
            request, content = json.loads(self.headers["cf-r2-request"]), b""
        else:
            size = int(self.headers["cf-r2-metadata-size"])
            request, content = json.loads(body[:size]), body[size:]
        key, method, files = request.get("object", ""), request["method"], self.world.files
        if method == "put":
            etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
            http = request.get("httpFields") or {}
            described = {"name": key, "version": etag, "size": len(content), "etag": etag, "uploaded": 1}
            files[key] = ({**described, "httpFields": http, "customFields": [], "checksums": {}}, content)
            return self._metadata(files[key][0], b"")
        if method == "delete":
            files.pop(key, None)
            return self._metadata({}, b"")
        if key not in files:
            return self._r2_error(404, 10007)
        described, content = files[key]
        if method == "head":
            return self._metadata(described, b"")
        asked = request.get("range") or {}
        offset = int(asked.get("offset") or 0)
        if "suffix" in asked:
            offset = max(len(content) - int(asked["suffix"]), 0)
        if asked and offset >= len(content):
            return self._r2_error(416, 10039)
        length = min(int(asked.get("length") or len(content)), len(content) - offset)
        if asked:
            described = {**described, "range": {"offset": offset, "length": length}}
        return self._metadata(described, content[offset : offset + length])

    def _metadata(self, described: dict[str, Any], content: bytes) -> None:
        metadata = json.dumps(described).encode()
        self._send(200, metadata + content, cf_r2_metadata_size=str(len(metadata)))

    def _r2_error(self, status: int, code: int) -> None:
        error = json.dumps({"version": 1, "v4code": code, "message": "refused"})
        self._send(status, b"", cf_r2_error=error)


class StandIns:
    """The server; `world` is what it remembers."""

    def __init__(self) -> None:
        self.world = World()
        handler = type("Handler", (_Handler,), {"world": self.world})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
