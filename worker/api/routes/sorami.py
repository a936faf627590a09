"""The Sorami family: images and videos by one set of routes, a gallery, notifications."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from api import document
from api.domain.job import Job, Kind, State, is_terminal
from api.errors import ApiError, ConflictError, NotFoundError, UnavailableError
from api.http import WEBHOOK_LIMIT, Request, Response, json_response
from api.ports import Page
from api.router import Access, Family, Route, Upload
from api.routes import completions, paging, times, wishes
from api.usecases import jobs, notifications, reports, submission

if TYPE_CHECKING:
    from api.core import Core
    from api.ports import Notification, Report
    from api.usecases.jobs import Link

_PLURALS = completions.PLURALS
WISHES: dict[Kind, document.Schema] = {
    Kind.IMAGE: {
        "type": "object",
        "required": ["prompt"],
        "properties": {
            "prompt": wishes.PROMPT,
            "num_images": wishes.NUM_IMAGES,
            "size": wishes.SIZE,
            "style": wishes.STYLE,
        },
    },
    Kind.VIDEO: {
        "type": "object",
        "required": ["prompt"],
        "properties": {
            "prompt": wishes.PROMPT,
            "duration_seconds": wishes.SECONDS,
            "size": wishes.SIZE,
            "style": wishes.STYLE,
        },
    },
}
_STARTED = {Kind.IMAGE: "Génération d'images démarrée", Kind.VIDEO: "Génération de vidéo démarrée"}
_DONE = {
    Kind.IMAGE: "{} image(s) générée(s) avec succès",
    Kind.VIDEO: "{} vidéo(s) générée(s) avec succès",
}
ALREADY_DONE = "Job déjà traité"
_MESSAGES = {
    "PENDING": "En attente de traitement",
    "INITIALIZING": "Initialisation de la génération",
    "GENERATING": "Génération en cours",
    "SAVING": "Enregistrement des fichiers",
    "COMPLETED": "Génération terminée avec succès",
    "FAILED": "La génération a échoué",
}
STATUSES = tuple(_MESSAGES)
_SENTENCES = {
    400: "Invalid request",
    401: "Unauthorized",
    402: "Insufficient credits",
    404: "Not found",
    405: "Method not allowed",
    409: "Job not completed",
    413: "Payload too large",
    415: "Unsupported media type",
    429: "Too many unfinished jobs",
    500: "Internal server error",
    501: "Not configured",
    502: "Provider error",
    503: "Service unavailable",
}


def render_error(error: ApiError) -> dict[str, Any]:
    """Say a refusal in this family's words: a short sentence, and a longer one where it helps."""
    if error.code == completions.MISSING_FILES:
        return {"error": error.message}
    words: dict[str, Any] = {"error": _SENTENCES[error.status]}
    if error.message:
        words["message"] = error.message
    if error.field:
        words["field"] = error.field
    return {**words, **error.details}


class Sorami:
    """Translates between this family's requests and the use cases."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def family(self) -> Family:
        """Give the route table."""
        routes = (
            *(route for kind in Kind for route in self._routes(kind)),
            Route(
                "GET",
                "/api/notifications",
                "list_notifications",
                self.notifications,
                Access.USER,
                query=paging.PAGE,
            ),
            Route(
                "POST",
                "/api/notifications/<id>/read",
                "read_notification",
                self.read_notification,
                Access.USER,
            ),
        )
        return Family("Sorami", routes, render_error)

    def _routes(self, kind: Kind) -> tuple[Route, ...]:
        user, path = Access.USER, f"/api/{_PLURALS[kind]}"
        generate, status = partial(self.generate, kind), partial(self.status, kind)
        gallery, completion = partial(self.gallery, kind), partial(self.completion, kind)
        hook, payload = f"/api/webhooks/{kind}-completion", completions.SCHEMAS[kind]
        return (
            Route("POST", f"{path}/generate", f"generate_{kind}", generate, user, Upload.JSON, WISHES[kind]),
            Route("GET", f"{path}/user", f"list_{_PLURALS[kind]}", gallery, user, query=paging.PAGE),
            Route("GET", f"{path}/status/<id>", f"{kind}_status_of", status, user),
            Route("GET", f"{path}/<id>/status", f"{kind}_status", status, user),
            Route("GET", f"{path}/<id>/result", f"{kind}_result", partial(self.result, kind), user),
            Route("POST", hook, f"{kind}_completion", completion, upload=Upload.JSON, body=payload),
        )

    async def generate(self, kind: Kind, request: Request) -> Response:
        """Submit a job."""
        fields = document.check(WISHES[kind], await request.json())
        wish = submission.Wish(
            kind=kind,
            prompt=fields["prompt"],
            size=fields["size"],
            num_images=fields.get("num_images", wishes.NUM_IMAGES["default"]),
            duration_seconds=fields.get("duration_seconds", wishes.SECONDS["default"]),
            seed=None,
            style=fields["style"],
        )
        submitted = await submission.submit(self._core, wish, request.user_id, later=request.later)
        return json_response(
            {"job_id": submitted.job_id, "status": "PENDING", "message": _STARTED[kind]}, 202
        )

    async def status(self, kind: Kind, request: Request) -> Response:
        """Tell how a job stands."""
        job = await self._find(kind, request)
        status = _status(job)
        progress = 100 if job.status is State.COMPLETED else job.progress or 0
        return json_response(
            {"job_id": job.id, "status": status, "progress": progress, "message": _MESSAGES[status]}
        )

    async def result(self, kind: Kind, request: Request) -> Response:
        """Give what a completed job made."""
        job = await self._find(kind, request)
        if job.status is not State.COMPLETED:
            status = _status(job)
            raise ConflictError(_MESSAGES[status], status=status, progress=job.progress or 0)
        output = (job.result or {}).get("output")
        told = output if isinstance(output, dict) else {}
        return json_response({**self._made(job), "metadata": told.get("metadata")})

    async def gallery(self, kind: Kind, request: Request) -> Response:
        """List the user's completed jobs with their files."""
        query = document.check_query(paging.PAGE, request.query)
        after = paging.read(query.get("cursor"))
        wanted = Page(request.user_id, State.COMPLETED, kind, query["limit"], after)
        found, following = await jobs.page(self._core, wanted)
        generations = [self._made(job) for job in found]
        return json_response({"generations": generations, "next_cursor": paging.write(following)})

    async def completion(self, kind: Kind, request: Request) -> Response:
        """Take the rendering backend's report."""
        began = self._core.clock()
        raw = await request.bytes(WEBHOOK_LIMIT)
        reports.prove_backend(
            self._core,
            shared_secret=request.header("x-webhook-secret") or "",
            signature=request.header("x-runpod-signature") or "",
            body=raw,
        )
        payload = document.check(completions.SCHEMAS[kind], document.parse(raw))
        report = completions.read(kind, payload, raw)
        try:
            outcome = await reports.complete(self._core, report)
        except UnavailableError as error:
            message = "the report could not be stored: send it again"
            raise ApiError(message, processing_time_ms=self._since(began)) from error
        if not outcome.found:
            raise NotFoundError("no such job")
        if outcome.replayed or (outcome.job and not outcome.changed and is_terminal(outcome.job.status)):
            return json_response({"success": True, "message": ALREADY_DONE})
        return json_response(
            {
                "success": True,
                "message": _taken(kind, report),
                "job_id": report.job_id,
                **({} if report.files is None else {f"{_PLURALS[kind]}_count": len(report.files)}),
                "processing_time_ms": self._since(began),
            }
        )

    async def notifications(self, request: Request) -> Response:
        """List the user's notifications."""
        query = document.check_query(paging.PAGE, request.query)
        after = paging.read(query.get("cursor"))
        found, following = await notifications.page(self._core, request.user_id, query["limit"], after)
        told = [_notification(notification) for notification in found]
        return json_response({"notifications": told, "next_cursor": paging.write(following)})

    async def read_notification(self, request: Request) -> Response:
        """Mark a notification as read."""
        notification = await notifications.read(self._core, request.user_id, request.key)
        return json_response({"success": True, "notification": _notification(notification)})

    async def _find(self, kind: Kind, request: Request) -> Job:
        job = await jobs.find(self._core, request.key, request.user_id)
        if job.kind is not kind:
            raise NotFoundError("no such job")
        return job

    def _made(self, job: Job) -> dict[str, Any]:
        return {
            "job_id": job.id,
            "status": _status(job),
            "prompt": job.payload.get("prompt"),
            _PLURALS[job.kind]: [_file(link) for link in jobs.links(self._core, job)],
            "created_at": job.created_at,
            "completed_at": job.finished_at,
        }

    def _since(self, began: float) -> int:
        return round((self._core.clock() - began) * 1000)


def _status(job: Job) -> str:
    if job.status in {State.QUEUED, State.SUBMITTED}:
        return "PENDING"
    if job.status is State.RUNNING:
        return (job.phase or "initializing").upper()
    return "COMPLETED" if job.status is State.COMPLETED else "FAILED"


def _taken(kind: Kind, report: Report) -> str:
    if report.files is not None:
        return _DONE[kind].format(len(report.files))
    if report.status is State.FAILED:
        return "Échec de génération enregistré"
    return f"Statut mis à jour: {report.phase or 'pending'}"


def _file(link: Link) -> dict[str, Any]:
    file = link.file
    return {
        "id": file.id,
        "file_path": file.key,
        "url": link.url,
        "expires_at": times.iso(link.expires),
        "description": file.description,
        "format": file.format,
        "size_bytes": file.size_bytes,
        "dimensions": f"{file.width}x{file.height}" if file.width and file.height else None,
        "duration_seconds": file.duration_seconds,
    }


def _notification(notification: Notification) -> dict[str, Any]:
    return {
        "id": notification.id,
        "type": notification.type,
        "job_id": notification.job_id,
        "message": notification.message,
        "read_at": notification.read_at,
        "created_at": notification.created_at,
    }
