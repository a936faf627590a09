"""The CineWeave family: videos paid with credits, and what RunPod reports of them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from api import document
from api.domain.job import FROM_RUNPOD, Job, Kind, State
from api.http import WEBHOOK_LIMIT, Request, Response, json_response
from api.ports import Idempotency
from api.router import Access, Family, Route, Upload, Words
from api.routes import times, wishes
from api.usecases import accounts, jobs, reports, submission

if TYPE_CHECKING:
    from api.core import Core
    from api.errors import ApiError

WISH: document.Schema = {
    "type": "object",
    "required": ["prompt"],
    "properties": {
        "prompt": wishes.PROMPT,
        "imageUrl": wishes.IMAGE_URL,
        "durationSec": wishes.SECONDS,
        "seed": wishes.SEED,
    },
}
IDEMPOTENCY_HEADER = "Idempotency-Key"
IDEMPOTENCY_KEY: document.Schema = {"type": "string", "pattern": "^[!-~]+$", "maxLength": 255}
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
_STATUS = {
    State.QUEUED: "queued",
    State.SUBMITTED: "queued",
    State.RUNNING: "running",
    State.COMPLETED: "done",
}
# Sentences that clients show as they are; what has none here says what is wrong in its own words.
_SENTENCES = {
    401: "Unauthorized",
    402: "Insufficient credits",
    429: "Too many unfinished jobs",
    500: "Internal server error",
}


def render_error(error: ApiError) -> dict[str, Any]:
    """Say a refusal in this family's words: a sentence, and a code that never changes."""
    words = {
        "detail": _SENTENCES.get(error.status) or error.message or error.code,
        "code": error.code.upper(),
    }
    if error.field:
        words["field"] = error.field
    if "job_id" in error.details:
        words["jobId"] = error.details["job_id"]
    return words


WORDS = Words("CineWeave", render_error)


class CineWeave:
    """Translates between this family's requests and the use cases."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def family(self) -> Family:
        """Give the route table; `GET /jobs/<id>` is the main family's, with `own_job` for users."""
        hook, take = "/webhooks/runpod", self.runpod_webhook
        routes = (
            Route("POST", "/jobs/create", "create_job", self.create_job, Access.USER, Upload.JSON, WISH),
            Route("GET", "/credits", "credits", self.credits, Access.USER),
            Route("POST", hook, "runpod_webhook", take, upload=Upload.JSON, body=RUNPOD_REPORT),
        )
        return Family(WORDS.family, routes, WORDS.render_error)

    async def create_job(self, request: Request) -> Response:
        """Submit a video."""
        key = request.header(IDEMPOTENCY_HEADER.lower())
        if key is not None:
            document.check(IDEMPOTENCY_KEY, key, IDEMPOTENCY_HEADER)
        fields = document.check(WISH, await request.json())
        wishes.check_address(fields["imageUrl"], "imageUrl")
        wish = submission.Wish(
            kind=Kind.VIDEO,
            prompt=fields["prompt"],
            size=wishes.DEFAULT_SIZE,
            num_images=wishes.NUM_IMAGES["default"],
            duration_seconds=fields["durationSec"],
            seed=fields["seed"],
            image_url=fields["imageUrl"],
        )
        idempotency = None if key is None else Idempotency(key, _fingerprint(fields))
        submitted = await submission.submit(self._core, wish, request.user_id, idempotency, request.later)
        return json_response({"jobId": submitted.job_id})

    async def credits(self, request: Request) -> Response:
        """Tell a user the balance."""
        account = await accounts.of(self._core, request.user_id)
        return json_response({"credits": account.credits, "plan": account.plan})

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


async def own_job(core: Core, request: Request) -> Response:
    """Tell a user how the own job stands."""
    job = await jobs.find(core, request.key, request.user_id)
    link = next(iter(jobs.links(core, job)), None)
    return json_response(
        {
            "status": _STATUS.get(job.status, "failed"),
            "r2Url": link.url if link else None,
            "expiresAt": times.iso(link.expires) if link else None,
            "durationSec": _seconds(job),
        }
    )


def _seconds(job: Job) -> float | None:
    rendered = job.media[0].duration_seconds if job.media else None
    return rendered if rendered is not None else job.payload.get("duration_seconds")


def _fingerprint(fields: dict[str, Any]) -> str:
    """Tell requests apart by what they wish for: spaces and the order of fields are no difference."""
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
