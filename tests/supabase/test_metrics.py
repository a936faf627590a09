"""What is counted and measured, and what arrived from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.supabase.conftest import Database


def test_events_are_numbered_and_kept(database: Database) -> None:
    first = database.call("event_record", "/webhooks/test", '{"body": {"test": true}}')
    second = database.call("event_record", "/webhooks/test", None)
    assert second > first
    with database.acting("service_role") as connection:
        row = connection.execute("select type, payload from public.events where id = %s", (first,)).fetchone()
    assert row == ("/webhooks/test", {"body": {"test": True}})


def test_metrics_count_states_and_measure_times(database: Database) -> None:
    assert database.call("job_metrics") == {
        "jobs": {},
        "credits_consumed": 0,
        "success_rate": None,
        "queue_seconds": None,
        "render_seconds": None,
    }
    with database.acting("service_role") as connection:
        connection.execute("""
            insert into public.jobs (status, created_at, started_at, finished_at)
            select
                case when n <= 3 then 'completed' else 'failed' end,
                t, t + interval '2s', t + interval '2s' + n * interval '1s'
            from generate_series(1, 4) as n, (select now() - interval '1 hour' as t)
        """)
    database.create()
    metrics = database.call("job_metrics")
    assert metrics["jobs"] == {"completed": 3, "failed": 1, "queued": 1}
    assert metrics["credits_consumed"] == 0  # the admin's jobs cost nothing
    assert metrics["success_rate"] == 0.75
    assert metrics["queue_seconds"] == [2, 2, 2]
    assert metrics["render_seconds"] == pytest.approx([2.5, 3.85, 3.97])
