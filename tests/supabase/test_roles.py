"""Who may do what: anon, user A, user B, the service role."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

if TYPE_CHECKING:
    from tests.supabase.conftest import Database

A, B = str(uuid.uuid4()), str(uuid.uuid4())
INSERT = "insert into public.jobs (user_id, kind, payload) values (%s, 'image', '{}')"
FUNCTIONS = (
    "account_get",
    "account_locked",
    "account_set",
    "event_record",
    "job_cancel",
    "job_create",
    "job_get",
    "job_json",
    "job_list",
    "job_metrics",
    "job_outcome",
    "job_price",
    "job_price_of_made",
    "job_provider_event",
    "job_rank",
    "job_submitted",
    "job_units",
    "jobs_claim_silent",
    "media_json",
    "media_store",
    "notification_json",
    "notification_list",
    "notification_read",
)
# What a user's own insert sets off writes where users may not.
DEFINERS = {
    "account_locked",
    "credit_ledger_moves_balance",
    "job_deleted_is_refunded",
    "job_holds_credits",
    "job_is_paid_for",
    "job_is_settled",
}


def _ids(database: Database, role: str, user_id: str | None = None) -> set[Any]:
    with database.acting(role, user_id) as connection:
        return {str(row[0]) for row in connection.execute("select id from public.jobs")}


@pytest.mark.parametrize(
    "statement", ["select from public.jobs", "delete from public.jobs", "truncate public.jobs"]
)
def test_anon_may_not_touch_jobs(database: Database, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.acting("anon") as connection:
        connection.execute(statement)


@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_events_are_for_the_service_role_alone(database: Database, role: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.acting(role, A) as connection:
        connection.execute("select from public.events")
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.acting(role, A) as connection:
        connection.execute("insert into public.events (type) values ('x')")


def test_a_user_sees_own_jobs_only_and_the_service_role_all(database: Database) -> None:
    of_a = database.create(A)["id"]
    of_b = database.create(B)["id"]
    of_admin = database.create()["id"]
    assert {of_a} == _ids(database, "authenticated", A) & {of_a, of_b, of_admin}
    assert {of_b} == _ids(database, "authenticated", B) & {of_a, of_b, of_admin}
    assert {of_a, of_b, of_admin} <= _ids(database, "service_role")


def test_a_user_without_a_subject_sees_nothing(database: Database) -> None:
    database.create()
    assert _ids(database, "authenticated", None) == set()


def test_a_user_inserts_for_nobody_else(database: Database) -> None:
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        database.acting("authenticated", A) as connection,
    ):
        connection.execute(INSERT, (B,))
    with database.acting("authenticated", A) as connection:
        assert connection.execute(INSERT, (A,)).rowcount == 1


@pytest.mark.parametrize("column", ["status", "provider_job_id", "result", "finished_at", "created_at"])
def test_a_user_does_not_write_what_is_the_apis_to_write(database: Database, column: str) -> None:
    query = f"insert into public.jobs (user_id, {column}) values (%s, null)"  # noqa: S608 - a constant
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        database.acting("authenticated", A) as connection,
    ):
        connection.execute(query, (A,))


@pytest.mark.parametrize("statement", ["update public.jobs set payload = '{}'", "delete from public.jobs"])
def test_a_user_neither_changes_nor_deletes_jobs(database: Database, statement: str) -> None:
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        database.acting("authenticated", A) as connection,
    ):
        connection.execute(statement)


def test_no_function_of_the_api_can_be_called_by_others(database: Database) -> None:
    query = """
        select p.proname, r.role, has_function_privilege(r.role, p.oid, 'execute')
        from pg_proc as p, unnest(array['anon', 'authenticated', 'service_role']) as r (role)
        where p.pronamespace = 'public'::regnamespace and p.prorettype <> 'trigger'::regtype
    """
    rows = database.connection.execute(query).fetchall()
    assert {name for name, _, _ in rows} == set(FUNCTIONS)
    assert {(role, may) for _, role, may in rows} == {
        ("anon", False),
        ("authenticated", False),
        ("service_role", True),
    }


def test_functions_run_with_the_callers_rights_but_those_of_triggers(database: Database) -> None:
    query = "select proname from pg_proc where pronamespace = 'public'::regnamespace and prosecdef"
    assert {row[0] for row in database.connection.execute(query)} == DEFINERS


def test_every_function_has_an_empty_search_path(database: Database) -> None:
    query = """
        select proname from pg_proc where pronamespace = 'public'::regnamespace
        and not coalesce('search_path=""' = any (proconfig), false)
    """
    assert database.connection.execute(query).fetchall() == []


def test_row_level_security_is_on_for_every_table_with_the_agreed_policies(database: Database) -> None:
    off = """
        select relname from pg_class
        where relnamespace = 'public'::regnamespace and relkind = 'r' and not relrowsecurity
    """
    assert database.connection.execute(off).fetchall() == []
    policies = database.connection.execute("select policyname from pg_policies where schemaname = 'public'")
    assert {row[0] for row in policies} == {
        "account_owner_can_read",
        "anyone_can_read_plans",
        "anyone_can_read_prices",
        "job_owner_can_insert",
        "job_owner_can_read",
        "ledger_owner_can_read",
        "media_owner_can_read",
        "notification_owner_can_read",
        "service_role_all_accounts",
        "service_role_all_deliveries",
        "service_role_all_events",
        "service_role_all_jobs",
        "service_role_all_keys",
        "service_role_all_ledger",
        "service_role_all_media",
        "service_role_all_notifications",
        "service_role_all_plans",
        "service_role_all_prices",
    }


def test_a_users_page_is_read_from_its_index(database: Database) -> None:
    with database.acting("authenticated", A) as connection:
        connection.execute("set local enable_seqscan = off")
        query = "explain select * from public.jobs order by created_at desc, id desc limit 20"
        plan = "\n".join(row[0] for row in connection.execute(query))
    assert "jobs_newest_of_user" in plan
    assert "InitPlan" in plan  # auth.uid() once, not once a row


def test_a_payload_that_a_user_inserts_is_no_longer_than_the_apis(database: Database) -> None:
    insert = "insert into public.jobs (user_id, kind, payload) values (%s, 'image', %s)"
    user = str(uuid.uuid4())
    short, long = (json.dumps({"prompt": "x" * letters}) for letters in (65_000, 66_000))
    with database.acting("authenticated", user) as connection:
        connection.execute(insert, (user, short))
    with (
        pytest.raises(psycopg.errors.CheckViolation, match="longer than 65536 bytes"),
        database.acting("authenticated", user) as connection,
    ):
        connection.execute(insert, (user, long))
