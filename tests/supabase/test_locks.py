"""Locks are taken in one order, the job's row and then the account's: nothing waits in a circle."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.localcloud.postgres.throwaway import wait_until

if TYPE_CHECKING:
    from tests.localcloud.postgres.throwaway import Cloud
    from tests.supabase.conftest import Database

ENDS = (
    "select public.job_cancel(%s, null)",
    "select public.job_provider_event(%s, null, 'failed')",
    "select public.job_submitted(%s, 'error', null, null, null)",
    "delete from public.jobs where id = %s",
)


def _waits(database: Database, connection: Any) -> bool:
    query = "select wait_event_type = 'Lock' from pg_stat_activity where pid = %s"
    row = database.connection.execute(query, (connection.info.backend_pid,)).fetchone()
    return bool(row and row[0])


@pytest.mark.parametrize("ending", ENDS)
def test_what_ends_a_job_has_its_row_before_it_asks_for_the_account(
    cloud: Cloud, database: Database, user: str, ending: str
) -> None:
    job = database.create(user)["id"]
    name = database.connection.info.dbname
    with ThreadPoolExecutor(1) as pool, cloud.connect(name) as spender, cloud.connect(name) as ender:
        with spender.transaction():
            spender.execute("select public.account_locked(%s)", (user,))
            ended = pool.submit(ender.execute, ending, (job,))
            wait_until(lambda: _waits(database, ender))
            with pytest.raises(psycopg.errors.LockNotAvailable):
                database.connection.execute("select from public.jobs where id = %s for update nowait", (job,))
        ended.result()
    assert database.balance(user) == 75


def test_a_creation_waits_for_no_job(cloud: Cloud, database: Database, user: str) -> None:
    database.create(user)
    with cloud.connect(database.connection.info.dbname) as ender, ender.transaction():
        ender.execute("select from public.jobs where user_id = %s for update", (user,))
        database.connection.execute("set lock_timeout = '2s'")
        try:
            assert database.call("job_create", user, "image", "{}", "key", "hash")["outcome"] == "created"
        finally:
            database.connection.execute("reset lock_timeout")
