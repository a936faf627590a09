"""What each request costs: one round trip to the database at most; a submission leaves its record behind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from api.upstreams import Answer
from tests.worker.asking import CANCEL, RUN, STATUS, USER, report
from tests.worker.sorami_payloads import completed, progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.worker.memory_platform import Platform

DOCUMENT = {"id": "rp-1", "status": "IN_PROGRESS"}
USERS = [
    ("GET", "/jobs", "page"),
    ("GET", "/jobs?status=queued&kind=video&limit=1", "page"),
    ("GET", "/jobs/{job}", "get"),
    ("POST", "/jobs/{job}/cancel", "cancel"),
    ("GET", "/credits", "account"),
    ("GET", "/api/videos/{job}/status", "get"),
    ("GET", "/api/videos/status/{job}", "get"),
    ("GET", "/api/videos/{job}/result", "get"),
    ("GET", "/api/videos/user", "page"),
    ("GET", "/api/notifications", "notifications"),
    ("POST", "/api/notifications/{note}/read", "read_notification"),
]


@pytest.fixture
async def job(platform: Platform, user: Callable[[str], dict[str, str]]) -> str:
    """A user's job, submitted; what it cost is not counted."""
    platform.upstreams.answers["GET", STATUS] = Answer(200, json.dumps(DOCUMENT))
    platform.upstreams.answers["POST", CANCEL] = Answer(200, json.dumps(DOCUMENT))
    told = await platform.ask("POST", "/jobs/create", json_body={"prompt": "x"}, **user(USER))
    _forget(platform)
    return str(told.json["jobId"])


def _forget(platform: Platform) -> None:
    assert platform.database
    platform.database.calls.clear()
    platform.upstreams.asked.clear()


def _spent(platform: Platform) -> tuple[list[str], int]:
    assert platform.database
    return platform.database.calls, len(platform.upstreams.asked)


@pytest.mark.parametrize(("method", "path", "call"), USERS)
async def test_a_users_request_is_one_round_trip(  # noqa: PLR0913, PLR0917 - a table of cases
    platform: Platform, user: Any, job: str, method: str, path: str, call: str
) -> None:
    if "{note}" in path:
        await report(platform, job)
        assert platform.database
        path = path.format(note=platform.database.told[0][1].id)
        _forget(platform)
    await platform.ask(method, path.format(job=job), **user(USER))
    assert _spent(platform) == ([call], 1 if call == "cancel" else 0)


@pytest.mark.parametrize(
    ("method", "path", "call", "provider_calls"),
    [
        ("GET", "/jobs", "page", 0),
        ("GET", "/jobs/{job}", "get", 1),
        ("GET", "/jobs/rp-1", "get", 1),
        ("POST", "/jobs/{job}/cancel", "cancel", 1),
        ("GET", "/metrics", "metrics", 0),
    ],
)
async def test_the_admins_request_is_one_round_trip(  # noqa: PLR0913, PLR0917 - a table of cases
    platform: Platform,
    admin: dict[str, str],
    job: str,
    method: str,
    path: str,
    call: str,
    provider_calls: int,
) -> None:
    await platform.ask(method, path.format(job=job), **admin)
    assert _spent(platform) == ([call], provider_calls)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/jobs/create", {"prompt": "x"}, 200),
        ("/api/images/generate", {"prompt": "x", "num_images": 4}, 202),
        ("/api/videos/generate", {"prompt": "x"}, 202),
    ],
)
async def test_a_submission_is_a_row_and_a_call_and_its_record_follows_the_answer(
    platform: Platform, user: Any, path: str, body: Any, status: int
) -> None:
    platform.holds = True
    assert (await platform.ask("POST", path, json_body=body, **user(USER))).status == status
    assert _spent(platform) == (["create"], 1)
    await platform.finish()
    assert _spent(platform) == (["create", "submitted"], 1)


async def test_the_admins_submission_names_the_providers_id_and_so_records_it_first(
    platform: Platform, admin: dict[str, str]
) -> None:
    platform.holds = True
    assert (await platform.ask("POST", "/jobs", json_body={"prompt": "x"}, **admin)).status == 200
    assert _spent(platform) == (["create", "submitted"], 1)


async def test_a_replayed_and_a_refused_submission_are_one_round_trip(platform: Platform, user: Any) -> None:
    key = {"idempotency_key": "order-17", **user(USER)}
    await platform.ask("POST", "/jobs/create", json_body={"prompt": "x"}, **key)
    _forget(platform)
    wishes: tuple[dict[str, Any], ...] = ({"prompt": "x"}, {"prompt": "another"})
    for wish, status in zip(wishes, (200, 409), strict=True):
        assert (await platform.ask("POST", "/jobs/create", json_body=wish, **key)).status == status
        assert _spent(platform) == (["create"], 0)
        _forget(platform)
    assert platform.database
    platform.database.ledger.set(USER, 0)
    told = await platform.ask("POST", "/jobs/create", json_body={"prompt": "x"}, **user(USER))
    assert told.status == 402
    assert _spent(platform) == (["create"], 0)


@pytest.mark.parametrize("answer", [Answer(500, ""), Answer(401, "{}")])
async def test_a_submission_that_fails_costs_no_more(platform: Platform, user: Any, answer: Answer) -> None:
    platform.upstreams.answers["POST", RUN] = answer
    told = await platform.ask("POST", "/jobs/create", json_body={"prompt": "x"}, **user(USER))
    assert told.status == 502
    assert _spent(platform) == (["create", "submitted"], 1)


async def test_each_report_is_one_round_trip(platform: Platform, job: str, settings: Any) -> None:
    secret = {"x_webhook_secret": settings.webhook_secret}
    await report(platform, job, status="IN_PROGRESS")
    assert _spent(platform) == (["report"], 0)
    _forget(platform)
    for body in (DOCUMENT, {**DOCUMENT, "status": "COMPLETED"}):  # without the job in the address
        await platform.ask("POST", "/webhooks/runpod", json_body=body, **secret)
        assert _spent(platform) == (["report"], 0)
        _forget(platform)
    for payload in (progress(job, "saving"), completed("video", job)):
        await platform.ask("POST", "/api/webhooks/video-completion", json_body=payload)
        assert _spent(platform) == (["report"], 0)
        _forget(platform)


async def test_what_needs_no_database_does_not_ask_it(
    platform: Platform, user: Any, admin: dict[str, str]
) -> None:
    for path in ("/health", "/me", "/openapi.json", "/assets/a", "/nope"):
        await platform.ask("GET", path, **user(USER))
    await platform.ask("POST", "/jobs/create", json_body={"prompt": ""}, **user(USER))
    await platform.ask("GET", "/credits", **admin)
    assert _spent(platform) == ([], 0)


async def test_a_test_webhook_is_one_round_trip(platform: Platform, settings: Any) -> None:
    await platform.ask("POST", "/webhooks/test", json_body={}, x_webhook_secret=settings.webhook_secret)
    assert _spent(platform) == (["record"], 0)
