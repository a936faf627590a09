"""Every table by role: anon, user A, user B, the service role. A table that is added has to be named here."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import psycopg
import pytest

if TYPE_CHECKING:
    from tests.supabase.conftest import Database

OWNED = ("jobs", "media_files", "notifications", "accounts", "credit_ledger")
PUBLIC = ("plans", "prices")
INTERNAL = ("events", "idempotency_keys", "webhook_deliveries")
TABLES = OWNED + PUBLIC + INTERNAL
# The service role does everything else; these would go round the ledger.
CLOSED_TO_THE_SERVICE_ROLE = {
    ("jobs", "truncate"),
    ("accounts", "insert"),
    ("accounts", "update"),
    ("accounts", "delete"),
    ("accounts", "truncate"),
    ("credit_ledger", "update"),
    ("credit_ledger", "delete"),
    ("credit_ledger", "truncate"),
}


def _lived(database: Database) -> str:
    """Make a user who has a row in every table that rows of users go to."""
    user = str(uuid.uuid4())
    job = database.call("job_create", user, "image", "{}", "key", "hash")["job"]["id"]
    files = json.dumps([{"key": f"media/{job}/0.png"}])
    database.call("job_provider_event", job, None, "completed", None, None, None, files, "delivery")
    return user


def _owners(database: Database, role: str, user: str | None, table: str) -> set[str]:
    with database.acting(role, user) as connection:
        rows = connection.execute(f"select user_id from public.{table}")  # noqa: S608 - one of the constants
        return {str(row[0]) for row in rows}


def _refused(database: Database, role: str, user: str | None, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.acting(role, user) as connection:
        connection.execute(statement)


def test_every_table_is_named_here(database: Database) -> None:
    query = "select tablename from pg_tables where schemaname = 'public'"
    assert {row[0] for row in database.connection.execute(query)} == set(TABLES)


@pytest.mark.parametrize("table", OWNED)
def test_a_user_reads_own_rows_only_and_the_service_role_all(database: Database, table: str) -> None:
    a, b = _lived(database), _lived(database)
    assert _owners(database, "authenticated", a, table) == {a}
    assert _owners(database, "authenticated", b, table) == {b}
    assert _owners(database, "authenticated", None, table) == set()
    assert {a, b} <= _owners(database, "service_role", None, table)
    _refused(database, "anon", None, f"select from public.{table}")


@pytest.mark.parametrize(("table", "rows"), [("plans", 3), ("prices", 2)])
@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role"])
def test_everybody_reads_plans_and_prices(database: Database, role: str, table: str, rows: int) -> None:
    with database.acting(role) as connection:
        query = f"select count(*) from public.{table}"  # noqa: S608 - one of the constants
        assert connection.execute(query).fetchone() == (rows,)


@pytest.mark.parametrize("table", INTERNAL)
def test_what_is_internal_only_the_service_role_reads(database: Database, table: str) -> None:
    user = _lived(database)
    database.call("event_record", "/webhooks/test", "{}")
    _refused(database, "anon", None, f"select from public.{table}")
    _refused(database, "authenticated", user, f"select from public.{table}")
    with database.acting("service_role") as connection:
        assert connection.execute(f"select from public.{table}").rowcount > 0


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_neither_anon_nor_a_user_writes_a_table(database: Database, role: str, table: str) -> None:
    user = _lived(database)
    column = {"plans": "name", "prices": "kind"}.get(table, "created_at")
    column = "received_at" if table == "webhook_deliveries" else column
    for statement in (
        f"insert into public.{table} default values",
        f"insert into public.{table} ({column}) values (default)",  # noqa: S608 - constants
        f"update public.{table} set {column} = {column}",  # noqa: S608 - constants
        f"delete from public.{table}",  # noqa: S608 - a constant
        f"truncate public.{table} cascade",
    ):
        _refused(database, role, user, statement)


def test_the_service_role_may_do_everything_but_go_round_the_ledger(database: Database) -> None:
    query = """
        select t.name, v.verb from unnest(%s::text []) as t (name),
        unnest(array['select', 'insert', 'update', 'delete', 'truncate']) as v (verb)
        where not has_table_privilege('service_role', 'public.' || t.name, v.verb)
    """
    rows = database.connection.execute(query, (list(TABLES),)).fetchall()
    assert set(rows) == CLOSED_TO_THE_SERVICE_ROLE


def test_no_sequence_is_open_to_users(database: Database) -> None:
    query = """
        select c.relname, r.role
        from pg_class as c, unnest(array['anon', 'authenticated']) as r (role)
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'S'
        and has_sequence_privilege(r.role, c.oid, 'usage, select, update')
    """
    assert database.connection.execute(query).fetchall() == []


@pytest.mark.parametrize("function", ["account_get", "account_set"])
def test_a_user_calls_no_function_not_even_on_the_own_account(database: Database, function: str) -> None:
    user = _lived(database)
    _refused(database, "authenticated", user, f"select public.{function}('{user}')")
