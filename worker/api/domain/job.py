"""The one job model that every family of clients shares."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from api.domain.media import MediaFile

NOOP_PROVIDER = "noop"
RUNPOD = "runpod"


class State(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    SUBMITTED = "submitted"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    NOOP = "noop"
    ERROR = "error"


class Kind(StrEnum):
    """What a job makes."""

    IMAGE = "image"
    VIDEO = "video"


_ENDINGS = frozenset({State.COMPLETED, State.FAILED, State.CANCELLED, State.TIMED_OUT})

# A provider may report an end before it ever reported a beginning: webhooks arrive in any order.
TRANSITIONS: dict[State, frozenset[State]] = {
    State.QUEUED: _ENDINGS | {State.SUBMITTED, State.RUNNING, State.NOOP, State.ERROR},
    State.SUBMITTED: _ENDINGS | {State.RUNNING},
    State.RUNNING: _ENDINGS | {State.RUNNING},
} | {state: frozenset() for state in (*_ENDINGS, State.NOOP, State.ERROR)}

# RunPod's words, https://docs.runpod.io/serverless/endpoints/job-states
FROM_RUNPOD = {
    "IN_QUEUE": State.SUBMITTED,
    "IN_PROGRESS": State.RUNNING,
    "COMPLETED": State.COMPLETED,
    "FAILED": State.FAILED,
    "CANCELLED": State.CANCELLED,
    "TIMED_OUT": State.TIMED_OUT,
}
TO_RUNPOD = {
    State.QUEUED: "IN_QUEUE",
    State.SUBMITTED: "IN_QUEUE",
    State.RUNNING: "IN_PROGRESS",
    State.COMPLETED: "COMPLETED",
    State.FAILED: "FAILED",
    State.CANCELLED: "CANCELLED",
    State.TIMED_OUT: "TIMED_OUT",
    State.ERROR: "FAILED",
    State.NOOP: "NOOP",  # no word of RunPod's: it never heard of the job
}


def is_terminal(state: State) -> bool:
    """Tell whether a job in this state never changes again."""
    return not TRANSITIONS[state]


def may_become(current: State, reported: State) -> bool:
    """Tell whether a report moves a job, or is a replay or late and changes nothing."""
    return reported in TRANSITIONS[current]


@dataclass(frozen=True)
class Job:
    """A row of `public.jobs`; times are ISO 8601 UTC, progress is 0 to 100, credits are what it holds."""

    id: str
    user_id: str | None
    kind: Kind
    status: State
    phase: str | None
    progress: int | None
    provider: str | None
    provider_job_id: str | None
    payload: dict[str, Any]
    result: dict[str, Any] | None
    credits: int
    created_at: str
    submitted_at: str | None
    started_at: str | None
    finished_at: str | None
    media: tuple[MediaFile, ...]

    @classmethod
    def parse(cls, document: dict[str, Any]) -> Job:
        """Read the job JSON that the database's functions answer with.

        Raises:
            KeyError, ValueError: a field is missing, or a word is unknown to this version.
        """
        return cls(
            id=document["id"],
            user_id=document["user_id"],
            kind=Kind(document["kind"]),
            status=State(document["status"]),
            phase=document["phase"],
            progress=document["progress"],
            provider=document["provider"],
            provider_job_id=document["provider_job_id"],
            payload=_object(document["payload"]),
            result=document["result"],
            credits=document["credits"],
            created_at=document["created_at"],
            submitted_at=document["submitted_at"],
            started_at=document["started_at"],
            finished_at=document["finished_at"],
            media=tuple(MediaFile.parse(file) for file in document["files"]),
        )

    def to_json(self) -> dict[str, Any]:
        """Give the job JSON back."""
        row = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "media"}
        return {**row, "files": [file.to_json() for file in self.media]}


def _object(payload: Any) -> dict[str, Any]:
    """Read a payload: in a row that a user inserted through PostgREST it may be any JSON."""
    return payload if isinstance(payload, dict) else {}
