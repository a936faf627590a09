"""Schemathesis, with all its checks, holds the served API against its own `/openapi.json`, whoever calls.

The requests are drawn in the same way each time. What fails is printed with the `curl` that repeats it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.conftest import CHECKOUT
from tests.e2e.person import PATIENCE, Person, database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Cloud

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
SETTINGS = Path(__file__).with_name("schemathesis.toml")
SECONDS = 300  # a run takes 20; a machine may be busy
# What is linked wants an admin or a user.
WITHOUT_LINKS = ("--phases=coverage,fuzzing",)
# A guessed signature beside the right secret is let through, as one proof is enough.
NO_GUESSES = ("--generation-with-security-parameters=false",)
# Whoever calls, these look at the webhook's secret alone: once with it and once without is enough.
NO_WEBHOOKS = "^/(?!webhooks/|api/webhooks/)"
PROVIDERS = "^/(webhooks|api/webhooks|media)/"
CREDITS = 1_000_000  # so that nobody is refused for want of them
REPORTED = 12  # jobs of each kind that the provider may report on
SUCCESSES = set(range(200, 300))
CHECKS = {
    *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
    *("response_headers_conformance", "response_schema_conformance", "negative_data_rejection"),
    *("positive_data_acceptance", "missing_required_header", "unsupported_method"),
    *("allow_header_conformance", "use_after_free", "ensure_resource_availability", "ignored_auth"),
    "object_level_authorization",
}


@dataclass(frozen=True)
class Run:
    """What one run of Schemathesis asked and got; an operation is named like `GET /jobs/{id}`."""

    statuses: dict[str, set[int]]
    checks: set[str]

    @classmethod
    def read(cls, report: Path) -> Run:
        statuses: dict[str, set[int]] = {}
        checks: set[str] = set()
        for line in report.read_text().splitlines():
            recorder = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
            for case_id, asked in recorder.get("interactions", {}).items():
                case = recorder["cases"][case_id]["value"]
                told = asked["response"]
                label = f"{case['method']} {case['path']}"
                statuses.setdefault(label, set()).add(told["status_code"] if told else 0)
                checks |= {check["name"] for check in recorder["checks"].get(case_id, ())}
        return cls(statuses, checks)


@pytest.fixture(autouse=True)
def _nothing_left_to_render(cloud: Cloud) -> Iterator[None]:
    yield
    with database(cloud) as connection:
        unfinished = connection.execute("select id from public.jobs where finished_at is null").fetchall()
    for (job_id,) in unfinished:
        requests.post(f"{cloud.env['API_URL']}/jobs/{job_id}/cancel", headers=admin(cloud), timeout=PATIENCE)


def test_the_admin_gets_what_the_document_says(cloud: Cloud, tmp_path: Path) -> None:
    run = fuzz(cloud, tmp_path, of_all(cloud), with_headers(admin(cloud)), NO_WEBHOOKS)
    assert not without_success(cloud, run, {"admin"}, NO_WEBHOOKS)


def test_a_user_gets_what_the_document_says(cloud: Cloud, tmp_path: Path) -> None:
    person = Person.new(cloud)
    with database(cloud) as connection:
        connection.execute("select public.account_set(%s, %s, 'studio')", (person.id, CREDITS))
    known = {**of_all(cloud), "ids": of_one(person)}
    callers = with_a_stranger(tmp_path, person, Person.new(cloud))
    run = fuzz(cloud, tmp_path, known, callers, NO_WEBHOOKS)
    assert run.checks == CHECKS
    assert not without_success(cloud, run, {"user"}, NO_WEBHOOKS)
    assert not {label for label, statuses in run.statuses.items() if statuses & {402, 429}}


def test_nobody_gets_what_the_document_says(cloud: Cloud, tmp_path: Path) -> None:
    run = fuzz(cloud, tmp_path, of_all(cloud), "", "", *WITHOUT_LINKS)
    assert not without_success(cloud, run, set(), "")


def test_the_provider_gets_what_the_document_says(cloud: Cloud, tmp_path: Path) -> None:
    known = {**of_all(cloud), "signs": True}
    caller = with_headers({"X-Webhook-Secret": cloud.env["WEBHOOK_SECRET"]})
    run = fuzz(cloud, tmp_path, known, caller, PROVIDERS, *WITHOUT_LINKS, *NO_GUESSES)
    assert not without_success(cloud, run, {"webhookSecret", "signature"}, PROVIDERS)


def fuzz(cloud: Cloud, folder: Path, known: dict[str, Any], callers: str, places: str, *words: str) -> Run:
    """Run Schemathesis on the addresses that match; `known` is for its hooks, `callers` are settings."""
    settings, told, report = folder / "schemathesis.toml", folder / "known.json", folder / "report.ndjson"
    settings.write_text(f"{SETTINGS.read_text()}\n{callers}\n")
    told.write_text(json.dumps(known))
    address = f"{cloud.env['API_URL']}/openapi.json"
    command = [str(SCHEMATHESIS), "--no-color", "--config-file", str(settings), "run", address]
    done = subprocess.run(
        [*command, f"--report-ndjson-path={report}", f"--include-path-regex={places}", *words],
        check=False,
        cwd=folder,
        env={**cloud.env, "PYTHONPATH": f"{CHECKOUT}:{CHECKOUT / 'worker'}", "SCHEMA_FUZZ_KNOWN": str(told)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    if done.returncode != 0:
        pytest.fail(f"{done.stdout}\n{done.stderr}", pytrace=False)
    return Run.read(report)


def with_headers(headers: dict[str, str]) -> str:
    return "\n".join(["[headers]", *(f"{name} = {json.dumps(value)}" for name, value in headers.items())])


def with_a_stranger(folder: Path, person: Person, stranger: Person) -> str:
    """Let somebody else try to see whatever the person got."""
    file = folder / "callers.json"
    entries = [
        {"name": name, "fixedHeaders": [{"name": "Authorization", "value": one.headers["Authorization"]}]}
        for name, one in (("person", person), ("stranger", stranger))
    ]
    file.write_text(json.dumps({"auth": entries}))
    return f'[auth.wfc]\npath = "{file}"\nuser = "person"\npeers = ["person", "stranger"]'


def without_success(cloud: Cloud, run: Run, schemes: set[str], places: str) -> set[str]:
    """Name the operations that a caller may use, and that never answered with success."""
    document = requests.get(f"{cloud.env['API_URL']}/openapi.json", timeout=PATIENCE).json()
    del document["paths"]["/openapi.json"]  # Schemathesis asks for it first of all
    allowed = {
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if re.search(places, path)
        and (not operation["security"] or any(set(choice) <= schemes for choice in operation["security"]))
    }
    return allowed - {label for label, statuses in run.statuses.items() if statuses & SUCCESSES}


def admin(cloud: Cloud) -> dict[str, str]:
    return {"Authorization": f"Bearer {cloud.env['APP_ADMIN_TOKEN']}"}


def of_all(cloud: Cloud) -> dict[str, Any]:
    """Make jobs to report on and files to read, and say how they are called."""
    keys = {"assets": "schema-fuzz.txt", "media": "media/schema-fuzz.txt", "doomed": "schema-fuzz-doomed.txt"}
    for key in keys.values():
        url = f"{cloud.env['API_URL']}/assets/{key}"
        requests.put(url, data=b"known", headers=admin(cloud), timeout=PATIENCE).raise_for_status()
    return {
        "keys": keys,
        "jobs": _submitted(cloud, ["image", "video"] * REPORTED, None),
        "ids": {},
        "signs": False,
    }


def of_one(person: Person) -> dict[str, str]:
    """Let an image and a video be made for somebody; the ids of what there is then, by address."""
    image = _rendered(person, "images", {"prompt": "x", "size": "256x256"})
    video = _rendered(person, "videos", {"prompt": "x", "size": "256x256", "duration_seconds": 1})
    notification = person.ask("GET", "/api/notifications").json()["notifications"][0]["id"]
    [unfinished] = _submitted(person.cloud, ["image"], person.id)
    return {
        "/api/images": image,
        "/api/videos": video,
        "/api/notifications": notification,
        "/jobs/{id}/cancel": unfinished,
        "/jobs": image,
    }


def _rendered(person: Person, plural: str, wish: dict[str, Any]) -> str:
    job_id: str = person.ask("POST", f"/api/{plural}/generate", json=wish).json()["job_id"]
    deadline = time.monotonic() + PATIENCE
    while person.ask("GET", f"/api/{plural}/{job_id}/status").json()["status"] != "COMPLETED":
        assert time.monotonic() < deadline, f"job {job_id} is not rendered"
        time.sleep(0.1)
    return job_id


def _submitted(cloud: Cloud, kinds: list[str], user_id: str | None) -> list[str]:
    """Give jobs that the provider is said to have taken; no renderer gets them."""
    jobs: list[str] = []
    with database(cloud) as connection:
        for kind in kinds:
            create = "select public.job_create(%s, %s, '{}') -> 'job' ->> 'id'"
            [(job_id,)] = connection.execute(create, (user_id, kind)).fetchall()
            connection.execute(
                "select public.job_submitted(%s, 'submitted', 'runpod', %s, null)", (job_id, f"rp-{job_id}")
            )
            jobs.append(job_id)
    return jobs
