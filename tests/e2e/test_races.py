"""Many requests at once, through every layer: exactly what was paid for happens."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import requests

from tests.e2e.person import Person, database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Cloud

VIDEO = {"prompt": "a lighthouse", "durationSec": 2}
ENDS = ("COMPLETED", "COMPLETED", "COMPLETED", "FAILED")


def test_of_200_jobs_at_once_5_are_accepted_and_paid_for(cloud: Cloud) -> None:
    person = Person.new(cloud)
    with ThreadPoolExecutor(200) as pool:
        answers = list(pool.map(lambda _: person.ask("POST", "/jobs/create", json=VIDEO), range(200)))
    codes = [answer.status_code for answer in answers]
    assert (codes.count(200), codes.count(429)) == (5, 195)
    assert {answer.json()["code"] for answer in answers if answer.status_code == 429} == {"TOO_MANY_JOBS"}
    assert len({answer.json()["jobId"] for answer in answers if answer.status_code == 200}) == 5
    assert person.balance() == 75 - 5 * 2


def test_one_idempotency_key_at_once_makes_one_job(cloud: Cloud) -> None:
    person = Person.new(cloud)
    key = {"Idempotency-Key": "one"}

    def ask(_: int) -> requests.Response:
        return person.ask("POST", "/jobs/create", json=VIDEO, headers=key)

    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(ask, range(40)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["jobId"] for answer in answers}) == 1
    assert person.balance() == 73


def test_a_thousand_webhooks_in_any_order_end_each_job_once(cloud: Cloud) -> None:
    people = [Person.new(cloud) for _ in range(5)]
    jobs = [job for person in people for job in _submitted(cloud, person, 5)]
    deliveries = [delivery for number, job in enumerate(jobs) for delivery in _deliveries(cloud, number, job)]
    deliveries += deliveries  # each comes twice
    unknown = {"id": "0b9f3c5e-8a52-4d0c-9c5e-6f1f6f2f8b11", "provider_job_id": "rp-nobody"}
    deliveries += [next(_deliveries(cloud, 0, unknown)) for _ in range(1_000 - len(deliveries))]
    random.Random(7).shuffle(deliveries)  # noqa: S311 - the same disorder each time
    session = requests.Session()

    def deliver(delivery: tuple[str, dict[str, Any]]) -> int:
        return session.post(delivery[0], json=delivery[1], timeout=60).status_code

    with ThreadPoolExecutor(16) as pool:
        codes = list(pool.map(deliver, deliveries))
    assert (len(codes), set(codes)) == (1_000, {200})
    for number, job in enumerate(jobs):
        _ended_once(cloud, job["id"], ENDS[number % len(ENDS)].lower())
    assert [person.balance() for person in people] == [
        75 - sum(2 for number, job in enumerate(jobs) if job["user_id"] == person.id and number % 4 != 3)
        for person in people
    ]


def _submitted(cloud: Cloud, person: Person, count: int) -> list[dict[str, Any]]:
    """Jobs that the provider is said to have taken; no renderer gets them."""
    jobs = []
    with database(cloud) as connection:
        for _ in range(count):
            payload = json.dumps({"prompt": "x", "num_images": 2})
            create = "select public.job_create(%s, 'image', %s) -> 'job'"
            [(job,)] = connection.execute(create, (person.id, payload)).fetchall()
            submit = "select public.job_submitted(%s, 'submitted', 'runpod', %s, null)"
            [(job,)] = connection.execute(submit, (job["id"], f"rp-{job['id']}")).fetchall()
            jobs.append(job)
    return jobs


def _deliveries(cloud: Cloud, number: int, job: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """An end, and the progress before it; each job of the test has 20 different ones."""
    token = hmac.new(cloud.env["WEBHOOK_SECRET"].encode(), f"job:{job['id']}".encode(), hashlib.sha256)
    url = f"{cloud.env['API_URL']}/webhooks/runpod?job={job['id']}&token={token.hexdigest()}"
    files = [{"key": f"media/{job['id']}/{index}.png"} for index in range(2)]
    end = {"id": job["provider_job_id"], "status": ENDS[number % len(ENDS)], "output": {"files": files}}
    yield url, end
    for progress in range(18):
        output = {"phase": "generating", "progress": progress}
        yield url, {"id": job["provider_job_id"], "status": "IN_PROGRESS", "output": output}


def _ended_once(cloud: Cloud, job_id: str, status: str) -> None:
    query = """
        select
            j.status,
            (select count(*) from public.notifications as n where n.job_id = j.id),
            (select count(*) from public.media_files as f where f.job_id = j.id),
            (select count(*) from public.credit_ledger as l where l.job_id = j.id)
        from public.jobs as j where j.id = %s
    """
    with database(cloud) as connection:
        [row] = connection.execute(query, (job_id,)).fetchall()
    assert row == ((status, 1, 2, 1) if status == "completed" else (status, 1, 0, 2))
