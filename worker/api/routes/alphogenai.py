"""The AlphoGenAI family: the main one."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from api import document
from api.core import SUPABASE_NOT_CONFIGURED
from api.domain.job import Kind, State
from api.errors import ApiError, UnauthorizedError
from api.http import WEBHOOK_LIMIT, Request, Response, json_response
from api.ports import Page
from api.router import Access, Family, Route, Upload
from api.routes import cineweave, files, paging, wishes
from api.usecases import assets, events, health, jobs, submission

if TYPE_CHECKING:
    from api.auth import Caller
    from api.core import Core
    from api.ports import Stored

WISH: document.Schema = {
    "type": "object",
    "required": ["prompt"],
    "properties": {
        "prompt": wishes.PROMPT,
        "kind": {"type": "string", "enum": [kind.value for kind in Kind], "default": Kind.VIDEO.value},
        "size": wishes.SIZE,
        "num_images": wishes.NUM_IMAGES,
        "duration_seconds": wishes.SECONDS,
        "seed": wishes.SEED,
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
            Route("PUT", "/assets/<key...>", "put_asset", self.put_asset, admin, Upload.FILE),
            Route("GET", "/assets/<key...>", "get_asset", self.get_asset, query=_DOWNLOAD),
            Route("HEAD", "/assets/<key...>", "head_asset", self.get_asset, query=_DOWNLOAD),
            Route("DELETE", "/assets/<key...>", "delete_asset", self.delete_asset, admin),
            Route("PUT", "/media/<key...>", "put_media", self.put_media, upload=Upload.FILE, query=_SIGNED),
            Route("GET", "/media/<key...>", "get_media", self.get_media, query=_SIGNED),
            Route("POST", "/jobs", "submit_job", self.submit_job, admin, Upload.JSON, WISH),
            Route("GET", "/jobs", "list_jobs", self.list_jobs, caller, query=JOBS_QUERY),
            Route("GET", "/jobs/<id>", "get_job", self.get_job, caller, user_words=cineweave.WORDS),
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
        if _caller(request).is_admin:
            return json_response(await jobs.as_provider_tells(self._core, request.key))
        return await cineweave.own_job(self._core, request)

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
