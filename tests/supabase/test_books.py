"""Whatever a user and the provider do, the balance is the grant less what is unfinished or made."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.supabase.conftest import Database

CREATION = st.tuples(st.just("create"), st.integers(1, 40), st.none() | st.sampled_from(["k1", "k2"]))
CANCELLATION = st.tuples(st.just("cancel"), st.integers(0, 9))
DELIVERY = st.tuples(
    st.just("deliver"),
    st.integers(0, 9),
    st.sampled_from(["running", "completed", "failed", "cancelled", "timed_out"]),
)
SUBMISSION = st.tuples(st.just("submit"), st.integers(0, 9), st.sampled_from(["submitted", "noop", "error"]))
DELETION = st.tuples(st.just("delete"), st.integers(0, 9))
STEPS = st.lists(CREATION | CANCELLATION | DELIVERY | SUBMISSION | DELETION, max_size=15)


def _act(database: Database, user: str, jobs: list[str], step: tuple[Any, ...]) -> None:
    verb, *said = step
    if verb == "create":
        seconds, key = said
        payload = json.dumps({"duration_seconds": seconds})
        made = database.call("job_create", user, "video", payload, key, str(seconds))
        if made["outcome"] == "created":
            jobs.append(made["job"]["id"])
        return
    if not jobs:
        return
    job = jobs[said[0] % len(jobs)]
    if verb == "cancel":
        database.call("job_cancel", job, user)
    elif verb == "deliver":
        files = json.dumps([{"key": f"media/{job}/0.mp4"}])
        database.call("job_provider_event", job, None, said[1], None, None, None, files)
    elif verb == "submit":
        database.call("job_submitted", job, said[1], "runpod", None, None)
    else:
        jobs.remove(job)
        database.connection.execute("delete from public.jobs where id = %s and finished_at is null", (job,))


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_the_balance_is_the_grant_less_what_is_unfinished_or_made(
    database: Database, steps: list[tuple[Any, ...]]
) -> None:
    user = str(uuid.uuid4())
    database.call("account_get", user)
    jobs: list[str] = []
    for step in steps:
        _act(database, user, jobs, step)
        rows = database.call("job_list", user, None, None, 100)
        kept = [row for row in rows if row["finished_at"] is None or row["status"] == "completed"]
        balance = database.balance(user)
        assert balance == 75 - sum(row["credits"] for row in kept)
        assert balance >= 0
        assert sum(row["finished_at"] is None for row in rows) <= 5
