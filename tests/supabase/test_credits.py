"""Credits: what a job costs is held, given back when nothing was made, and never spent twice."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.supabase.together import together

if TYPE_CHECKING:
    from tests.localcloud.postgres.throwaway import Cloud
    from tests.supabase.conftest import Database

INSERT = "insert into public.jobs (user_id, kind, payload) values (%s, %s, %s)"
PAYLOAD = '{"num_images": 1}'


def _outcome(database: Database, user: str, kind: str = "image", **payload: Any) -> str:
    return str(database.call("job_create", user, kind, json.dumps(payload))["outcome"])


def test_a_new_user_starts_with_the_starters_credits(database: Database, user: str) -> None:
    for _ in range(2):
        assert database.call("account_get", user) == {"credits": 75, "plan": "starter"}
    assert database.reasons(user) == [("grant", 75)]


@pytest.mark.parametrize(
    ("kind", "payload", "price"),
    [
        ("image", {}, 1),
        ("image", {"num_images": 4}, 4),
        ("image", {"num_images": None, "duration_seconds": 9}, 1),
        ("video", {"duration_seconds": 5, "num_images": 3}, 5),
        ("video", {}, 1),
    ],
)
def test_a_job_holds_its_price(
    database: Database, user: str, kind: str, payload: dict[str, Any], price: int
) -> None:
    assert database.create(user, kind, **payload)["credits"] == price
    assert database.balance(user) == 75 - price
    assert database.reasons(user) == [("grant", 75), ("hold", -price)]


@pytest.mark.parametrize("units", [0, -1, 1.5, "4", 10_000, [1], {}, True])
def test_nonsense_for_a_number_of_units_is_refused(database: Database, user: str, units: Any) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="num_images must be"):
        _outcome(database, user, num_images=units)
    assert database.call("account_get", user)["credits"] == 75


def test_without_enough_credits_there_is_no_job_and_no_movement(database: Database, user: str) -> None:
    database.call("account_set", user, 4)
    assert _outcome(database, user, "video", duration_seconds=5) == "insufficient_credits"
    assert database.call("job_list", user) == []
    assert database.balance(user) == 4
    assert _outcome(database, user, "video", duration_seconds=4) == "created"


def test_a_sixth_unfinished_job_is_refused_until_one_ends(database: Database, user: str) -> None:
    jobs = [database.create(user) for _ in range(5)]
    assert _outcome(database, user) == "too_many_jobs"
    database.call("job_cancel", jobs[0]["id"], user)
    assert _outcome(database, user) == "created"


def test_the_admin_neither_pays_nor_waits(database: Database) -> None:
    assert {database.create(None, "video", duration_seconds=30)["credits"] for _ in range(7)} == {0}


@pytest.mark.parametrize("status", ["failed", "cancelled", "timed_out"])
def test_what_the_provider_did_not_make_is_paid_back_once(database: Database, user: str, status: str) -> None:
    job = database.create(user, num_images=3)
    for _ in range(2):
        database.call("job_provider_event", job["id"], "rp-" + job["id"], status)
    assert database.reasons(user) == [("grant", 75), ("hold", -3), ("refund", 3)]
    assert database.balance(user) == 75


@pytest.mark.parametrize("status", ["noop", "error"])
def test_what_was_never_submitted_is_paid_back(database: Database, user: str, status: str) -> None:
    job = database.create(user, num_images=3)
    database.call("job_submitted", job["id"], status, "runpod", None, None)
    assert database.balance(user) == 75


def test_what_was_made_stays_paid(database: Database, user: str) -> None:
    job = database.create(user, num_images=3)
    database.complete(job, 3)
    assert database.call("job_cancel", job["id"], user)["changed"] is False
    assert database.balance(user) == 72


@pytest.mark.parametrize(
    ("kind", "files", "paid"),
    [("image", 0, 0), ("image", 3, 3), ("image", 9, 4), ("video", 0, 0), ("video", 1, 5)],
)
def test_only_what_was_made_stays_paid(
    database: Database, user: str, kind: str, files: int, paid: int
) -> None:
    job = database.complete(database.create(user, kind, num_images=4, duration_seconds=5), files)
    assert job["status"] == ("completed" if files else "failed")
    assert database.balance(user) == 75 - paid
    [told] = database.call("notification_list", user)
    assert told["type"] == ("job_completed" if files else "job_failed")


def test_a_completion_without_files_says_why_it_failed(database: Database, user: str) -> None:
    job = database.create(user)
    arguments = (job["id"], None, "completed", None, None, '{"executionTime": 5}')
    failed = database.call("job_provider_event", *arguments)["job"]
    assert failed["result"] == {"executionTime": 5, "error": "the provider made no file"}


def test_a_report_on_another_kind_of_job_is_nobodys(database: Database, user: str) -> None:
    job = database.create(user, "image")
    arguments = (job["id"], None, "completed", None, None, None, None, "delivery", "video")
    assert database.call("job_provider_event", *arguments)["found"] is False
    assert database.call("job_get", job["id"], user)["status"] == "queued"


def test_a_deleted_unfinished_job_is_paid_back_and_a_finished_one_not(database: Database, user: str) -> None:
    made, lost = database.create(user, num_images=2), database.create(user, num_images=3)
    database.complete(made, 2)
    with database.acting("service_role") as connection:
        connection.execute("delete from public.jobs where user_id = %s", (user,))
    assert database.call("job_get", lost["id"], None) is None
    assert database.balance(user) == 73


def test_a_users_own_insert_obeys_the_same_rules(database: Database, user: str) -> None:
    with database.acting("authenticated", user) as connection:
        for _ in range(5):
            connection.execute(INSERT, (user, "image", PAYLOAD))
    assert database.balance(user) == 70
    with (
        pytest.raises(psycopg.Error, match="at most 5 jobs") as refused,
        database.acting("authenticated", user) as connection,
    ):
        connection.execute(INSERT, (user, "image", PAYLOAD))
    assert refused.value.sqlstate == "AG429"
    poor = str(uuid.uuid4())
    with (
        pytest.raises(psycopg.Error, match="costs 76 credits, 75 are left") as refused,
        database.acting("authenticated", poor) as connection,
    ):
        connection.execute(INSERT, (poor, "video", '{"duration_seconds": 76}'))
    assert refused.value.sqlstate == "AG402"


def test_credits_and_plan_can_be_set_and_the_ledger_says_so(database: Database, user: str) -> None:
    assert database.call("account_set", user, 10, "pro") == {"credits": 10, "plan": "pro"}
    assert database.call("account_set", user, 10) == {"credits": 10, "plan": "pro"}
    assert database.call("account_set", user, None, "starter") == {"credits": 10, "plan": "starter"}
    assert database.reasons(user) == [("grant", 75), ("adjustment", -65)]


@pytest.mark.parametrize(
    ("amount", "plan", "said"), [(-1, None, "negative"), (None, "gold", 'no plan "gold"')]
)
def test_an_impossible_account_is_refused(
    database: Database, user: str, amount: int | None, plan: str | None, said: str
) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=said):
        database.call("account_set", user, amount, plan)


@pytest.mark.parametrize(
    "statement",
    [
        "update public.credit_ledger set amount = 1000",
        "delete from public.credit_ledger",
        "truncate public.credit_ledger",
        "update public.accounts set credits = 1000",
        "insert into public.accounts (user_id, credits) values (gen_random_uuid(), 1000)",
        "truncate public.jobs cascade",
    ],
)
def test_not_even_the_service_role_rewrites_the_books(database: Database, user: str, statement: str) -> None:
    database.create(user)
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.acting("service_role") as connection:
        connection.execute(statement)


@pytest.mark.parametrize(
    "statement", ["update public.credit_ledger set amount = 1", "delete from public.credit_ledger"]
)
def test_not_even_the_owner_changes_the_ledger(database: Database, user: str, statement: str) -> None:
    database.create(user)
    with pytest.raises(psycopg.errors.RestrictViolation, match="only grows"):
        database.connection.execute(statement)


def test_no_entry_makes_a_balance_negative(database: Database, user: str) -> None:
    database.call("account_get", user)
    with (
        pytest.raises(psycopg.errors.CheckViolation, match="accounts_credits_not_negative"),
        database.acting("service_role") as connection,
    ):
        connection.execute(
            "insert into public.credit_ledger (user_id, amount, reason) values (%s, -76, 'adjustment')",
            (user,),
        )


def test_of_200_at_once_exactly_5_are_accepted_and_paid(cloud: Cloud, database: Database, user: str) -> None:
    call = (user, "video", '{"duration_seconds": 5}')
    outcomes = [answer["outcome"] for answer in together(cloud, database, "job_create", [call] * 200)]
    assert (outcomes.count("created"), outcomes.count("too_many_jobs")) == (5, 195)
    assert database.balance(user) == 50
    assert database.reasons(user) == [("grant", 75)] + [("hold", -5)] * 5


def test_spending_the_last_credits_at_once_spends_them_once(
    cloud: Cloud, database: Database, user: str
) -> None:
    database.call("account_set", user, 7)
    call = (user, "image", '{"num_images": 3}')
    outcomes = [answer["outcome"] for answer in together(cloud, database, "job_create", [call] * 40)]
    assert (outcomes.count("created"), outcomes.count("insufficient_credits")) == (2, 38)
    assert database.balance(user) == 1


def test_credits_are_consumed_by_what_was_made(database: Database, user: str) -> None:
    before = database.call("job_metrics")["credits_consumed"]
    made, failed, _unfinished = (database.create(user, num_images=4) for _ in range(3))
    database.complete(made, 3)
    database.call("job_provider_event", failed["id"], None, "failed")
    assert database.call("job_metrics")["credits_consumed"] == before + 3
