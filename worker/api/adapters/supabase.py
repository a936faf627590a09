"""The database, by the SQL functions that PostgREST serves: one POST a call. Needs no runtime but `Fetch`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from api import document
from api.domain.job import Job
from api.errors import UnavailableError
from api.ports import Account, Notification, Outcome, Placed, Placement
from api.upstreams import FetchError

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.domain.cursors import Cursor
    from api.domain.job import Kind, State
    from api.ports import Idempotency, Page, Report
    from api.settings import Settings
    from api.upstreams import Fetch

T = TypeVar("T")
TIMEOUT_MS = 8000  # a client waits no longer; an index answers in milliseconds
_OK = range(200, 300)
_PERCENTILES = ("p50", "p95", "p99")
_UNKNOWN = (None, None, None)  # no job has ended yet


class Supabase:
    """Calls the functions with the service role, which row-level security lets see everything."""

    def __init__(self, settings: Settings, fetch: Fetch) -> None:
        self._root = f"{settings.supabase_url}/rest/v1/rpc/"
        self._headers = {
            "apikey": settings.supabase_service_role,
            "Authorization": f"Bearer {settings.supabase_service_role}",
            "Content-Type": "application/json",
        }
        self._fetch = fetch

    async def create(
        self, user_id: str | None, kind: Kind, payload: dict[str, Any], idempotency: Idempotency | None
    ) -> Placed:
        """Insert a job, `queued`, or say why not."""
        answer = await self._call(
            "job_create",
            p_user_id=user_id,
            p_kind=kind,
            p_payload=payload,
            p_idempotency_key=idempotency.key if idempotency else None,
            p_request_hash=idempotency.request_hash if idempotency else None,
        )
        return _read(_placed, answer)

    async def submitted(
        self,
        job_id: str,
        status: State,
        provider: str,
        provider_job_id: str | None,
        result: dict[str, Any] | None,
    ) -> Job:
        """Record how the submission went."""
        arguments = {"p_provider": provider, "p_provider_job_id": provider_job_id, "p_result": result}
        return _read(
            Job.parse, await self._call("job_submitted", p_job_id=job_id, p_status=status, **arguments)
        )

    async def get(self, job_id: str, user_id: str | None) -> Job | None:
        """Find a job by its id or its provider's."""
        row = await self._call("job_get", p_id=job_id, p_user_id=user_id)
        return _read(Job.parse, row) if row is not None else None

    async def page(self, wanted: Page) -> list[Job]:
        """List jobs, newest first."""
        rows = await self._call(
            "job_list",
            p_user_id=wanted.user_id,
            p_status=wanted.status,
            p_kind=wanted.kind,
            p_limit=wanted.limit,
            p_before_created_at=wanted.after.created_at if wanted.after else None,
            p_before_id=wanted.after.id if wanted.after else None,
        )
        return [_read(Job.parse, row) for row in rows or []]

    async def report(self, report: Report) -> Outcome:
        """Apply a provider's report."""
        answer = await self._call(
            "job_provider_event",
            p_job_id=report.job_id,
            p_provider_job_id=report.provider_job_id,
            p_status=report.status,
            p_phase=report.phase,
            p_progress=report.progress,
            p_result=report.result,
            p_files=None if report.files is None else [file.to_json() for file in report.files],
            p_delivery=report.delivery,
            p_kind=report.kind,
        )
        return _read(_outcome, answer)

    async def cancel(self, job_id: str, user_id: str | None) -> Outcome:
        """Cancel a job that has not ended."""
        return _read(_outcome, await self._call("job_cancel", p_job_id=job_id, p_user_id=user_id))

    async def record(self, kind: str, payload: Any) -> int:
        """Store an event and give its id."""
        return int(await self._call("event_record", p_type=kind, p_payload=payload))

    async def metrics(self) -> dict[str, Any]:
        """Count jobs by state, and their times."""
        counted = dict(await self._call("job_metrics"))
        for name in ("queue_seconds", "render_seconds"):
            counted[name] = dict(zip(_PERCENTILES, counted.get(name) or _UNKNOWN, strict=True))
        return counted

    async def account(self, user_id: str) -> Account:
        """Give a user's account."""
        return _read(_account, await self._call("account_get", p_user_id=user_id))

    async def notifications(self, user_id: str, limit: int, after: Cursor | None) -> list[Notification]:
        """List a user's notifications, newest first."""
        rows = await self._call(
            "notification_list",
            p_user_id=user_id,
            p_limit=limit,
            p_before_created_at=after.created_at if after else None,
            p_before_id=after.id if after else None,
        )
        return [_read(_notification, row) for row in rows or []]

    async def read_notification(self, user_id: str, notification_id: str) -> Notification | None:
        """Mark a notification as read."""
        row = await self._call("notification_read", p_user_id=user_id, p_id=notification_id)
        return _read(_notification, row) if row is not None else None

    async def claim_silent(self, limit: int, silent_seconds: int) -> list[Job]:
        """Take jobs of which nothing was heard."""
        rows = await self._call("jobs_claim_silent", p_limit=limit, p_silent_seconds=silent_seconds)
        return [_read(Job.parse, row) for row in rows or []]

    async def _call(self, function: str, **arguments: Any) -> Any:
        body = document.dump(arguments)
        try:
            answer = await self._fetch("POST", self._root + function, self._headers, body, TIMEOUT_MS)
        except FetchError as error:
            raise _down(f"{function}: {error}") from error
        if answer.status not in _OK:
            raise _down(f"{function}: the database answered {answer.status}")
        try:
            return json.loads(answer.text) if answer.text else None
        except ValueError as error:
            raise _down(f"{function}: the database's answer is not JSON") from error


def _down(message: str) -> UnavailableError:
    return UnavailableError(message, code="database_unavailable")


def _read(parse: Callable[[Any], T], answer: Any) -> T:
    try:
        return parse(answer)
    except (KeyError, TypeError, ValueError) as error:
        raise _down(f"the database's answer cannot be read: {error!r}") from error


def _placed(answer: Any) -> Placed:
    job = answer["job"]
    return Placed(Placement(answer["outcome"]), Job.parse(job) if job else None)


def _outcome(answer: Any) -> Outcome:
    job = answer["job"]
    return Outcome(
        answer["found"], answer["changed"], Job.parse(job) if job else None, answer.get("replayed", False)
    )


def _account(answer: Any) -> Account:
    return Account(int(answer["credits"]), str(answer["plan"]))


def _notification(row: Any) -> Notification:
    return Notification(
        id=row["id"],
        type=row["type"],
        job_id=row["job_id"],
        message=row["message"],
        read_at=row["read_at"],
        created_at=row["created_at"],
    )
