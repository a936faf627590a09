"""Each part is killed at each step of a job: after a restart and one run of the reconciler all is settled."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import psutil
import pytest
import requests

from localcloud import supervisor
from localcloud.pidfile import PidFile
from tests.e2e.person import PATIENCE, Person, database, reconcile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Cloud

PRICE = 4
VIDEO = {"prompt": "a storm", "durationSec": PRICE}
STATUS = "select status from public.jobs where user_id = %s"
ENDINGS = {"completed", "failed", "error", "timed_out"}


def _main(cloud: Cloud, name: str) -> psutil.Process:
    """The process itself, below the shell that watches it."""
    watcher = PidFile(cloud.config.state_dir, name).read()
    assert watcher is not None
    return watcher.children()[0]


def _kill(cloud: Cloud, victim: str) -> None:
    """Kill a process with all below it; of `runpod` also the renderer that it started."""
    if victim == "renderer":
        targets = _renderers(cloud)
        assert targets, "no renderer runs"
    else:
        main = _main(cloud, victim)
        targets = [*main.children(recursive=True), main]
    for target in targets:
        with suppress(psutil.Error):
            target.kill()
    psutil.wait_procs(targets, timeout=10)
    if victim != "renderer":
        watched = PidFile(cloud.config.state_dir, victim)
        _until(lambda: watched.read() is None, "its watcher has noted the end")


def _renderers(cloud: Cloud) -> list[psutil.Process]:
    return list(_main(cloud, "runpod").children(recursive=True))


@contextmanager
def _held(cloud: Cloud, name: str) -> Iterator[None]:
    """Stop a process without ending it: who asks it waits."""
    main = _main(cloud, name)
    main.suspend()
    try:
        yield
    finally:
        with suppress(psutil.Error):
            main.resume()


def _until(holds: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.02)


def _value(cloud: Cloud, query: str, person: Person) -> Any:
    with database(cloud) as connection:
        row = connection.execute(query, (person.id,)).fetchone()
    return row[0] if row else None


def _provider_is_done(cloud: Cloud) -> bool:
    """Whether RunPod has nothing left to do, for jobs too whose id we never heard."""
    url = f"{cloud.env['RUNPOD_API_BASE']}/v2/{cloud.env['RUNPOD_ENDPOINT_ID']}/health"
    headers = {"Authorization": f"Bearer {cloud.env['RUNPOD_API_KEY']}"}
    jobs = requests.get(url, headers=headers, timeout=PATIENCE).json()["jobs"]
    return bool(jobs["inQueue"] == jobs["inProgress"] == 0)


def _settled(cloud: Cloud, person: Person) -> None:
    """Start again what is down; then one run of the reconciler must do."""
    supervisor.start(cloud.config, print)
    _until(lambda: requests.get(f"{cloud.env['API_URL']}/health", timeout=PATIENCE).ok, "the API answers")
    _until(lambda: _provider_is_done(cloud), "the provider ends the job")
    reconcile(cloud)
    status = _value(cloud, STATUS, person)
    assert status in ENDINGS
    assert person.balance() == (75 - PRICE if status == "completed" else 75)
    told = person.ask("GET", "/api/notifications").json()["notifications"]
    assert [one["type"] for one in told] == ["job_completed" if status == "completed" else "job_failed"]


@pytest.fixture
def person(cloud: Cloud) -> Person:
    return Person.new(cloud)


@pytest.fixture(autouse=True)
def _all_up(cloud: Cloud) -> Iterator[None]:
    yield
    supervisor.start(cloud.config, print)


@pytest.mark.parametrize("victim", ["edge", "postgres", "supabase", "runpod"])
def test_killed_while_the_job_is_being_handed_to_the_provider(
    cloud: Cloud, person: Person, victim: str
) -> None:
    asking = threading.Thread(target=_ask, args=(person,))
    with _held(cloud, "runpod"):
        asking.start()
        _until(lambda: _value(cloud, STATUS, person) == "queued", "the job is created")
        time.sleep(0.2)  # the request is on its way to the provider
        _kill(cloud, victim)
    asking.join(PATIENCE)
    _settled(cloud, person)


@pytest.mark.parametrize("victim", ["edge", "postgres", "supabase", "runpod"])
def test_killed_right_after_the_job_was_submitted(cloud: Cloud, person: Person, victim: str) -> None:
    assert person.ask("POST", "/jobs/create", json=VIDEO).status_code == 200
    _kill(cloud, victim)
    _settled(cloud, person)


@pytest.mark.parametrize("victim", ["edge", "postgres", "supabase", "runpod", "renderer"])
def test_killed_while_the_job_is_rendered(cloud: Cloud, person: Person, victim: str) -> None:
    assert person.ask("POST", "/jobs/create", json=VIDEO).status_code == 200
    _until(lambda: bool(_renderers(cloud)), "a renderer runs")
    time.sleep(0.5)
    _kill(cloud, victim)
    _settled(cloud, person)


@pytest.mark.parametrize("victim", ["edge", "postgres", "runpod"])
def test_killed_before_the_webhook_arrives(cloud: Cloud, person: Person, victim: str) -> None:
    assert person.ask("POST", "/jobs/create", json=VIDEO).status_code == 200
    with _held(cloud, "edge"):  # the upload and the webhook wait
        time.sleep(3)
        _kill(cloud, victim)
    _settled(cloud, person)


def _ask(person: Person) -> None:
    with suppress(requests.RequestException):  # whom it asked may have been killed
        person.ask("POST", "/jobs/create", json=VIDEO)
