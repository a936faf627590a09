"""What a job was made on stays, so that what is paid back is what was paid, to who paid it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

if TYPE_CHECKING:
    from tests.supabase.conftest import Database


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("credits", 1000),
        ("credits", 0),
        ("kind", "video"),
        ("user_id", None),
        ("user_id", uuid.uuid4()),
        ("id", uuid.uuid4()),
    ],
)
@pytest.mark.parametrize("role", ["service_role", "postgres"])
def test_nobody_changes_what_a_job_was_made_on(
    database: Database, user: str, role: str, column: str, value: Any
) -> None:
    job = database.create(user, num_images=3)
    query = f"update public.jobs set {column} = %s where id = %s"  # noqa: S608 - a constant
    with (
        pytest.raises(psycopg.errors.RestrictViolation, match="cannot change"),
        database.acting(role) as connection,
    ):
        connection.execute(query, (value, job["id"]))
    database.call("job_cancel", job["id"], user)
    assert database.balance(user) == 75


def test_an_update_that_changes_none_of_it_passes(database: Database, user: str) -> None:
    job = database.create(user)
    with database.acting("service_role") as connection:
        query = "update public.jobs set user_id = user_id, credits = credits, progress = 7 where id = %s"
        assert connection.execute(query, (job["id"],)).rowcount == 1
    assert database.call("job_get", job["id"], user)["progress"] == 7
