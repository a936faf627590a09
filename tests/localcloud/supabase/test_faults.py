"""What happens when the database goes and comes back, or was never there."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psutil
import pytest

from localcloud import config
from localcloud.supabase import service_role_key
from tests.localcloud.postgres.throwaway import Cloud
from tests.localcloud.supabase.conftest import Client

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def own() -> Iterator[Cloud]:
    made = Cloud()
    yield made
    made.end()


def test_without_settings_it_ends_and_says_what_to_do(own: Cloud) -> None:
    config.path_of(own.state).unlink()
    assert own.launch("supabase").wait(20) == 2
    assert "make up" in own.log("supabase")


def test_it_lives_through_the_databases_absence_kill_and_return(own: Cloud) -> None:
    own.start("supabase")
    service = Client(own, service_role_key(own.config))
    started = time.monotonic()
    down = service("GET", "/rest/v1/jobs")
    assert time.monotonic() - started < 2
    assert (down.status_code, down.json()["code"]) == (503, "PGRST001")
    signup = {"email": "a@example.com", "password": "correct horse"}
    assert service("POST", "/auth/v1/signup", json=signup).status_code == 503

    database = own.start("postgres")
    own.migrate("postgres")
    assert service("GET", "/rest/v1/jobs").json() == []
    assert service("POST", "/auth/v1/signup", json=signup).status_code == 200

    family = psutil.Process(database.pid).children(recursive=True)
    database.kill()
    database.wait()
    psutil.wait_procs(family, 10)
    assert service("GET", "/rest/v1/jobs").status_code == 503
    own.start("postgres")
    made = service(
        "POST", "/rest/v1/rpc/job_create", json={"p_user_id": None, "p_kind": "image", "p_payload": {}}
    )
    assert made.status_code == 200


def test_more_requests_than_connections_are_all_served(service: Client) -> None:
    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda _: service("GET", "/rest/v1/rpc/add?a=1").json(), range(96)))
    assert answers == [2] * 96


def test_it_ends_within_five_seconds_and_needs_little_memory(own: Cloud) -> None:
    own.start("postgres")
    process = own.start("supabase")
    service = Client(own, service_role_key(own.config))
    for _ in range(20):
        service("GET", "/rest/v1/rpc/job_metrics")
    assert psutil.Process(process.pid).memory_info().rss < 90 * 2**20
    process.terminate()
    assert process.wait(5) in {0, -15}  # uvicorn passes the signal on once it is done
