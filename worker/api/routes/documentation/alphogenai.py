"""What the documentation says of the main family's operations."""

from __future__ import annotations

from api.document import Schema  # noqa: TC001 - documentation is not on any hot path
from api.domain.job import Kind, State
from api.operations import (
    ANY_OBJECT,
    FLAG,
    INTEGER,
    NULLABLE_TEXT,
    TEXT,
    Answered,
    Operation,
    header,
    record,
)
from api.routes.documentation.cineweave import OWN_JOB
from api.routes.documentation.health import HEALTH, HEALTHY
from api.routes.documentation.metrics import COUNTED, METRICS
from api.routes.documentation.words import (
    DATABASE_DOWN,
    JOB_ID,
    NEXT_PAGE,
    NO_DATABASE,
    NO_JOB,
    NO_SECRET,
    NOT_PROVEN,
    RUNPOD_ID,
)

STORAGE_DOWN = "The storage does not answer; try again"
NO_STORAGE = "No bucket is bound"
NO_FILE = "There is no such file"

ERRORS: dict[str, Schema] = {
    "AlphoGenAIError": {
        "type": "object",
        "required": ["ok", "error"],
        "properties": {
            "ok": {"const": False},
            "error": {"type": "string", "description": "A stable code"},
            "field": {"type": "string", "description": "The field that is wrong"},
            "message": {"type": "string", "description": "The same for a person"},
            "job_id": {"type": "string"},
            "status": {"type": "string"},
        },
        "example": {"ok": False, "error": "unauthorized"},
    },
}

STORED = record(ok=FLAG, key=TEXT, size=INTEGER, etag=TEXT, content_type=TEXT)
STORED_EXAMPLE = {
    "ok": True,
    "key": "test.txt",
    "size": 11,
    "etag": '"b10a8db164e0754105b7a99be72e3fe5"',
    "content_type": "text/plain",
}
FILE: Schema = {"type": "string", "format": "binary"}
MADE = record(
    ordinal=INTEGER,
    key=NULLABLE_TEXT,
    url=NULLABLE_TEXT,
    content_type=NULLABLE_TEXT,
    format=NULLABLE_TEXT,
    size_bytes={"type": ["integer", "null"]},
    width={"type": ["integer", "null"]},
    height={"type": ["integer", "null"]},
    duration_seconds={"type": ["number", "null"]},
    sha256=NULLABLE_TEXT,
    description=NULLABLE_TEXT,
    id=NULLABLE_TEXT,
)
JOB = record(
    id=TEXT,
    user_id=NULLABLE_TEXT,
    kind={"type": "string", "enum": [kind.value for kind in Kind]},
    status={"type": "string", "enum": [state.value for state in State]},
    phase=NULLABLE_TEXT,
    progress={"type": ["integer", "null"]},
    provider=NULLABLE_TEXT,
    provider_job_id=NULLABLE_TEXT,
    payload=ANY_OBJECT,
    result={"type": ["object", "null"]},
    credits=INTEGER,
    created_at=TEXT,
    submitted_at=NULLABLE_TEXT,
    started_at=NULLABLE_TEXT,
    finished_at=NULLABLE_TEXT,
    files={"type": "array", "items": MADE},
)
SUBMITTED: Schema = {
    **record(ok=FLAG, status=TEXT, provider=TEXT, provider_job_id=NULLABLE_TEXT, job_id=TEXT),
    "description": "`message` is there where no database is configured: the job is then not stored",
}
RUNPOD_JOB = record(id=TEXT, status=TEXT)
ETAGS = header("If-None-Match", "ETags that the client holds", '"b10a8db164e0754105b7a99be72e3fe5"')
UNCHANGED = Answered("The client holds the current file")
READ_REFUSALS = {
    401: "The file is a customer's, and the caller is not the admin",
    404: NO_FILE,
    501: NO_STORAGE,
    503: STORAGE_DOWN,
}
DOWNLOAD = "`?download=1` adds `Content-Disposition: attachment`. Keys under `media/` are customers'."
READ = Operation(
    "Read a file",
    {
        200: Answered("The file", FILE, media="*/*"),
        206: Answered("The part that `Range` asks for", FILE, media="*/*"),
        304: UNCHANGED,
    },
    {**READ_REFUSALS, 416: "No byte of the file lies in the range"},
    description=DOWNLOAD,
    parameters=(header("Range", "One range of bytes", "bytes=0-99"), ETAGS),
)
SIGNED_REFUSALS = {
    401: "The signature is wrong or expired",
    501: "No bucket or no webhook secret",
    503: STORAGE_DOWN,
}
_JOB = {"id": "$response.body#/job_id"}
_KEY = {"key": "$response.body#/key"}

OPERATIONS: dict[str, Operation] = {
    "health": Operation(
        "What this worker is and can do",
        {
            200: Answered("Healthy", HEALTH, HEALTHY),
            503: Answered("With `?deep=1`: something that it depends on is down", HEALTH),
        },
        {401: "With `?deep=1`: not the admin"},
        description="No I/O. With `?deep=1` and the admin's token also probes what it depends on.",
    ),
    "test_webhook": Operation(
        "Send a test webhook",
        {200: Answered("Stored", record(ok=FLAG, event_id=INTEGER), {"ok": True, "event_id": 17})},
        {401: "The secret is wrong", 501: f"{NO_SECRET}, or no database", 503: DATABASE_DOWN},
        request_example={"test": True},
        security=("webhookSecret",),
    ),
    "put_asset": Operation(
        "Store a file",
        {200: Answered("Stored", STORED, STORED_EXAMPLE)},
        {501: NO_STORAGE, 503: STORAGE_DOWN},
        links={"get_asset": _KEY, "head_asset": _KEY, "delete_asset": _KEY},
    ),
    "get_asset": READ,
    "head_asset": Operation(
        "Describe a file",
        {200: Answered("The file's headers"), 304: UNCHANGED},
        READ_REFUSALS,
        description=DOWNLOAD,
        parameters=(ETAGS,),
    ),
    "delete_asset": Operation(
        "Remove a file",
        {200: Answered("Removed; this is what it was", STORED, STORED_EXAMPLE)},
        {404: NO_FILE, 501: NO_STORAGE, 503: STORAGE_DOWN},
        links={"get_asset": _KEY, "head_asset": _KEY},
    ),
    "put_media": Operation(
        "Store a rendered file at its signed address",
        {200: Answered("Stored", STORED, STORED_EXAMPLE)},
        SIGNED_REFUSALS,
        security=("signature",),
    ),
    "get_media": Operation(
        "Read a rendered file at its signed address",
        READ.answers,
        {**SIGNED_REFUSALS, 404: NO_FILE, 416: READ.refusals[416]},
        security=("signature",),
        parameters=READ.parameters,
    ),
    "submit_job": Operation(
        "Submit a job",
        {
            200: Answered(
                "RunPod has it",
                SUBMITTED,
                {
                    "ok": True,
                    "status": "submitted",
                    "provider": "runpod",
                    "provider_job_id": RUNPOD_ID,
                    "job_id": JOB_ID,
                    "result": {"id": RUNPOD_ID, "status": "IN_QUEUE"},
                },
            ),
            202: Answered(
                "RunPod is not configured: the job is stored as `noop`",
                SUBMITTED,
                {
                    "ok": True,
                    "status": "submitted",
                    "provider": "noop",
                    "provider_job_id": None,
                    "job_id": JOB_ID,
                },
            ),
        },
        {502: "RunPod refused, or did not answer in time; the job is stored as `error`", 503: DATABASE_DOWN},
        request_example={"prompt": "test video"},
        links={"get_job": _JOB, "cancel_job": _JOB},
        description="Without a database nothing is stored, the answer carries "
        "`message: supabase_not_configured`, and `job_id` is RunPod's own id, by "
        "which `GET /jobs/{id}` finds the job.",
    ),
    "list_jobs": Operation(
        "List jobs, newest first",
        {
            200: Answered(
                "One page; `next_cursor` is null on the last",
                record(ok=FLAG, jobs={"type": "array", "items": JOB}, next_cursor=NULLABLE_TEXT),
                {"ok": True, "jobs": [], "next_cursor": None},
            )
        },
        {501: NO_DATABASE, 503: DATABASE_DOWN},
        links={"list_jobs": NEXT_PAGE, "get_job": {"id": "$response.body#/jobs/0/id"}},
    ),
    "get_job": Operation(
        "How a job stands",
        {
            200: Answered(
                "For the admin RunPod's JSON, for a user the user's own job",
                {"anyOf": [RUNPOD_JOB, OWN_JOB]},
                {"id": RUNPOD_ID, "status": "IN_PROGRESS"},
            )
        },
        {404: NO_JOB, 501: NO_DATABASE, 502: "RunPod does not answer", 503: DATABASE_DOWN},
        description="The admin may ask by our id or RunPod's. What RunPod does not know, or forgot, is "
        "answered from the stored job in its words (`NOOP` for a job that no provider got).",
    ),
    "cancel_job": Operation(
        "Cancel a job",
        {
            200: Answered(
                "Cancelled",
                record(ok=FLAG, job_id=TEXT, status=TEXT),
                {"ok": True, "job_id": JOB_ID, "status": "cancelled"},
            )
        },
        {404: NO_JOB, 409: "The job has ended already", 501: NO_DATABASE, 503: DATABASE_DOWN},
        links={"get_job": _JOB},
    ),
    "me": Operation(
        "Who the user is",
        {
            200: Answered(
                "The user",
                record(ok=FLAG, user=record(id=TEXT, email=NULLABLE_TEXT)),
                {"ok": True, "user": {"id": JOB_ID, "email": "user@example.com"}},
            ),
            501: Answered(
                "No user database is configured",
                record(ok=FLAG, provider=TEXT, message=TEXT),
                {"ok": True, "provider": "noop", "message": "supabase_not_configured"},
            ),
        },
        {401: NOT_PROVEN, 503: "The issuer's keys cannot be fetched"},
        security=("user",),
    ),
    "metrics": Operation(
        "Jobs by state, success rate, times",
        {200: Answered("JSON, or Prometheus' text format where `Accept` says text/plain", METRICS, COUNTED)},
        {501: NO_DATABASE, 503: DATABASE_DOWN},
        parameters=(header("Accept", "`text/plain` for Prometheus", "application/json"),),
    ),
    "openapi": Operation("This document", {200: Answered("OpenAPI 3.1", ANY_OBJECT)}),
}
