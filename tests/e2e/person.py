"""A customer of the local cloud, new for each test, as clients and as the books see them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
import requests

from localcloud.supabase.tokens import mint

if TYPE_CHECKING:
    from tests.conftest import Cloud

SECONDS = 3600
PATIENCE = 60
BOOKS = """
select
    a.credits,
    (select sum(l.amount) from public.credit_ledger as l where l.user_id = a.user_id),
    75 - (select coalesce(sum(j.credits), 0) from public.jobs as j where j.user_id = a.user_id
          and j.status not in ('failed', 'cancelled', 'timed_out', 'noop', 'error'))
from public.accounts as a where a.user_id = %s
"""


@dataclass(frozen=True)
class Person:
    """Somebody with a token of an hour."""

    cloud: Cloud
    id: str
    headers: dict[str, str]

    @classmethod
    def new(cls, cloud: Cloud, issuer: str = "supabase") -> Person:
        email = f"{uuid.uuid4().hex}@example.com"
        headers = {"Authorization": f"Bearer {mint(cloud.config, email, issuer, SECONDS)}"}
        me = requests.get(f"{cloud.env['API_URL']}/me", headers=headers, timeout=PATIENCE)
        return cls(cloud, me.json()["user"]["id"], headers)

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {**self.headers, **options.pop("headers", {})}
        url = self.cloud.env["API_URL"] + path
        return requests.request(method, url, headers=headers, timeout=PATIENCE, **options)

    def balance(self) -> int:
        """Give the credits, once ledger, account and jobs agree on them."""
        with database(self.cloud) as connection:
            [(account, ledger, by_jobs)] = connection.execute(BOOKS, (self.id,)).fetchall()
        assert account == ledger == by_jobs
        return int(account)


def database(cloud: Cloud) -> psycopg.Connection[Any]:
    """Connect as the schema's owner."""
    return psycopg.connect(cloud.env["DATABASE_URL"], autocommit=True)


def reconcile(cloud: Cloud) -> None:
    """Let every unfinished job be silent, and fire the cron trigger once."""
    with database(cloud) as connection:
        connection.execute("update public.jobs set checked_at = '-infinity' where finished_at is null")
    url = f"http://127.0.0.1:{cloud.config.ports.edge_control}/schedules/run"
    control = {"Authorization": f"Bearer {cloud.config.secrets.control}"}
    fired = requests.post(url, json={"script": "alphogenai-worker"}, headers=control, timeout=PATIENCE)
    assert fired.status_code == 200, fired.text
    assert fired.json()["outcome"] == "ok", fired.text
