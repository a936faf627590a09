from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from localcloud.runpod import job as jobs
from localcloud.runpod.job import Order, Status
from localcloud.runpod.store import StateError, Store

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_that_is_not_a_database_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "jobs.db").write_text("not a database, and long enough to be read as one" * 20)
    with pytest.raises(StateError, match="ops local reset"):
        Store(tmp_path / "jobs.db")


def test_a_second_process_cannot_own_the_jobs(tmp_path: Path) -> None:
    store = Store(tmp_path / "jobs.db")
    other = sqlite3.connect(tmp_path / "jobs.db", timeout=0)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("SELECT * FROM job")
    other.close()
    store.close()


def test_orders_are_their_owners_alone(tmp_path: Path) -> None:
    (tmp_path / "jobs.db").touch(mode=0o644)  # as an earlier release made it
    store = Store(tmp_path / "jobs.db")
    store.add(jobs.create("a-u1", Order({}), 1))
    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == dict.fromkeys(
        ("jobs.db", "jobs.db-wal"), 0o600
    )
    store.close()


def test_a_job_comes_back_as_it_was_stored(tmp_path: Path) -> None:
    store = Store(tmp_path / "jobs.db")
    job = jobs.create("a-u1", Order({"prompt": "mer é"}, webhook="http://h/x", ttl=20_000), 1_000)
    store.add(job)
    job = jobs.finish(jobs.take(job, "w", 2_000), "w", {"files": [1]}, None, 3_000)
    store.save(job)
    store.close()
    store = Store(tmp_path / "jobs.db")
    assert store.get("a-u1") == job
    assert store.get("b-u1") is None
    assert store.webhooks_due(3_000) == [job]
    assert store.next_webhook({"a-u1"}) is None
    store.close()


def test_jobs_leave_the_queue_in_the_order_they_came(tmp_path: Path) -> None:
    store = Store(tmp_path / "jobs.db")
    for name in ("b", "a", "c"):
        store.add(jobs.create(name, Order({}), 1_000))
    first = store.next_queued()
    assert first is not None
    assert first.id == "b"
    store.save(jobs.take(first, "w", 2_000))
    assert [job.id for job in store.queued()] == ["a", "c"]
    assert store.counts() == {Status.IN_QUEUE: 2, Status.IN_PROGRESS: 1}
    store.close()


def test_a_result_is_forgotten_when_its_time_is_over(tmp_path: Path) -> None:
    store = Store(tmp_path / "jobs.db")
    job = jobs.cancel(jobs.create("a", Order({}, sync=True), 1_000), 2_000)
    store.add(job)
    assert store.next_deadline() == 62_000
    store.forget(61_999)
    assert store.get("a") == job
    store.forget(62_000)
    assert store.get("a") is None
    store.close()
