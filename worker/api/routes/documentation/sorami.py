"""What the documentation says of Sorami's operations."""

from __future__ import annotations

from typing import Any

from api.document import Schema  # noqa: TC001 - documentation is not on any hot path
from api.domain.job import Kind
from api.operations import FLAG, INTEGER, NULLABLE_TEXT, TEXT, Answered, Operation, record
from api.routes.completions import PLURALS
from api.routes.documentation.words import (
    DATABASE_DOWN,
    JOB_ID,
    NEXT_PAGE,
    NO_CREDITS,
    NO_DATABASE,
    NO_JOB,
    NO_SECRET,
    REFUSED,
    TOO_MANY_JOBS,
)
from api.routes.sorami import ALREADY_DONE, STATUSES

ERRORS: dict[str, Schema] = {
    "SoramiError": {
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {"type": "string", "description": "A short sentence"},
            "message": {"type": "string", "description": "A longer one, where it helps"},
            "field": {"type": "string", "description": "The field that is wrong"},
            "job_id": TEXT,
            "status": {"type": "string", "enum": list(STATUSES)},
            "progress": INTEGER,
            "processing_time_ms": INTEGER,
        },
        "example": {"error": "Unauthorized"},
    },
}
STATUS: Schema = {"type": "string", "enum": list(STATUSES)}
FILE = record(
    id=TEXT,
    file_path=NULLABLE_TEXT,
    url=TEXT,
    expires_at=NULLABLE_TEXT,
    description=NULLABLE_TEXT,
    format=NULLABLE_TEXT,
    size_bytes={"type": ["integer", "null"]},
    dimensions=NULLABLE_TEXT,
    duration_seconds={"type": ["number", "null"]},
)
NOTIFICATION = record(
    id=TEXT,
    type={"type": "string", "enum": ["job_completed", "job_failed"]},
    job_id=TEXT,
    message=TEXT,
    read_at=NULLABLE_TEXT,
    created_at=TEXT,
)
_TIME = "2026-11-21T09:30:00+00:00"
_NOTIFICATION = {
    "id": "b8a7e3c1-52d1-4f0b-8d43-0c1f7a0f5d11",
    "type": "job_completed",
    "job_id": JOB_ID,
    "message": "Your image is ready",
    "read_at": _TIME,
    "created_at": _TIME,
}
_FOR_USERS = {501: NO_DATABASE, 503: DATABASE_DOWN}
_WISHES: dict[Kind, dict[str, Any]] = {
    Kind.IMAGE: {"prompt": "a lighthouse", "num_images": 1, "size": "1024x1024", "style": "photorealistic"},
    Kind.VIDEO: {"prompt": "a lighthouse", "duration_seconds": 5, "size": "1280x720"},
}
_STARTED = {Kind.IMAGE: "Génération d'images démarrée", Kind.VIDEO: "Génération de vidéo démarrée"}
_TAKEN = {
    Kind.IMAGE: "1 image(s) générée(s) avec succès",
    Kind.VIDEO: "1 vidéo(s) générée(s) avec succès",
}


def _made(kind: Kind, **more: Schema) -> Schema:
    files: Schema = {"type": "array", "items": FILE}
    return record(
        job_id=TEXT,
        status=STATUS,
        prompt=TEXT,
        **{PLURALS[kind]: files},
        created_at=TEXT,
        completed_at=NULLABLE_TEXT,
        **more,
    )


def _example(kind: Kind) -> dict[str, Any]:
    extension, seconds = {Kind.IMAGE: ("png", None), Kind.VIDEO: ("mp4", 5)}[kind]
    file = {
        "id": "5d1f0a3e-6c0b-4b57-9a52-2f8f2f1f7c01",
        "file_path": f"media/{JOB_ID}/0.{extension}",
        "url": f"https://api.alphogen.com/media/{JOB_ID}/0.{extension}?expires=…&signature=…",
        "expires_at": "2026-11-22T09:30:00+00:00",
        "description": "a lighthouse",
        "format": extension,
        "size_bytes": 204800,
        "dimensions": _WISHES[kind]["size"],
        "duration_seconds": seconds,
    }
    return {
        "job_id": JOB_ID,
        "status": "COMPLETED",
        "prompt": "a lighthouse",
        PLURALS[kind]: [file],
        "created_at": _TIME,
        "completed_at": _TIME,
    }


def _generate(kind: Kind) -> Operation:
    return Operation(
        f"Submit {PLURALS[kind]}, paid with credits",
        {
            202: Answered(
                "Accepted",
                record(job_id=TEXT, status=STATUS, message=TEXT),
                {"job_id": JOB_ID, "status": "PENDING", "message": _STARTED[kind]},
            )
        },
        {402: NO_CREDITS, 429: TOO_MANY_JOBS, 501: NO_DATABASE, 502: REFUSED, 503: DATABASE_DOWN},
        request_example=_WISHES[kind],
        links={
            name: {"id": "$response.body#/job_id"}
            for name in (f"{kind}_status", f"{kind}_status_of", f"{kind}_result", "get_job", "cancel_job")
        },
        description={Kind.IMAGE: "One credit an image.", Kind.VIDEO: "Priced by the second."}[kind],
    )


def _status(kind: Kind) -> Operation:
    return Operation(
        f"How a job of {PLURALS[kind]} stands",
        {
            200: Answered(
                "`progress` is 0 to 100",
                record(job_id=TEXT, status=STATUS, progress=INTEGER, message=TEXT),
                {"job_id": JOB_ID, "status": "GENERATING", "progress": 60, "message": "Génération en cours"},
            )
        },
        {404: NO_JOB, **_FOR_USERS},
    )


def _result(kind: Kind) -> Operation:
    return Operation(
        f"The {PLURALS[kind]} of a completed job",
        {
            200: Answered(
                "The job with its files; their addresses are signed and live 24 hours",
                _made(kind, metadata={"type": ["object", "null"]}),
                {**_example(kind), "metadata": {"model_name": "renderer", "version": "1.0"}},
            )
        },
        {404: NO_JOB, 409: "The job is not completed; `status` says how it stands", **_FOR_USERS},
    )


def _gallery(kind: Kind) -> Operation:
    schema = record(generations={"type": "array", "items": _made(kind)}, next_cursor=NULLABLE_TEXT)
    return Operation(
        f"The user's {PLURALS[kind]}, newest first",
        {
            200: Answered(
                "One page of completed jobs; `next_cursor` is null on the last",
                schema,
                {"generations": [_example(kind)], "next_cursor": None},
            )
        },
        _FOR_USERS,
        links={
            f"list_{PLURALS[kind]}": NEXT_PAGE,
            f"{kind}_result": {"id": "$response.body#/generations/0/job_id"},
        },
    )


def _completion(kind: Kind) -> Operation:
    taken: Schema = {
        "type": "object",
        "required": ["success", "message"],
        "properties": {
            "success": FLAG,
            "message": TEXT,
            "job_id": TEXT,
            f"{PLURALS[kind]}_count": INTEGER,
            "processing_time_ms": INTEGER,
        },
    }
    example = {
        "success": True,
        "message": _TAKEN[kind],
        "job_id": JOB_ID,
        f"{PLURALS[kind]}_count": 1,
        "processing_time_ms": 12,
    }
    return Operation(
        f"Take the rendering backend's report on a job of {PLURALS[kind]}",
        {200: Answered(f"Stored; a replay is answered `{ALREADY_DONE}`", taken, example)},
        {
            401: "The secret is wrong, or missing in production",
            404: "There is no such job",
            500: "The report could not be stored; send it again",
            501: f"{NO_SECRET} in production, or no database",
        },
        request_example=_payload(kind),
        description="Completion, failure and progress (`pending`, `initializing`, `generating`, `saving`). "
        "Outside production the secret may be left out, but not be wrong.",
        security=("", "webhookSecret", "webhookSignature"),
    )


def _payload(kind: Kind) -> dict[str, Any]:
    extension = {Kind.IMAGE: "png", Kind.VIDEO: "mp4"}[kind]
    file = {
        "file_path": f"generated/{JOB_ID}.{extension}",
        "url": f"https://backend.example.com/generated/{JOB_ID}.{extension}",
        "description": "a lighthouse",
        "format": extension,
        "size_bytes": 204800,
        "dimensions": "1024x1024",
    }
    metadata = {
        "model_name": "renderer",
        "version": "1.0",
        "generation_time_seconds": 4.2,
        "input_tokens": 3,
        "output_size_bytes": 204800,
        "timestamp": _TIME,
    }
    data = {"job_id": JOB_ID, PLURALS[kind]: [file], "metadata": metadata}
    return {
        "job_id": JOB_ID,
        "status": "completed",
        "timestamp": _TIME,
        "environment": "production",
        "data": {**data, "status": "COMPLETED", "generated_at": _TIME},
    }


def _of_kind(kind: Kind) -> dict[str, Operation]:
    return {
        f"generate_{kind}": _generate(kind),
        f"list_{PLURALS[kind]}": _gallery(kind),
        f"{kind}_status": _status(kind),
        f"{kind}_status_of": _status(kind),
        f"{kind}_result": _result(kind),
        f"{kind}_completion": _completion(kind),
    }


OPERATIONS: dict[str, Operation] = {
    **_of_kind(Kind.IMAGE),
    **_of_kind(Kind.VIDEO),
    "list_notifications": Operation(
        "The user's notifications, newest first",
        {
            200: Answered(
                "One page; `next_cursor` is null on the last",
                record(notifications={"type": "array", "items": NOTIFICATION}, next_cursor=NULLABLE_TEXT),
                {"notifications": [_NOTIFICATION], "next_cursor": None},
            )
        },
        _FOR_USERS,
        links={
            "list_notifications": NEXT_PAGE,
            "read_notification": {"id": "$response.body#/notifications/0/id"},
        },
    ),
    "read_notification": Operation(
        "Mark a notification as read",
        {
            200: Answered(
                "Read; reading twice keeps the first time",
                record(success=FLAG, notification=NOTIFICATION),
                {"success": True, "notification": _NOTIFICATION},
            )
        },
        {404: "There is no such notification, or it is somebody else's", **_FOR_USERS},
    ),
}
