"""A migrated database of its own for each module."""

from __future__ import annotations

import json
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.localcloud.postgres import shared

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from tests.localcloud.postgres.throwaway import Cloud


class Database:
    """Acts as one of the API's roles, as PostgREST does: role and claims in a transaction."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection

    @contextmanager
    def acting(self, role: str, user_id: str | None = None) -> Iterator[psycopg.Connection[Any]]:
        claims = json.dumps({"role": role, "sub": user_id})
        with self.connection.transaction():
            query = "select set_config('role', %s, true), set_config('request.jwt.claims', %s, true)"
            self.connection.execute(query, (role, claims))
            yield self.connection

    def call(self, function: str, *arguments: Any) -> Any:
        """Call a function as the API does, with the service role."""
        places = ", ".join(["%s"] * len(arguments))
        with self.acting("service_role") as connection:
            row = connection.execute(f"select public.{function}({places})", arguments).fetchone()
        return row[0] if row else None

    def create(self, user_id: str | None = None, kind: str = "image", **payload: Any) -> dict[str, Any]:
        """Create a job as the API does, and give it."""
        made = self.call("job_create", user_id, kind, json.dumps(payload))
        assert made["outcome"] == "created", made
        job: dict[str, Any] = made["job"]
        return job

    def complete(self, job: dict[str, Any], files: int) -> dict[str, Any]:
        """Report a job's completion with a number of files, and give the job."""
        made = [{"key": f"media/{job['id']}/{number}"} for number in range(files)]
        arguments = (job["id"], None, "completed", None, None, None, json.dumps(made))
        after: dict[str, Any] = self.call("job_provider_event", *arguments)["job"]
        return after

    def balance(self, user_id: str) -> int:
        """Give a user's credits, once the ledger has confirmed them."""
        query = """
            select a.credits, (select sum(amount) from public.credit_ledger where user_id = a.user_id)
            from public.accounts as a where a.user_id = %s
        """
        [(balance, ledger)] = self.connection.execute(query, (user_id,)).fetchall()
        assert balance == ledger
        return int(balance)

    def reasons(self, user_id: str) -> list[tuple[str, int]]:
        """Give the movements of a user's credits, oldest first."""
        query = "select reason, amount from public.credit_ledger where user_id = %s order by id"
        return list(self.connection.execute(query, (user_id,)))


@pytest.fixture
def user() -> str:
    """Somebody new."""
    return str(uuid.uuid4())


@pytest.fixture(scope="session")
def cloud(request: pytest.FixtureRequest) -> Cloud:
    made = shared.cloud(request.config)
    made.copy("bare", "migrated")
    made.migrate("migrated")
    return made


@pytest.fixture(scope="module")
def database(cloud: Cloud) -> Iterator[Database]:
    name = f"t{uuid.uuid4().hex}"
    cloud.copy("migrated", name)
    with cloud.connect(name) as connection:
        yield Database(connection)
    with cloud.connect("template1", "supabase_admin") as connection:
        connection.execute(f"drop database {name} with (force)")
