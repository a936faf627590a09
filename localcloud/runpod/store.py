"""The jobs in one SQLite file: what was accepted outlives a killed process."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from localcloud.errors import LocalCloudError
from localcloud.runpod.job import Job, Order, Status, expires_at, forgotten_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# `input` stands apart because it is large, and written once; `state` is written with every change.
SCHEMA = """
CREATE TABLE IF NOT EXISTS job (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  status TEXT NOT NULL,
  worker_id TEXT,
  expires_at INTEGER,
  webhook_at INTEGER,
  forgotten_at INTEGER,
  input TEXT NOT NULL,
  state TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS job_by_status ON job (status, sequence);
"""


class StateError(LocalCloudError):
    """The file that holds the jobs cannot be used."""


class Store:
    """Every job that is not forgotten."""

    def __init__(self, path: Path) -> None:
        """Open or create the file.

        Raises:
            StateError: it cannot be opened, or is not ours.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Orders hold addresses that open what they name; SQLite gives its other files the same mode.
            path.touch(mode=0o600)
            path.chmod(0o600)
            self._db = sqlite3.connect(path, isolation_level=None, timeout=5.0)
            # One process owns the jobs: a second would reap the first one's worker.
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            # NORMAL with a write-ahead log loses nothing when the process is killed.
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.executescript(SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise StateError(
                f"{path} cannot be used ({error}).",
                "The RunPod stand-in cannot keep jobs.",
                "If it is locked, end the other stand-in (`ops local down`); else free the disk or fix its "
                "rights. `ops local reset` starts over with nothing.",
            ) from error

    def add(self, job: Job) -> None:
        """Store a new job at the end of the queue."""
        wish = json.dumps(job.order.input)
        self._db.execute(
            "INSERT INTO job (status, worker_id, expires_at, webhook_at, forgotten_at, state, id, input)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*_changing(job), job.id, wish),
        )

    def save(self, job: Job) -> None:
        """Store what became of a job."""
        self._db.execute(
            "UPDATE job SET status = ?, worker_id = ?, expires_at = ?, webhook_at = ?, forgotten_at = ?,"
            " state = ? WHERE id = ?",
            (*_changing(job), job.id),
        )

    def get(self, job_id: str) -> Job | None:
        """Find a job."""
        return next(self._jobs("id = ?", job_id), None)

    def next_queued(self) -> Job | None:
        """Find the job that has waited longest."""
        return next(self._jobs("status = ? ORDER BY sequence LIMIT 1", Status.IN_QUEUE), None)

    def queued(self) -> list[Job]:
        """List what waits, longest first."""
        return list(self._jobs("status = ? ORDER BY sequence", Status.IN_QUEUE))

    def running(self) -> list[Job]:
        """List what workers hold."""
        return list(self._jobs("status = ? ORDER BY sequence", Status.IN_PROGRESS))

    def expired(self, now: int) -> list[Job]:
        """List live jobs whose time is over."""
        return list(self._jobs("expires_at <= ?", now))

    def webhooks_due(self, now: int) -> list[Job]:
        """List finished jobs whose webhook is to be posted now."""
        return list(self._jobs("webhook_at <= ? ORDER BY webhook_at", now))

    def next_webhook(self, skipped: set[str]) -> int | None:
        """Say when the next webhook is due of a job that is not among the skipped; Unix milliseconds."""
        due = self._db.execute("SELECT id, webhook_at FROM job WHERE webhook_at IS NOT NULL")
        return min((moment for job_id, moment in due if job_id not in skipped), default=None)

    def forget(self, now: int) -> None:
        """Delete results past their retention."""
        self._db.execute("DELETE FROM job WHERE forgotten_at <= ?", (now,))

    def next_deadline(self) -> int | None:
        """Say when the next job expires or is forgotten; Unix milliseconds."""
        row = self._db.execute("SELECT min(expires_at), min(forgotten_at) FROM job").fetchone()
        return min((moment for moment in row if moment is not None), default=None)

    def counts(self) -> dict[str, int]:
        """Count jobs by status."""
        return dict(self._db.execute("SELECT status, count(*) FROM job GROUP BY status").fetchall())

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _jobs(self, where: str, *values: Any) -> Iterator[Job]:
        rows = self._db.execute(f"SELECT input, state FROM job WHERE {where}", values)  # noqa: S608 - ours
        return map(_job, rows.fetchall())


def _changing(job: Job) -> tuple[Any, ...]:
    state = asdict(job)
    del state["order"]["input"]
    return (
        job.status,
        job.worker_id,
        expires_at(job),
        job.webhook_at,
        forgotten_at(job),
        json.dumps(state),
    )


def _job(row: tuple[str, str]) -> Job:
    state = json.loads(row[1])
    order = Order(input=json.loads(row[0]), **state.pop("order"))
    return Job(order=order, **state | {"status": Status(state["status"])})
