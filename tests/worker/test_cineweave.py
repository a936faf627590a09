"""CineWeave's clients, request for request: videos for credits, in this family's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from api.domain.job import State
from api.upstreams import Answer
from tests.worker.asking import OTHER, RUN, UNAUTHORIZED, USER, report

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.worker.memory_platform import Platform, Told

WISH = {"prompt": "a lighthouse at dawn", "imageUrl": None, "durationSec": 5, "seed": 42}
NOBODY = {"detail": "Unauthorized", "code": "UNAUTHORIZED"}
NO_JOB = {"detail": "no such job", "code": "NOT_FOUND"}


@pytest.fixture
def caller(user: Callable[[str], dict[str, str]]) -> dict[str, str]:
    return user(USER)


async def _create(platform: Platform, caller: dict[str, str], **fields: Any) -> Told:
    return await platform.ask("POST", "/jobs/create", json_body={**WISH, **fields}, **caller)


async def _credits(platform: Platform, caller: dict[str, str]) -> Any:
    return (await platform.ask("GET", "/credits", **caller)).json["credits"]


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/jobs/create"), ("GET", "/credits"), ("POST", "/webhooks/runpod")]
)
async def test_whoever_proves_nothing_is_told_so_in_this_familys_words(
    platform: Platform, method: str, path: str
) -> None:
    told = await platform.ask(method, path)
    assert (told.status, told.json) == (401, NOBODY)


@pytest.mark.parametrize(("method", "path"), [("POST", "/jobs/create"), ("GET", "/credits")])
async def test_the_admin_has_no_account(
    platform: Platform, admin: dict[str, str], method: str, path: str
) -> None:
    told = await platform.ask(method, path, json_body=WISH if method == "POST" else ..., **admin)
    assert (told.status, told.json) == (401, NOBODY)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"prompt": None}, "prompt"),
        ({"prompt": " "}, "prompt"),
        ({"prompt": "x" * 2001}, "prompt"),
        ({"durationSec": 0}, "durationSec"),
        ({"durationSec": 31}, "durationSec"),
        ({"durationSec": "5"}, "durationSec"),
        ({"seed": -1}, "seed"),
        ({"imageUrl": 5}, "imageUrl"),
        ({"imageUrl": ""}, "imageUrl"),
        ({"imageUrl": "http://pictures.example.com/a.png"}, "imageUrl"),
        ({"imageUrl": "https://127.0.0.1/a.png"}, "imageUrl"),
        ({"imageUrl": "https://169.254.169.254/latest"}, "imageUrl"),
        ({"imageUrl": "https://[::1]/a.png"}, "imageUrl"),
        ({"imageUrl": "https://localhost/a.png"}, "imageUrl"),
        ({"imageUrl": "https://user:password@example.com/a.png"}, "imageUrl"),
        ({"imageUrl": "https://example.com/" + "a" * 2048}, "imageUrl"),
    ],
)
async def test_a_wrong_field_is_named(
    platform: Platform, caller: dict[str, str], fields: dict[str, Any], field: str
) -> None:
    told = await _create(platform, caller, **fields)
    assert (told.status, told.json["code"], told.json["field"]) == (400, "INVALID_FIELD", field)
    assert told.json["detail"].startswith(field)
    assert platform.upstreams.asked == []


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"", "application/json", 400, "INVALID_JSON"),
        (b"{", "application/json", 400, "INVALID_JSON"),
        (b"[]", "application/json", 400, "INVALID_FIELD"),
        (b"{}", "application/json", 400, "INVALID_FIELD"),
        (b"prompt=x", "application/x-www-form-urlencoded", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b'"' + b"x" * 65536 + b'"', "application/json", 413, "TOO_LARGE"),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(  # noqa: PLR0913, PLR0917 - a table of cases
    platform: Platform, caller: dict[str, str], body: bytes, content_type: str, status: int, code: str
) -> None:
    told = await platform.ask("POST", "/jobs/create", body=body, content_type=content_type, **caller)
    assert (told.status, told.json["code"]) == (status, code)


async def test_a_wrong_method_and_an_unknown_address_are_worded_too(
    platform: Platform, caller: dict[str, str]
) -> None:
    told = await platform.ask("DELETE", "/credits", **caller)
    assert (told.status, told.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert told.json == {"detail": "allowed here: GET, HEAD, OPTIONS", "code": "METHOD_NOT_ALLOWED"}
    told = await platform.ask("GET", "/credits/more", **caller)
    assert (told.status, told.json) == (404, {"detail": "no such address", "code": "NOT_FOUND"})


async def test_a_video_without_enough_credits_is_refused_and_never_rendered(
    platform: Platform, caller: dict[str, str]
) -> None:
    assert [(await _create(platform, caller, durationSec=30)).status for _ in range(2)] == [200, 200]
    told = await _create(platform, caller, durationSec=30)
    assert (told.status, told.json) == (
        402,
        {"detail": "Insufficient credits", "code": "INSUFFICIENT_CREDITS"},
    )
    assert platform.upstreams.count(RUN) == 2
    assert await _credits(platform, caller) == 15


async def test_a_sixth_unfinished_job_must_wait(
    platform: Platform, caller: dict[str, str], user: Any
) -> None:
    assert [(await _create(platform, caller, durationSec=1)).status for _ in range(5)] == [200] * 5
    told = await _create(platform, caller, durationSec=1)
    assert (told.status, told.json["code"]) == (429, "TOO_MANY_JOBS")
    assert int(told.headers["Retry-After"]) > 0
    assert (await _create(platform, user(OTHER), durationSec=1)).status == 200


async def test_a_refusal_of_the_provider_names_the_job_and_costs_nothing(
    platform: Platform, caller: dict[str, str]
) -> None:
    platform.upstreams.answers["POST", RUN] = Answer(401, "{}")
    told = await _create(platform, caller)
    assert (told.status, told.json["code"]) == (502, "PROVIDER_ERROR")
    assert platform.database
    assert platform.database.jobs[told.json["jobId"]].status is State.ERROR
    assert await _credits(platform, caller) == 75


async def test_what_is_down_or_off_is_said_in_this_familys_words(
    platform: Platform, without: Callable[..., Platform], caller: dict[str, str]
) -> None:
    assert platform.database
    platform.database.down.add("create")
    told = await _create(platform, caller)
    assert (told.status, told.json["code"]) == (503, "DATABASE_UNAVAILABLE")
    assert told.headers["Retry-After"]
    bare = without("supabase_service_role")
    for method, path in (("POST", "/jobs/create"), ("GET", "/credits"), ("GET", f"/jobs/{USER}")):
        told = await bare.ask(method, path, json_body=WISH if method == "POST" else ..., **caller)
        assert (told.status, told.json["code"]) == (501, "SUPABASE_NOT_CONFIGURED")
    assert bare.upstreams.count(RUN) == 0  # nobody renders for free while the ledger is away


async def test_a_failure_of_ours_has_a_code_too(
    platform: Platform, caller: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_user_id: str) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr(platform.database, "account", broken)
    told = await platform.ask("GET", "/credits", **caller)
    assert (told.status, told.json) == (500, {"detail": "Internal server error", "code": "INTERNAL_ERROR"})


async def test_a_video_is_made_as_wished(platform: Platform, caller: dict[str, str]) -> None:
    told = await _create(platform, caller, imageUrl="https://pictures.example.com/a.png")
    assert (told.status, list(told.json)) == (200, ["jobId"])
    sent = platform.upstreams.asked[0][3]["input"]
    assert sent["job_id"] == told.json["jobId"]
    assert (sent["kind"], sent["prompt"], sent["duration_seconds"], sent["seed"]) == (
        "video",
        WISH["prompt"],
        5,
        42,
    )
    assert sent["image_url"] == "https://pictures.example.com/a.png"


async def test_the_prompt_alone_is_enough(platform: Platform, caller: dict[str, str]) -> None:
    told = await platform.ask("POST", "/jobs/create", json_body={"prompt": "x"}, **caller)
    assert told.status == 200
    assert await _credits(platform, caller) == 70


async def test_a_new_user_starts_with_the_plans_credits(platform: Platform, caller: dict[str, str]) -> None:
    told = await platform.ask("GET", "/credits", **caller)
    assert (told.status, told.json) == (200, {"credits": 75, "plan": "starter"})


async def test_the_same_key_makes_one_job(platform: Platform, caller: dict[str, str], user: Any) -> None:
    key = {"idempotency_key": "order-17"}
    first = await _create(platform, {**caller, **key})
    again = await _create(platform, {**caller, **key})
    assert (again.status, again.json) == (first.status, first.json)
    reordered = dict(reversed(WISH.items()))
    assert (
        await platform.ask("POST", "/jobs/create", json_body=reordered, **caller, **key)
    ).json == first.json
    assert platform.upstreams.count(RUN) == 1
    assert await _credits(platform, caller) == 70
    other = await _create(platform, {**user(OTHER), **key})
    assert other.json != first.json


async def test_the_same_key_with_another_wish_is_a_conflict(
    platform: Platform, caller: dict[str, str]
) -> None:
    key = {"idempotency_key": "order-17"}
    await _create(platform, {**caller, **key})
    told = await _create(platform, {**caller, **key}, seed=43)
    assert (told.status, told.json) == (
        409,
        {"detail": "the Idempotency-Key was used for another request", "code": "IDEMPOTENCY_CONFLICT"},
    )
    assert platform.upstreams.count(RUN) == 1


@pytest.mark.parametrize("key", ["x" * 256, "two words", "tab\t", "é"])
async def test_a_key_that_cannot_be_kept_is_refused(
    platform: Platform, caller: dict[str, str], key: str
) -> None:
    told = await _create(platform, {**caller, "idempotency_key": key})
    assert (told.status, told.json["code"], told.json["field"]) == (400, "INVALID_FIELD", "Idempotency-Key")


async def test_a_job_is_followed_to_its_video(platform: Platform, caller: dict[str, str]) -> None:
    job_id = (await _create(platform, caller)).json["jobId"]
    path, waiting = f"/jobs/{job_id}", {"r2Url": None, "expiresAt": None, "durationSec": 5}
    assert (await platform.ask("GET", path, **caller)).json == {"status": "queued", **waiting}
    await report(platform, job_id, status="IN_PROGRESS")
    assert (await platform.ask("GET", path, **caller)).json == {"status": "running", **waiting}
    key = f"media/{job_id}/0.mp4"
    assert platform.media
    await platform.media.put(key, b"video", 5, "video/mp4")
    await report(platform, job_id, output={"files": [{"key": key, "duration_seconds": 4.5}]})
    told = (await platform.ask("GET", path, **caller)).json
    assert (told["status"], told["durationSec"], told["expiresAt"]) == ("done", 4.5, "2027-01-16T08:00:00Z")
    address = urlsplit(told["r2Url"])
    assert (await platform.ask("GET", f"{address.path}?{address.query}")).body == b"video"


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "CANCELLED"])
async def test_a_job_that_ends_badly_has_failed_and_is_refunded(
    platform: Platform, caller: dict[str, str], status: str
) -> None:
    job_id = (await _create(platform, caller)).json["jobId"]
    await report(platform, job_id, status=status, error="out of memory")
    told = await platform.ask("GET", f"/jobs/{job_id}", **caller)
    assert told.json == {"status": "failed", "r2Url": None, "expiresAt": None, "durationSec": 5}
    assert await _credits(platform, caller) == 75


async def test_one_address_answers_each_caller_in_their_own_words(
    platform: Platform, caller: dict[str, str], user: Any, admin: dict[str, str]
) -> None:
    job_id = (await _create(platform, caller)).json["jobId"]
    path = f"/jobs/{job_id}"
    told = await platform.ask("GET", path, **user(OTHER))
    assert (told.status, told.json) == (404, NO_JOB)
    told = await platform.ask("GET", "/jobs/%ff", **caller)
    assert (told.status, told.json["code"], told.json["field"]) == (400, "INVALID_REQUEST", "path")
    told = await platform.ask("GET", path, authorization="Bearer a.bad.token")
    assert (told.status, told.json) == (401, NOBODY)
    told = await platform.ask("GET", path)
    assert (told.status, told.json) == (401, UNAUTHORIZED)
    told = await platform.ask("GET", "/jobs/a%20b", **admin)
    assert (told.status, told.json["error"]) == (404, "not_found")
    platform.clock.now += 61  # the token is over
    told = await platform.ask("GET", path, **caller)
    assert (told.status, told.json) == (401, NOBODY)
    assert platform.database
    platform.database.down.add("get")
    told = await platform.ask("GET", path, **user(USER))
    assert (told.status, told.json["code"]) == (503, "DATABASE_UNAVAILABLE")
