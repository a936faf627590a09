from __future__ import annotations

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from localcloud.runpod import job as jobs
from localcloud.runpod.job import Job, Order, Status

HOOK = "http://127.0.0.1:1/hook"


def queued(order: Order | None = None) -> Job:
    return jobs.create("j-u1", order or Order({"prompt": "sea"}, webhook=HOOK), 1_000)


def test_a_lost_job_gets_one_second_chance_and_then_fails() -> None:
    once = jobs.lose(jobs.take(queued(), "w1", 2_000), 3_000)
    assert (once.status, once.worker_id, once.started_at) == (Status.IN_QUEUE, None, None)
    twice = jobs.lose(jobs.take(once, "w2", 4_000), 5_000)
    assert (twice.status, twice.error) == (Status.FAILED, "2 workers ended without a result of this job.")


def test_a_result_from_a_worker_that_lost_the_job_is_ignored() -> None:
    second = jobs.take(jobs.lose(jobs.take(queued(), "w1", 2_000), 3_000), "w2", 4_000)
    assert jobs.finish(second, "w1", {"late": True}, None, 5_000) == second
    assert jobs.progress(second, "w1", {"late": True}) == second


def test_progress_that_arrives_after_the_result_does_not_replace_it() -> None:
    done = jobs.finish(jobs.take(queued(), "w", 2_000), "w", {"files": []}, None, 3_000)
    assert jobs.progress(done, "w", {"progress": 90}) == done


def test_an_error_makes_a_failure_and_keeps_the_output() -> None:
    failed = jobs.finish(jobs.take(queued(), "w", 2_000), "w", {"partial": 1}, "no", 3_000)
    assert (failed.status, failed.output, failed.error) == (Status.FAILED, {"partial": 1}, "no")


def test_a_job_times_out_when_it_has_run_as_long_as_its_policy_allows() -> None:
    running = jobs.take(queued(Order({}, execution_timeout=5_000)), "w", 2_000)
    assert jobs.expire(running, 6_999) == running
    late = jobs.expire(running, 7_000)
    assert (late.status, late.error) == (
        Status.TIMED_OUT,
        "The job ran longer than its execution timeout.",
    )


def test_a_job_that_nobody_took_times_out_at_the_end_of_its_ttl() -> None:
    waiting = queued(Order({}, ttl=10_000))
    assert jobs.expire(waiting, 10_999) == waiting
    assert jobs.expire(waiting, 11_000).error == "The job outlived its ttl."


def test_a_webhook_is_tried_three_times_then_given_up() -> None:
    job = jobs.cancel(queued(), 2_000)
    due = []
    for now in (2_000, 12_000, 22_000):
        due.append(job.webhook_at)
        job = jobs.webhook_answered(job, accepted=False, pause=10_000, now=now)
    assert due == [2_000, 12_000, 22_000]
    assert (job.webhook_at, job.webhook_tries) == (None, 3)


def test_an_accepted_webhook_is_not_posted_again() -> None:
    job = jobs.webhook_answered(jobs.cancel(queued(), 2_000), accepted=True, pause=10_000, now=2_010)
    assert job.webhook_at is None
    assert jobs.webhook_answered(job, accepted=False, pause=10_000, now=2_020) == job


def test_a_result_is_kept_while_its_webhook_is_owed() -> None:
    owed = jobs.cancel(queued(), 2_000)
    assert jobs.forgotten_at(owed) is None
    paid = jobs.webhook_answered(owed, accepted=True, pause=1, now=2_000)
    assert jobs.forgotten_at(paid) == 2_000 + 30 * 60_000


def test_a_synchronous_result_is_kept_for_a_minute() -> None:
    assert jobs.forgotten_at(jobs.cancel(queued(Order({}, sync=True)), 2_000)) == 62_000


def test_only_a_failed_or_timed_out_job_is_retried() -> None:
    cancelled = jobs.cancel(queued(), 2_000)
    assert jobs.retry(cancelled, 3_000) == cancelled
    failed = jobs.finish(jobs.take(queued(), "w", 2_000), "w", None, "no", 3_000)
    assert jobs.retry(failed, 9_000) == replace(queued(), queued_at=9_000)


class Life(RuleBasedStateMachine):
    """Any order of messages, repeated and late ones too."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000
        self.job = queued(Order({}, webhook=HOOK, execution_timeout=5_000, ttl=60_000))
        self.ends: list[Job] = []

    def become(self, after: Job) -> None:
        if not self.job.is_live:
            assert after.status in (self.job.status, Status.IN_QUEUE)
        elif not after.is_live:
            self.ends.append(after)
        self.job = after

    @rule(worker=st.sampled_from(["w1", "w2"]))
    def take(self, worker: str) -> None:
        self.become(jobs.take(self.job, worker, self.now))

    @rule(worker=st.sampled_from(["w1", "w2"]), error=st.sampled_from([None, "no"]))
    def finish(self, worker: str, error: str | None) -> None:
        self.become(jobs.finish(self.job, worker, {"n": 1}, error, self.now))

    @rule(worker=st.sampled_from(["w1", "w2"]))
    def progress(self, worker: str) -> None:
        self.become(jobs.progress(self.job, worker, {"progress": 1}))

    @rule()
    def cancel(self) -> None:
        self.become(jobs.cancel(self.job, self.now))

    @rule()
    def lose(self) -> None:
        self.become(jobs.lose(self.job, self.now))

    @precondition(lambda self: not self.job.is_live)
    @rule()
    def retry(self) -> None:
        self.become(jobs.retry(self.job, self.now))

    @rule(accepted=st.booleans())
    def answer(self, accepted: bool) -> None:  # noqa: FBT001 - Hypothesis passes it by name
        self.become(jobs.webhook_answered(self.job, accepted=accepted, pause=10_000, now=self.now))

    @rule(passed=st.integers(0, 20_000))
    def time_passes(self, passed: int) -> None:
        self.now += passed
        self.become(jobs.expire(self.job, self.now))

    @invariant()
    def a_job_runs_on_a_worker_or_does_not_run(self) -> None:
        if self.job.status is Status.IN_PROGRESS:
            assert self.job.worker_id
            assert self.job.started_at is not None
        if self.job.status is Status.IN_QUEUE:
            assert self.job.worker_id is None

    @invariant()
    def it_is_tried_at_most_twice(self) -> None:
        assert self.job.attempts <= jobs.ATTEMPTS
        assert self.job.webhook_tries <= jobs.WEBHOOK_TRIES

    @invariant()
    def it_has_ended_exactly_when_it_is_not_live(self) -> None:
        assert self.job.is_live == (self.job.finished_at is None)
        assert self.job.is_live or self.ends
        assert not (self.job.is_live and self.job.webhook_at is not None)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
