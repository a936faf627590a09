"""What Sorami's rendering backend tells of a job: its payloads, read into reports."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from api.domain import keys
from api.domain.job import Kind, State
from api.domain.media import MediaFile
from api.errors import InvalidError
from api.ports import Report

if TYPE_CHECKING:
    from api.document import Schema

PLURALS = {Kind.IMAGE: "images", Kind.VIDEO: "videos"}
MISSING_FILES = "missing_files"
_MISSING = {Kind.IMAGE: "Données d'images manquantes", Kind.VIDEO: "Données de vidéos manquantes"}
# How far a job is when its backend tells the phase alone, in per cent.
_PROGRESS = {"pending": 0, "initializing": 25, "generating": 60, "saving": 90}
_LARGEST = 2**53 - 1  # the largest integer that every client reads exactly
_SIDE: Schema = {"type": "integer", "minimum": 1, "maximum": 65535}
_TEXT: Schema = {"type": ["string", "null"], "maxLength": 4000}
_SECONDS: Schema = {"type": ["number", "null"], "minimum": 0, "maximum": 86400}
FILE: Schema = {
    "type": "object",
    "required": ["url"],
    "properties": {
        "file_path": {"type": ["string", "null"], "maxLength": 1024},
        "url": {"type": "string", "pattern": "^https?://[!-~]+$", "maxLength": 4096},
        "description": _TEXT,
        "format": {"type": ["string", "null"], "pattern": "^[A-Za-z0-9]+$", "maxLength": 16},
        "size_bytes": {"type": ["integer", "null"], "minimum": 0, "maximum": _LARGEST},
        "dimensions": {
            "type": ["string", "object", "null"],
            "pattern": "^[1-9][0-9]{0,4}x[1-9][0-9]{0,4}$",
            "required": ["width", "height"],
            "properties": {"width": _SIDE, "height": _SIDE},
        },
        "duration_seconds": _SECONDS,
    },
}


def _schema(kind: Kind) -> Schema:
    files = {"type": ["array", "null"], "items": FILE, "maxItems": 16}
    return {
        "type": "object",
        "required": ["job_id", "status"],
        "properties": {
            "job_id": {
                "type": "string",
                "pattern": "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
                "maxLength": 36,
            },
            "status": {"type": "string", "enum": ["completed", "failed", *_PROGRESS]},
            "timestamp": _TEXT,
            "environment": _TEXT,
            "progress": {"type": ["integer", "null"], "minimum": 0, "maximum": 100},
            "message": _TEXT,
            "error_message": _TEXT,
            "data": {
                "type": ["object", "null"],
                "properties": {
                    PLURALS[kind]: files,
                    "metadata": {"type": ["object", "null"]},
                    "generated_at": _TEXT,
                },
            },
        },
        # For readers of the documentation; `read` refuses what breaks it, in words of its own.
        "if": {"properties": {"status": {"const": "completed"}}},
        "then": {"required": ["data"], "properties": {"data": _with_files(PLURALS[kind])}},
    }


def _with_files(name: str) -> Schema:
    some = {"type": "array", "minItems": 1}
    return {"type": "object", "required": [name], "properties": {name: some}}


SCHEMAS = {kind: _schema(kind) for kind in Kind}  # images and videos differ in one name


def read(kind: Kind, payload: dict[str, Any], raw: bytes) -> Report:
    """Read a payload that its schema has passed; `raw` is the body that it came in.

    Raises:
        InvalidError: it tells of a completed job without any file.
    """
    state, phase, progress = _standing(payload)
    result, files = None, None
    if state is State.COMPLETED:
        result, files = _completion(kind, payload)
    elif state is State.FAILED:
        result = {"error": payload.get("error_message") or payload.get("message")}
    return Report(
        job_id=payload["job_id"].lower(),
        provider_job_id=None,
        status=state,
        phase=phase,
        progress=progress,
        result=result,
        files=files,
        delivery=hashlib.sha256(raw).hexdigest(),
        kind=kind,
    )


def _standing(payload: dict[str, Any]) -> tuple[State, str | None, int | None]:
    status = payload["status"]
    if status == "completed":
        return State.COMPLETED, None, 100
    if status == "failed":
        return State.FAILED, None, None
    told = payload.get("progress")
    progress = _PROGRESS[status] if told is None else told
    return (State.SUBMITTED, None, progress) if status == "pending" else (State.RUNNING, status, progress)


def _completion(kind: Kind, payload: dict[str, Any]) -> tuple[dict[str, Any], tuple[MediaFile, ...]]:
    data = payload.get("data") or {}
    files = data.get(PLURALS[kind])
    if not files:
        raise InvalidError(_MISSING[kind], code=MISSING_FILES)
    output = {"metadata": data.get("metadata"), "generated_at": data.get("generated_at")}
    job_id = payload["job_id"].lower()
    return {"output": output}, tuple(_file(kind, job_id, index, file) for index, file in enumerate(files))


def _file(kind: Kind, job_id: str, ordinal: int, file: dict[str, Any]) -> MediaFile:
    """Read one file; one in our own storage is known by its key, so that its links can be signed."""
    path = file.get("file_path") or ""
    own = keys.is_of_job(path, job_id)
    width, height = _sides(file.get("dimensions"))
    extension = (file.get("format") or keys.EXTENSIONS[kind]).lower()
    return MediaFile(
        ordinal=ordinal,
        key=path if own else None,
        url=None if own else file["url"],
        content_type=f"{kind}/{'jpeg' if extension == 'jpg' else extension}",
        format=extension,
        size_bytes=file.get("size_bytes"),
        width=width,
        height=height,
        duration_seconds=file.get("duration_seconds"),
        description=file.get("description"),
    )


def _sides(dimensions: str | dict[str, int] | None) -> tuple[int | None, int | None]:
    if isinstance(dimensions, str):
        width, _, height = dimensions.partition("x")
        return int(width), int(height)
    return (dimensions["width"], dimensions["height"]) if dimensions else (None, None)
