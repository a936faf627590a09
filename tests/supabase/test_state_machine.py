"""Whatever arrives, in whatever order: a terminal state stays, and nothing goes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.supabase.conftest import Database

RANK = {"queued": 0, "submitted": 1, "running": 2}
PHASES = (None, "initializing", "generating", "saving")

SUBMISSION = st.tuples(
    st.just("job_submitted"),
    st.sampled_from(["submitted", "noop", "error"]),
    st.just("runpod"),
    st.none(),
    st.none(),
)
DELIVERY = st.tuples(
    st.just("job_provider_event"),
    st.none(),
    st.sampled_from(["queued", "submitted", "running", "completed", "failed", "cancelled", "timed_out"]),
    st.sampled_from(PHASES),
    st.none() | st.integers(-10, 200),
    st.none() | st.just('{"output": 1}'),
)
CANCELLATION = st.tuples(st.just("job_cancel"), st.none())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(SUBMISSION | DELIVERY | CANCELLATION, max_size=10))
def test_a_terminal_state_never_changes_and_nothing_goes_back(
    database: Database, steps: list[tuple[Any, ...]]
) -> None:
    job = database.create()
    for function, *arguments in steps:
        answer = database.call(function, job["id"], *arguments)
        after = database.call("job_get", job["id"], None)
        assert answer == after if function == "job_submitted" else answer["job"] == after
        if job["finished_at"] is not None:
            kept = {**after, "provider": job["provider"], "submitted_at": job["submitted_at"]}
            assert kept == job  # only what a late submission adds may be new
            assert function == "job_submitted" or answer["changed"] is False
        else:
            assert RANK.get(after["status"], 3) >= RANK[job["status"]]
            assert after["progress"] >= job["progress"]
            assert after["status"] not in RANK or PHASES.index(after["phase"]) >= PHASES.index(job["phase"])
        assert (after["finished_at"] is not None) == (after["status"] not in RANK)
        job = after
