"""The `Database` port in memory: the SQL functions' rules, by the domain's own state machine."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any

from api.domain import ids
from api.domain.job import Job, Kind, State, is_terminal, may_become
from api.errors import UnavailableError
from api.ports import Notification, Outcome, Placed, Placement
from tests.worker.memory_ledger import MOST_UNFINISHED, Ledger, price

if TYPE_CHECKING:
    from api.domain.cursors import Cursor
    from api.domain.media import MediaFile
    from api.ports import Account, Idempotency, Page, Report

EPOCH = 1_800_000_000  # the first row's time, and that of the platform's clock
KEY_SECONDS = 86_400  # how long an idempotency key stands for its first answer
NONE = ("", "", 0.0)
TOLD = frozenset({State.COMPLETED, State.FAILED, State.TIMED_OUT, State.ERROR})
PHASES = (None, "initializing", "generating", "saving")


class MemoryDatabase:
    """Jobs, events, credits and notifications.

    Attributes:
        now: the time in seconds; a test moves it on.
        calls: the round trips, by the port's method.
        down: the methods that answer as a database that is down.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.calls: list[str] = []
        self.down: set[str] = set()
        self.jobs: dict[str, Job] = {}
        self.events: list[tuple[str, Any]] = []
        self.ledger = Ledger()
        self.told: list[tuple[str, Notification]] = []
        self._checked: dict[str, float] = {}
        self._keys: dict[tuple[str, str], tuple[str, str, float]] = {}
        self._deliveries: set[tuple[str, str]] = set()
        self._seconds = count()

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if name in self.down:
            raise UnavailableError("the database is down", code="database_unavailable")

    def _now(self) -> str:
        moment = next(self._seconds)
        return datetime.fromtimestamp(EPOCH + moment, UTC).isoformat()

    async def create(
        self, user_id: str | None, kind: Kind, payload: dict[str, Any], idempotency: Idempotency | None
    ) -> Placed:
        self._called("create")
        if user_id is None:
            return Placed(Placement.CREATED, self._insert(None, kind, payload, 0))
        job_id, request_hash, used_at = self._keys.get(
            (user_id, idempotency.key if idempotency else ""), NONE
        )
        if idempotency and job_id and self.now - used_at < KEY_SECONDS:
            if request_hash != idempotency.request_hash:
                return Placed(Placement.IDEMPOTENCY_CONFLICT, None)
            return Placed(Placement.REPLAYED, self.jobs[job_id])
        account, cost = self.ledger.account(user_id), price(kind, payload)
        mine = [job for job in self.jobs.values() if job.user_id == user_id and not is_terminal(job.status)]
        if len(mine) >= MOST_UNFINISHED:
            return Placed(Placement.TOO_MANY_JOBS, None)
        if cost > account.credits:
            return Placed(Placement.INSUFFICIENT_CREDITS, None)
        job = self._insert(user_id, kind, payload, cost)
        self.ledger.hold(job)
        if idempotency:
            self._keys[user_id, idempotency.key] = (job.id, idempotency.request_hash, self.now)
        return Placed(Placement.CREATED, job)

    def _insert(self, user_id: str | None, kind: Kind, payload: dict[str, Any], cost: int) -> Job:
        job = Job(
            id=ids.new(),
            user_id=user_id,
            kind=kind,
            status=State.QUEUED,
            phase=None,
            progress=0,
            provider=None,
            provider_job_id=None,
            payload=payload,
            result=None,
            credits=cost,
            created_at=self._now(),
            submitted_at=None,
            started_at=None,
            finished_at=None,
            media=(),
        )
        self.jobs[job.id] = job
        self._checked[job.id] = self.now
        return job

    def _change(self, job: Job, **changes: Any) -> Job:
        after = replace(job, **changes)
        if is_terminal(after.status) and not is_terminal(job.status):
            after = replace(after, phase=None, finished_at=self._now())
            self._settle(after)
        self.jobs[job.id] = after
        return after

    def _settle(self, job: Job) -> None:
        if job.user_id is None:
            return
        if job.status is not State.COMPLETED:
            self.ledger.refund(job)
        if job.status in TOLD:
            kind = "job_completed" if job.status is State.COMPLETED else "job_failed"
            told = Notification(ids.new(), kind, job.id, f"{job.kind} {job.status}", None, self._now())
            self.told.append((job.user_id, told))

    async def submitted(
        self,
        job_id: str,
        status: State,
        provider: str,
        provider_job_id: str | None,
        result: dict[str, Any] | None,
    ) -> Job:
        self._called("submitted")
        job = self.jobs[job_id]
        changes: dict[str, Any] = {
            "provider": job.provider or provider,
            "provider_job_id": job.provider_job_id or provider_job_id,
        }
        if job.status is State.QUEUED:
            changes |= {"status": status, "result": result or job.result}
        return self._change(job, **changes)

    async def get(self, job_id: str, user_id: str | None) -> Job | None:
        self._called("get")
        for job in self.jobs.values():
            if job_id in {job.id, job.provider_job_id} and user_id in {None, job.user_id}:
                return job
        return None

    async def page(self, wanted: Page) -> list[Job]:
        self._called("page")
        found = [
            job
            for job in self.jobs.values()
            if wanted.user_id in {None, job.user_id}
            and wanted.status in {None, job.status}
            and wanted.kind in {None, job.kind}
            and _is_after(job.created_at, job.id, wanted.after)
        ]
        return sorted(found, key=lambda job: (job.created_at, job.id), reverse=True)[: wanted.limit]

    async def report(self, report: Report) -> Outcome:
        self._called("report")
        job = self._reported(report)
        if job is None or report.kind not in {None, job.kind}:
            return Outcome(found=False, changed=False, job=None)
        if job.provider_job_id not in {None, report.provider_job_id or job.provider_job_id}:
            return Outcome(found=False, changed=False, job=None)
        if report.delivery and (job.id, report.delivery) in self._deliveries:
            return Outcome(found=True, changed=False, job=job, replayed=True)
        if report.delivery:
            self._deliveries.add((job.id, report.delivery))
        if not (may_become(job.status, report.status) or job.status is report.status) or is_terminal(
            job.status
        ):
            return Outcome(found=True, changed=False, job=job)
        changes: dict[str, Any] = {
            "status": report.status,
            "phase": max(job.phase, report.phase, key=PHASES.index),
            "progress": max(job.progress or 0, report.progress or 0),
            "provider_job_id": job.provider_job_id or report.provider_job_id,
        }
        if replace(job, **changes) == job:
            return Outcome(found=True, changed=False, job=job)
        if is_terminal(report.status):
            changes |= {"result": report.result or job.result, "media": self._stored(report)}
        self._checked[job.id] = self.now
        return Outcome(found=True, changed=True, job=self._change(job, **changes))

    def _reported(self, report: Report) -> Job | None:
        if report.job_id is not None:
            return self.jobs.get(report.job_id)
        return next((j for j in self.jobs.values() if j.provider_job_id == report.provider_job_id), None)

    async def cancel(self, job_id: str, user_id: str | None) -> Outcome:
        self._called("cancel")
        job = self.jobs.get(job_id)
        if job is None or user_id not in {None, job.user_id}:
            return Outcome(found=False, changed=False, job=None)
        if is_terminal(job.status):
            return Outcome(found=True, changed=False, job=job)
        return Outcome(found=True, changed=True, job=self._change(job, status=State.CANCELLED))

    async def record(self, kind: str, payload: Any) -> int:
        self._called("record")
        self.events.append((kind, payload))
        return len(self.events)

    async def metrics(self) -> dict[str, Any]:
        self._called("metrics")
        return {
            "jobs": {"completed": 3, "failed": 1},
            "credits_consumed": 12,
            "success_rate": 0.75,
            "queue_seconds": {"p50": 0.5, "p95": 1.0, "p99": 2.0},
            "render_seconds": {"p50": None, "p95": None, "p99": None},
        }

    async def account(self, user_id: str) -> Account:
        self._called("account")
        return self.ledger.account(user_id)

    async def notifications(self, user_id: str, limit: int, after: Cursor | None) -> list[Notification]:
        self._called("notifications")
        mine = [
            told
            for owner, told in self.told
            if owner == user_id and _is_after(told.created_at, told.id, after)
        ]
        return sorted(mine, key=lambda told: (told.created_at, told.id), reverse=True)[:limit]

    async def read_notification(self, user_id: str, notification_id: str) -> Notification | None:
        self._called("read_notification")
        for index, (owner, told) in enumerate(self.told):
            if (owner, told.id) == (user_id, notification_id):
                read = replace(told, read_at=told.read_at or self._now())
                self.told[index] = (owner, read)
                return read
        return None

    async def claim_silent(self, limit: int, silent_seconds: int) -> list[Job]:
        self._called("claim_silent")
        silent = [
            job
            for job in self.jobs.values()
            if not is_terminal(job.status) and self._checked[job.id] < self.now - silent_seconds
        ]
        claimed = sorted(silent, key=lambda job: self._checked[job.id])[:limit]
        self._checked |= dict.fromkeys((job.id for job in claimed), self.now)
        return claimed

    def _stored(self, report: Report) -> tuple[MediaFile, ...]:
        if report.status is not State.COMPLETED:
            return ()
        taken = {file.key for other in self.jobs.values() for file in other.media if file.key}
        return tuple(replace(file, id=ids.new()) for file in report.files or () if file.key not in taken)


def _is_after(created_at: str, row_id: str, after: Cursor | None) -> bool:
    return after is None or (created_at, row_id) < (after.created_at, after.id)
