"""What the documentation says of CineWeave's operations."""

from __future__ import annotations

from api.document import Schema  # noqa: TC001 - documentation is not on any hot path
from api.operations import FLAG, INTEGER, NULLABLE_TEXT, TEXT, Answered, Operation, header, record
from api.routes.cineweave import IDEMPOTENCY_HEADER, IDEMPOTENCY_KEY
from api.routes.documentation.words import (
    DATABASE_DOWN,
    JOB_ID,
    NO_CREDITS,
    NO_DATABASE,
    NO_SECRET,
    NOT_PROVEN,
    REFUSED,
    RUNPOD_ID,
    TOO_MANY_JOBS,
)

ERRORS: dict[str, Schema] = {
    "CineWeaveError": {
        "type": "object",
        "required": ["detail", "code"],
        "properties": {
            "detail": {"type": "string", "description": "For a person"},
            "code": {"type": "string", "pattern": "^[A-Z_]+$", "description": "Stable, for a program"},
            "field": {"type": "string", "description": "The field that is wrong"},
            "jobId": {"type": "string", "description": "The job that came to nothing"},
        },
        "example": {"detail": "Insufficient credits", "code": "INSUFFICIENT_CREDITS"},
    },
}
OWN_JOB = record(
    status={"type": "string", "enum": ["queued", "running", "done", "failed"]},
    r2Url=NULLABLE_TEXT,
    expiresAt=NULLABLE_TEXT,
    durationSec={"type": ["number", "null"]},
)
_JOB = {"id": "$response.body#/jobId"}

OPERATIONS: dict[str, Operation] = {
    "create_job": Operation(
        "Submit a video, paid with credits",
        {200: Answered("Accepted", record(jobId=TEXT), {"jobId": JOB_ID})},
        {
            402: NO_CREDITS,
            409: "The key came with another body before",
            429: TOO_MANY_JOBS,
            501: NO_DATABASE,
            502: REFUSED,
            503: DATABASE_DOWN,
        },
        links={"get_job": _JOB, "cancel_job": _JOB},
        request_example={"prompt": "a lighthouse at dawn", "imageUrl": None, "durationSec": 5, "seed": 42},
        description="With an `Idempotency-Key`, the first answer is given again for 24 hours. `imageUrl` "
        "must be https and lead to the public internet.",
        parameters=(
            header(
                IDEMPOTENCY_HEADER,
                "Names this wish, so that sending it again makes no second job",
                "2f1c7d0e-order-17",
                IDEMPOTENCY_KEY,
            ),
        ),
    ),
    "credits": Operation(
        "The balance",
        {
            200: Answered(
                "The balance; a new user has the plan's first credits",
                record(credits=INTEGER, plan=TEXT),
                {"credits": 75, "plan": "starter"},
            )
        },
        {501: NO_DATABASE, 503: DATABASE_DOWN},
    ),
    "runpod_webhook": Operation(
        "Take RunPod's report on a job",
        {
            200: Answered(
                "Taken",
                record(ok=FLAG, known=FLAG, changed=FLAG),
                {"ok": True, "known": True, "changed": True},
            )
        },
        {401: NOT_PROVEN, 501: f"{NO_SECRET}, or no database", 503: DATABASE_DOWN},
        request_example={
            "id": RUNPOD_ID,
            "status": "COMPLETED",
            "output": {"files": [{"key": f"media/{JOB_ID}/0.mp4", "duration_seconds": 5}]},
        },
        description="Replays and late reports change nothing. A report for an unknown job is answered "
        "200 with `known: false`, so that RunPod does not send it again.",
        security=("jobToken", "webhookSecret", "webhookSignature"),
        parameters=(
            {
                "in": "query",
                "name": "job",
                "description": "The job's id, from the address; a job's token proves nothing without it",
                "schema": TEXT,
                "example": JOB_ID,
            },
        ),
    ),
}
