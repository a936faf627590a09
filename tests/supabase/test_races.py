"""Everything at the same moment: no deadlock, no job twice, exact books."""

from __future__ import annotations

import json
import random
import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.supabase.together import connected, mixed, together

if TYPE_CHECKING:
    from tests.localcloud.postgres.throwaway import Cloud
    from tests.supabase.conftest import Database

INSERT = "insert into public.jobs (user_id, kind, payload) values (%s, %s, %s)"
ENDS = ("completed", "failed", "timed_out", "cancelled")


def _report(job_id: str, status: str, delivery: str, progress: int | None = None) -> tuple[Any, ...]:
    files = [{"key": f"media/{job_id}/{number}.png"} for number in range(2)]
    return (job_id, None, status, None, progress, None, json.dumps(files), delivery)


def _inserted(connection: Any, wish: tuple[str, str, str]) -> str | None:
    """Insert a job as PostgREST does for its user; gives the SQLSTATE of a refusal."""
    claims = json.dumps({"role": "authenticated", "sub": wish[0]})
    try:
        with connection.transaction():
            connection.execute("select set_config('request.jwt.claims', %s, true)", (claims,))
            connection.execute(INSERT, wish)
    except psycopg.Error as refusal:
        return refusal.sqlstate
    return None


def _deadlocks(database: Database) -> int:
    query = "select deadlocks from pg_stat_database where datname = current_database()"
    [(count,)] = database.connection.execute(query).fetchall()
    return int(count)


def _settled(database: Database, job: dict[str, Any], user: str) -> int:
    """Assert that a job has all that belongs to its end, and once; gives what was kept of its price."""
    after = database.call("job_get", job["id"], user)
    made = after["status"] == "completed"
    assert len(after["files"]) == (2 if made else 0)
    told = [one for one in database.call("notification_list", user) if one["job_id"] == job["id"]]
    kind = {"completed": "job_completed", "cancelled": None}.get(after["status"], "job_failed")
    assert [one["type"] for one in told] == ([kind] if kind else [])
    query = "select reason, amount from public.credit_ledger where job_id = %s order by id"
    entries = database.connection.execute(query, (job["id"],)).fetchall()
    price = job["credits"]
    assert entries == [("hold", -price)] + ([] if made else [("refund", price)])
    return int(price) if made else 0


def test_a_thousand_contradictory_deliveries_end_each_job_once_and_exactly(
    cloud: Cloud, database: Database
) -> None:
    order = random.Random(11)  # noqa: S311 - the same disorder each time
    users = [str(uuid.uuid4()) for _ in range(4)]
    jobs = [(database.create(user, num_images=2), user) for user in users for _ in range(5)]
    reports = []
    for job, _ in jobs:
        said = [_report(job["id"], status, status) for status in ENDS]
        said += [_report(job["id"], "running", f"at {at}", at) for at in range(20)]
        reports += said * 2
    reports += [_report(str(uuid.uuid4()), "completed", "lost") for _ in range(40)]
    order.shuffle(reports)
    assert len(reports) == 1000
    answers = together(cloud, database, "job_provider_event", reports)
    assert sum(not answer["found"] for answer in answers) == 40
    # The second copy of a delivery is a replay, whichever of the two that was.
    assert sum(answer["replayed"] for answer in answers) == 20 * 24
    ended = Counter(
        answer["job"]["id"] for answer in answers if answer["changed"] and answer["job"]["finished_at"]
    )
    assert ended == {job["id"]: 1 for job, _ in jobs}
    for user in users:
        kept = sum(_settled(database, job, user) for job, owner in jobs if owner == user)
        assert database.balance(user) == 75 - kept


def test_all_calls_at_once_on_the_same_jobs_end_without_a_deadlock(cloud: Cloud, database: Database) -> None:
    order = random.Random(5)  # noqa: S311 - the same disorder each time
    users = [str(uuid.uuid4()) for _ in range(3)]
    jobs = [(database.create(user, num_images=2), user) for user in users for _ in range(4)]
    calls: list[tuple[str, tuple[Any, ...]]] = []
    for job, user in jobs:
        calls += [("job_provider_event", _report(job["id"], status, status)) for status in ENDS]
        calls += [("job_submitted", (job["id"], "submitted", "runpod", None, None))] * 2
        calls += [("job_cancel", (job["id"], user)), ("jobs_claim_silent", (5, 0))]
        calls += [("job_create", (user, "image", "{}", f"key {n % 3}", "hash")) for n in range(6)]
        calls += [("account_get", (user,)), ("account_set", (user, None, "pro")), ("job_list", (user,))]
    order.shuffle(calls)
    before = _deadlocks(database)
    mixed(cloud, database, calls)
    assert _deadlocks(database) == before
    for user in users:
        made = database.call("job_list", user, None, None, 100)
        assert len(made) == 4 + 3  # one for each key
        kept = sum(_settled(database, job, owner) for job, owner in jobs if owner == user)
        assert database.balance(user) == 75 - kept - 3


def test_of_100_direct_inserts_at_once_exactly_5_are_accepted(
    cloud: Cloud, database: Database, user: str
) -> None:
    wishes = [(user, "image", '{"num_images": 2}')] * 100
    answers = Counter(connected(cloud, database, "authenticated", _inserted, wishes))
    assert answers == {None: 5, "AG429": 95}
    assert database.balance(user) == 65


def test_direct_inserts_and_the_apis_share_one_limit_and_one_balance(
    cloud: Cloud, database: Database, user: str
) -> None:
    database.call("account_set", user, 10)

    def either(connection: Any, number: int) -> bool:
        if number % 2:
            claims = json.dumps({"role": "authenticated", "sub": user})
            connection.execute("select set_config('role', 'authenticated', false)")
            connection.execute("select set_config('request.jwt.claims', %s, false)", (claims,))
            try:
                connection.execute(INSERT, (user, "image", '{"num_images": 3}'))
            except psycopg.Error as refusal:
                assert refusal.sqlstate == "AG402"  # noqa: PT017 - what the other way answers with
                return False
            return True
        connection.execute("select set_config('role', 'service_role', false)")
        query = "select public.job_create(%s, 'image', '{\"num_images\": 3}')"
        outcome = connection.execute(query, (user,)).fetchone()[0]["outcome"]
        assert outcome in {"created", "insufficient_credits"}
        return bool(outcome == "created")

    assert sum(connected(cloud, database, "postgres", either, range(60))) == 3
    assert database.balance(user) == 1


@pytest.mark.parametrize(
    ("rows", "state"),
    [
        (("image", "{}", 6), "AG429"),
        # Holds are entered when the statement has ended: the balance's own check refuses them.
        (("video", '{"duration_seconds": 30}', 3), "23514"),
    ],
)
def test_many_rows_in_one_statement_are_refused_whole(
    database: Database, user: str, rows: tuple[str, str, int], state: str
) -> None:
    many = "insert into public.jobs (user_id, kind, payload) select %s, %s, %s from generate_series(1, %s)"
    with pytest.raises(psycopg.Error) as refusal, database.acting("authenticated", user) as connection:
        connection.execute(many, (user, *rows))
    assert refusal.value.sqlstate == state
    assert database.call("job_list", user) == []
    assert database.call("account_get", user)["credits"] == 75


def test_one_key_with_many_requests_at_once_makes_the_job_of_one(
    cloud: Cloud, database: Database, user: str
) -> None:
    calls = [(user, "image", "{}", "key", f"hash {number % 4}") for number in range(60)]
    answers = together(cloud, database, "job_create", calls)
    outcomes = Counter(answer["outcome"] for answer in answers)
    assert outcomes == {"created": 1, "replayed": 14, "idempotency_conflict": 45}
    assert database.balance(user) == 74


def test_new_users_seen_by_many_calls_at_once_are_granted_once(cloud: Cloud, database: Database) -> None:
    users = [str(uuid.uuid4()) for _ in range(6)]
    together(cloud, database, "account_get", [(user,) for user in users * 10])
    assert all(database.reasons(user) == [("grant", 75)] for user in users)
