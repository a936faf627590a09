from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.job import FROM_RUNPOD, TO_RUNPOD, Job, Kind, State, is_terminal, may_become
from api.domain.media import MediaFile

JOB = Job(
    id="0b9f3c5e-8a52-4d0c-9c5e-6f1f6f2f8b11",
    user_id=None,
    kind=Kind.IMAGE,
    status=State.COMPLETED,
    phase=None,
    progress=100,
    provider="runpod",
    provider_job_id="rp-1",
    payload={},
    result=None,
    credits=4,
    created_at="2026-11-21T00:00:00+00:00",
    submitted_at=None,
    started_at=None,
    finished_at=None,
    media=(MediaFile(0, "media/0b9f3c5e-8a52-4d0c-9c5e-6f1f6f2f8b11/0.png", size_bytes=7),),
)


@given(st.lists(st.sampled_from(State)))
def test_once_a_job_has_ended_no_report_changes_it(reports: list[State]) -> None:
    state, ended = State.QUEUED, None
    for report in reports:
        if may_become(state, report):
            assert ended is None
            state = report
        if is_terminal(state):
            ended = state
    assert ended is None or state is ended


@given(st.sampled_from(State))
def test_no_state_leads_back_to_the_queue(state: State) -> None:
    assert not may_become(state, State.QUEUED)


def test_the_states_that_end_a_job_are_those_of_the_contract() -> None:
    ended = {state.value for state in State if is_terminal(state)}
    assert ended == {"completed", "failed", "cancelled", "timed_out", "noop", "error"}


def test_every_word_of_runpods_is_understood_and_every_state_can_be_told() -> None:
    assert set(TO_RUNPOD) == set(State)
    assert all(TO_RUNPOD[state] == word for word, state in FROM_RUNPOD.items())


def test_a_job_comes_back_from_json_as_it_was() -> None:
    assert Job.parse(JOB.to_json()) == JOB


@pytest.mark.parametrize("missing", ["id", "status", "created_at"])
def test_a_row_that_lacks_a_column_is_refused(missing: str) -> None:
    row = JOB.to_json()
    del row[missing]
    with pytest.raises(KeyError):
        Job.parse(row)


@pytest.mark.parametrize("payload", [None, [1], "text", 5, True])
def test_a_payload_that_is_no_object_says_nothing(payload: object) -> None:
    assert Job.parse({**JOB.to_json(), "payload": payload}) == JOB
