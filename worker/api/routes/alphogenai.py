"""The AlphoGenAI family: the main one."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from api import document
from api.core import SUPABASE_NOT_CONFIGURED
from api.domain.job import FROM_RUNPOD, Job, Kind, State
from api.errors import ApiError, UnauthorizedError
from api.http import WEBHOOK_LIMIT, Request, Response, json_response
from api.ports import Page
from api.router import Access, Family, Route, Upload
from api.routes import files, paging
from api.usecases import assets, events, health, jobs, reports, submission

if TYPE_CHECKING:
    from api.auth import Caller
    from api.core import Core
    from api.ports import Stored

# Sizes that the renderer draws and H.264 encodes without scaling.
SIZES = [
    *("256x256", "512x512", "768x768", "1024x1024", "1280x720", "720x1280"),
    *("1792x1024", "1024x1792", "1920x1080", "1080x1920"),
]
WISH: document.Schema = {
    "type": "object",
    "required": ["prompt"],
    "properties": {
        "prompt": {"type": "string", "minLength": 1, "maxLength": 2000, "pattern": r"\S"},
        "kind": {"type": "string", "enum": [kind.value for kind in Kind], "default": Kind.VIDEO.value},
        "size": {"type": "string", "enum": SIZES, "default": "1024x1024"},
        "num_images": {"type": "integer", "minimum": 1, "maximum": 4, "default": 1},
        "duration_seconds": {"type": "integer", "minimum": 1, "maximum": 30, "default": 5},
        "seed": {"type": ["integer", "null"], "minimum": 0, "maximum": 4294967295, "default": None},
    },
}
JOBS_QUERY: document.Schema = {
    "type": "object",
    "properties": {
        **paging.PAGE["properties"],
        "status": {"type": "string", "enum": [state.value for state in State]},
        "kind": {"type": "string", "enum": [kind.value for kind in Kind]},
    },
}
RUNPOD_REPORT: document.Schema = {
    "type": "object",
    "required": ["id", "status"],
    "properties": {
        "id": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,128}$"},
        "status": {"type": "string", "enum": list(FROM_RUNPOD)},
        "delayTime": {"type": ["number", "null"]},
        "executionTime": {"type": ["number", "null"]},
        "output": {},
        "error": {},
    },
}
# CineWeave's words for a user's own job, which `GET /jobs/<id>` answers in.
_USER_STATUS = {
    State.QUEUED: "queued",
    State.SUBMITTED: "queued",
    State.RUNNING: "running",
    State.COMPLETED: "done",
}


def render_error(error: ApiError) -> dict[str, Any]:
    """Say a refusal in this family's words."""
    words: dict[str, Any] = {"ok": False, "error": error.code}
    if error.field:
        words["field"] = error.field
    if error.message:
        words["message"] = error.message
    return {**words, **error.details}


class AlphoGenAI:
    """Translates between this family's requests and the use cases."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._health = health.Health(core)

    def family(self) -> Family:
        """Give the route table."""
        admin, caller = Access.ADMIN, Access.CALLER
        routes = (
            Route("GET", "/health", "health", self.health, query=_DEEP, instant=self._health.text),
            Route("POST", "/webhooks/test", "test_webhook", self.test_webhook, upload=Upload.JSON),
            Route(
                "POST",
                "/webhooks/runpod",
                "runpod_webhook",
                self.runpod_webhook,
                upload=Upload.JSON,
                body=RUNPOD_REPORT,
            ),
            Route("PUT", "/assets/<key...>", "put_asset", self.put_asset, admin, Upload.FILE),
            Route("GET", "/assets/<key...>", "get_asset", self.get_asset, query=_DOWNLOAD),
            Route("HEAD", "/assets/<key...>", "head_asset", self.get_asset, query=_DOWNLOAD),
            Route("DELETE", "/assets/<key...>", "delete_asset", self.delete_asset, admin),
            Route("PUT", "/media/<key...>", "put_media", self.put_media, upload=Upload.FILE, query=_SIGNED),
            Route("GET", "/media/<key...>", "get_media", self.get_media, query=_SIGNED),
            Route("POST", "/jobs", "submit_job", self.submit_job, admin, Upload.JSON, WISH),
            Route("GET", "/jobs", "list_jobs", self.list_jobs, caller, query=JOBS_QUERY),
            Route("GET", "/jobs/<id>", "get_job", self.get_job, caller),
            Route("POST", "/jobs/<id>/cancel", "cancel_job", self.cancel_job, caller),
            Route("GET", "/me", "me", self.me),
            Route("GET", "/metrics", "metrics", self.metrics, admin),
        )
        return Family("AlphoGenAI", routes, render_error)

    async def health(self, request: Request) -> Response:
        """Tell what is on; with `?deep=1`, for the admin, also what answers."""
        if not request.raw_query or request.query.get("deep") != "1":
            return Response(self._health.text())
        if not self._core.auth.is_admin(request.header("authorization")):
            raise UnauthorizedError
        probes = await health.probe(self._core)
        ok = all(probe["ok"] for probe in probes.values())
        shallow = {**document.parse(self._health.text().encode()), "ok": ok, "probes": probes}
        return json_response({**shallow, "status": "healthy" if ok else "unhealthy"}, 200 if ok else 503)

    async def test_webhook(self, request: Request) -> Response:
        """Store a test webhook."""
        events.check_secret(self._core, request.header("x-webhook-secret"))
        body = await request.json(WEBHOOK_LIMIT)
        event_id = await events.record_test(self._core, request.headers(), body)
        return json_response({"ok": True, "event_id": event_id})

    async def runpod_webhook(self, request: Request) -> Response:
        """Take RunPod's report; 200 for an unknown job too: sending it again would not make it known."""
        raw = await request.bytes(WEBHOOK_LIMIT)
        job_id = request.query.get("job", "")
        reports.prove(
            self._core,
            job_id,
            token=request.query.get("token", ""),
            shared_secret=request.header("x-webhook-secret") or "",
            signature=request.header("x-runpod-signature") or "",
            body=raw,
        )
        report = document.check(RUNPOD_REPORT, document.parse(raw))
        outcome = await reports.apply(self._core, job_id, report, raw)
        return json_response({"ok": True, "known": outcome.found, "changed": outcome.changed})

    async def put_asset(self, request: Request) -> Response:
        """Store a file."""
        return await self._store(request)

    async def get_asset(self, request: Request) -> Response:
        """Give a file; a customer's only to the admin."""
        assets.check_key(request.key)
        assets.check_reader(self._core, request.key, request.header("authorization"))
        return await files.serve(self._core, request)

    async def delete_asset(self, request: Request) -> Response:
        """Remove a file."""
        return json_response(_described(await assets.remove(self._core, assets.check_key(request.key))))

    async def put_media(self, request: Request) -> Response:
        """Store a file at an address that was signed for it."""
        assets.check_signature(self._core, "PUT", assets.check_key(request.key), request.query)
        return await self._store(request)

    async def get_media(self, request: Request) -> Response:
        """Give a file at an address that was signed for it."""
        assets.check_signature(self._core, "GET", assets.check_key(request.key), request.query)
        return await files.serve(self._core, request)

    async def _store(self, request: Request) -> Response:
        key = assets.check_key(request.key)
        content_type = request.header("content-type")
        stored = await assets.put(self._core, key, request.length, request.stream, content_type)
        return json_response(_described(stored))

    async def submit_job(self, request: Request) -> Response:
        """Submit a job."""
        fields = document.check(WISH, await request.json())
        wish = submission.Wish(**{**fields, "kind": Kind(fields["kind"])})
        submitted = await submission.submit(self._core, wish, user_id=None)
        words: dict[str, Any] = {
            "ok": True,
            "status": "submitted",
            "provider": submitted.provider,
            "provider_job_id": submitted.provider_job_id,
            "job_id": submitted.job_id,
        }
        if submitted.result is not None:
            words["result"] = submitted.result
        if not submitted.stored:
            words["message"] = SUPABASE_NOT_CONFIGURED
        return json_response(words, 202 if submitted.provider_job_id is None else 200)

    async def list_jobs(self, request: Request) -> Response:
        """List jobs, the caller's own or, for the admin, all."""
        query = document.check_query(JOBS_QUERY, request.query)
        wanted = Page(
            user_id=_caller(request).user_id,
            status=State(query["status"]) if "status" in query else None,
            kind=Kind(query["kind"]) if "kind" in query else None,
            limit=query["limit"],
            after=paging.read(query.get("cursor")),
        )
        found, following = await jobs.page(self._core, wanted)
        return json_response(
            {
                "ok": True,
                "jobs": [job.to_json() for job in found],
                "next_cursor": paging.write(following),
            }
        )

    async def get_job(self, request: Request) -> Response:
        """Give a job: to the admin as the provider tells it, to its user as CineWeave does."""
        caller = _caller(request)
        if caller.user_id is None:
            return json_response(await jobs.as_provider_tells(self._core, request.key))
        return json_response(self._own(await jobs.find(self._core, request.key, caller.user_id)))

    def _own(self, job: Job) -> dict[str, Any]:
        link = next(iter(jobs.links(self._core, job)), None)
        duration = job.media[0].duration_seconds if job.media else None
        return {
            "status": _USER_STATUS.get(job.status, "failed"),
            "r2Url": link.url if link else None,
            "expiresAt": _time(link.expires) if link and link.expires else None,
            "durationSec": duration if duration is not None else job.payload.get("duration_seconds"),
        }

    async def cancel_job(self, request: Request) -> Response:
        """Cancel a job."""
        job = await jobs.cancel(self._core, request.key, _caller(request).user_id)
        return json_response({"ok": True, "job_id": job.id, "status": job.status})

    async def me(self, request: Request) -> Response:
        """Tell a user who they are."""
        if self._core.database is None:
            return json_response({"ok": True, "provider": "noop", "message": SUPABASE_NOT_CONFIGURED}, 501)
        caller = await self._core.auth.caller(request.header("authorization"))
        if caller.is_admin:  # the admin's token is nobody's account
            raise UnauthorizedError
        return json_response({"ok": True, "user": {"id": caller.user_id, "email": caller.email}})

    async def metrics(self, request: Request) -> Response:
        """Count jobs, as JSON or as Prometheus reads it."""
        counted = await self._core.need_database().metrics()
        if "text/plain" not in (request.header("accept") or ""):
            return json_response({"ok": True, **counted})
        from api.routes import prometheus  # noqa: PLC0415 - asked by few, so not at start

        return Response(prometheus.render(counted), 200, prometheus.CONTENT_TYPE)


def _flag(name: str) -> document.Schema:
    return {"type": "object", "properties": {name: {"type": "string"}}}


_DEEP = _flag("deep")
_DOWNLOAD = _flag("download")
_SIGNED: document.Schema = {
    "type": "object",
    "required": ["expires", "signature"],
    "properties": {"expires": {"type": "string"}, "signature": {"type": "string"}},
}


def _described(stored: Stored) -> dict[str, Any]:
    return {"ok": True, **asdict(stored)}


def _caller(request: Request) -> Caller:
    if request.caller is None:
        raise UnauthorizedError
    return request.caller


def _time(unix: int) -> str:
    return datetime.fromtimestamp(unix, UTC).isoformat().replace("+00:00", "Z")
