"""Jobs, request for request."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from api.domain import signatures
from api.domain.job import State
from api.upstreams import Answer, FetchError
from tests.worker.asking import CANCEL, OTHER, RUN, STATUS, USER, own, report, submit

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.worker.memory_platform import Platform


async def test_a_job_is_stored_then_submitted(platform: Platform, admin: dict[str, str]) -> None:
    told = await submit(platform, admin)
    job_id = told["job_id"]
    assert told == {
        "ok": True,
        "status": "submitted",
        "provider": "runpod",
        "provider_job_id": "rp-1",
        "job_id": job_id,
        "result": {"id": "rp-1", "status": "IN_QUEUE"},
    }
    assert platform.database
    assert platform.database.calls == ["create", "submitted"]
    assert platform.database.jobs[job_id].status is State.SUBMITTED
    ((_, _, headers, sent),) = platform.upstreams.asked
    assert headers["Authorization"] == f"Bearer {platform.settings.runpod_api_key}"
    assert sent["policy"] == {"executionTimeout": 600_000, "ttl": 86_400_000}
    token = signatures.job_token(platform.settings.webhook_secret, job_id)
    assert sent["webhook"] == f"https://api.example.com/webhooks/runpod?job={job_id}&token={token}"
    assert sent["input"] | {"uploads": []} == {
        "job_id": job_id,
        "kind": "video",
        "prompt": "test video",
        "size": "1024x1024",
        "num_images": 1,
        "duration_seconds": 5,
        "seed": None,
        "style": None,
        "image_url": None,
        "uploads": [],
        "progress_url": sent["webhook"],
    }


async def test_the_renderer_gets_one_signed_address_a_file(platform: Platform, admin: dict[str, str]) -> None:
    job_id = (await submit(platform, admin, kind="image", num_images=3))["job_id"]
    uploads = platform.upstreams.asked[0][3]["input"]["uploads"]
    assert [upload["key"] for upload in uploads] == [f"media/{job_id}/{index}.png" for index in range(3)]
    for upload in uploads:
        address = urlsplit(upload["url"])
        told = await platform.ask(
            "PUT", f"{address.path}?{address.query}", body=b"png", content_type="image/png"
        )
        assert (told.status, told.json["key"], told.json["size"]) == (200, upload["key"], 3)
        assert (await platform.ask("GET", f"{address.path}?{address.query}")).status == 401


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"prompt": ""}, "prompt"),
        ({"prompt": " \n"}, "prompt"),
        ({"prompt": "x" * 2001}, "prompt"),
        ({"prompt": 5}, "prompt"),
        ({"kind": "audio"}, "kind"),
        ({"size": "1x1"}, "size"),
        ({"num_images": 0}, "num_images"),
        ({"duration_seconds": 31}, "duration_seconds"),
        ({"seed": -1}, "seed"),
    ],
)
async def test_a_wish_that_cannot_be_met_names_the_field(
    platform: Platform, admin: dict[str, str], fields: dict[str, Any], field: str
) -> None:
    told = await platform.ask("POST", "/jobs", json_body={"prompt": "x", **fields}, **admin)
    assert (told.status, told.json["field"]) == (400, field)
    assert platform.upstreams.asked == []


@pytest.mark.parametrize(
    "answer",
    [
        FetchError("no answer in time"),
        Answer(401, "{}"),
        Answer(500, "oops"),
        Answer(200, "no"),
        Answer(200, "[]"),
        Answer(200, "{}"),
    ],
)
async def test_a_provider_that_refuses_leaves_an_error_row(
    platform: Platform, admin: dict[str, str], answer: Any
) -> None:
    platform.upstreams.answers["POST", RUN] = answer
    told = await platform.ask("POST", "/jobs", json_body={"prompt": "x"}, **admin)
    assert (told.status, told.json["error"]) == (502, "provider_error")
    assert platform.database
    assert platform.database.jobs[told.json["job_id"]].status is State.ERROR
    assert platform.upstreams.count(RUN) == 1  # never tried twice: it may have started


async def test_a_database_that_is_down_stops_a_submission_before_the_provider(
    platform: Platform, admin: dict[str, str]
) -> None:
    assert platform.database
    platform.database.down.add("create")
    told = await platform.ask("POST", "/jobs", json_body={"prompt": "x"}, **admin)
    assert (told.status, told.json["error"]) == (503, "database_unavailable")
    assert told.headers["Retry-After"]
    assert platform.upstreams.asked == []


async def test_a_submission_that_cannot_be_recorded_is_still_the_clients(
    platform: Platform, admin: dict[str, str]
) -> None:
    assert platform.database
    platform.database.down.add("submitted")
    told = await submit(platform, admin)
    assert told["provider_job_id"] == "rp-1"
    assert platform.database.calls == ["create", "submitted", "submitted"]
    assert "could not be recorded" in platform.lines[0]


async def test_a_job_cancelled_while_it_was_submitted_is_cancelled_at_the_provider(
    platform: Platform, admin: dict[str, str]
) -> None:
    def cancelled_meanwhile(body: str | None) -> Answer:
        job_id = json.loads(body or "")["input"]["job_id"]
        assert platform.database
        platform.database.jobs[job_id] = replace(platform.database.jobs[job_id], status=State.CANCELLED)
        return Answer(200, '{"id":"rp-1","status":"IN_QUEUE"}')

    platform.upstreams.answers["POST", RUN] = cancelled_meanwhile
    platform.upstreams.answers["POST", CANCEL] = Answer(200, '{"id":"rp-1","status":"CANCELLED"}')
    await submit(platform, admin)
    assert platform.upstreams.count(CANCEL) == 1


async def test_without_runpod_a_job_is_a_noop(
    without: Callable[..., Platform], admin: dict[str, str]
) -> None:
    platform = without("runpod_api_key")
    told = await platform.ask("POST", "/jobs", json_body={"prompt": "x"}, **admin)
    job_id = told.json["job_id"]
    assert told.status == 202
    assert told.json == {
        "ok": True,
        "status": "submitted",
        "provider": "noop",
        "provider_job_id": None,
        "job_id": job_id,
    }
    assert platform.database
    assert platform.database.jobs[job_id].status is State.NOOP
    told = await platform.ask("GET", f"/jobs/{job_id}", **admin)
    assert (told.status, told.json) == (200, {"id": job_id, "status": "NOOP"})


async def test_without_a_database_jobs_are_known_by_runpods_id(
    without: Callable[..., Platform], admin: dict[str, str]
) -> None:
    platform = without("supabase_url")
    told = await platform.ask("POST", "/jobs", json_body={"prompt": "x"}, **admin)
    assert told.status == 200
    assert told.json["job_id"] == told.json["provider_job_id"] == "rp-1"
    assert told.json["message"] == "supabase_not_configured"
    platform.upstreams.answers["GET", STATUS] = Answer(200, '{"id":"rp-1","status":"IN_PROGRESS"}')
    assert (await platform.ask("GET", "/jobs/rp-1", **admin)).json == {"id": "rp-1", "status": "IN_PROGRESS"}


async def test_with_neither_a_job_is_a_noop_that_nobody_keeps(
    without: Callable[..., Platform], admin: dict[str, str]
) -> None:
    platform = without("supabase_url", "runpod_endpoint_id")
    told = await platform.ask("POST", "/jobs", json_body={"prompt": "x"}, **admin)
    assert (told.status, told.json["provider"], told.json["message"]) == (
        202,
        "noop",
        "supabase_not_configured",
    )
    told = await platform.ask("GET", "/jobs", **admin)
    assert (told.status, told.json["error"]) == (501, "supabase_not_configured")


@pytest.mark.parametrize("by", ["job_id", "provider_job_id"])
async def test_the_admin_sees_runpods_own_json(platform: Platform, admin: dict[str, str], by: str) -> None:
    job = await submit(platform, admin)
    platform.upstreams.answers["GET", STATUS] = Answer(
        200, '{"id":"rp-1","status":"IN_PROGRESS","delayTime":5}'
    )
    told = await platform.ask("GET", f"/jobs/{job[by]}", **admin)
    assert (told.status, told.json) == (200, {"id": "rp-1", "status": "IN_PROGRESS", "delayTime": 5})


@pytest.mark.parametrize("answer", [Answer(404, "{}"), Answer(500, ""), FetchError("no connection")])
async def test_what_runpod_cannot_tell_the_row_tells_in_its_words(
    platform: Platform, admin: dict[str, str], answer: Any
) -> None:
    job = await submit(platform, admin)
    await report(platform, job["job_id"], output={"files": []}, executionTime=7)
    platform.upstreams.answers["GET", STATUS] = answer
    told = await platform.ask("GET", f"/jobs/{job['job_id']}", **admin)
    assert told.json == {"id": "rp-1", "status": "COMPLETED", "output": {"files": []}, "executionTime": 7}


async def test_with_the_database_down_runpods_id_still_finds_the_job(
    platform: Platform, admin: dict[str, str]
) -> None:
    assert platform.database
    platform.database.down.add("get")
    platform.upstreams.answers["GET", STATUS] = Answer(200, '{"id":"rp-1","status":"IN_QUEUE"}')
    assert (await platform.ask("GET", "/jobs/rp-1", **admin)).status == 200
    platform.upstreams.answers["GET", STATUS] = Answer(404, "{}")
    assert (await platform.ask("GET", "/jobs/rp-1", **admin)).status == 503


@pytest.mark.parametrize(
    "job_id", ["unknown", "0b9f3c5e-8a52-4d0c-9c5e-6f1f6f2f8b11", "a%20b", "%00", "é", "x" * 200]
)
async def test_a_job_that_nobody_knows_is_not_found(
    platform: Platform, admin: dict[str, str], job_id: str
) -> None:
    platform.upstreams.answers["GET", STATUS.replace("rp-1", job_id)] = Answer(404, "{}")
    told = await platform.ask("GET", f"/jobs/{job_id}", **admin)
    assert (told.status, told.json["error"]) == (404, "not_found")


async def test_a_user_sees_the_own_job_and_a_link_that_lives_a_day(
    platform: Platform, admin: dict[str, str], user: Any
) -> None:
    job_id = (await submit(platform, admin))["job_id"]
    own(platform, USER)
    told = await platform.ask("GET", f"/jobs/{job_id}", **user(USER))
    assert told.json == {"status": "queued", "r2Url": None, "expiresAt": None, "durationSec": 5}
    key = f"media/{job_id}/0.mp4"
    await platform.media.put(key, b"video", 5, "video/mp4")  # type: ignore[union-attr]
    await report(platform, job_id, output={"files": [{"key": key, "duration_seconds": 4.5}]})
    told = await platform.ask("GET", f"/jobs/{job_id}", **user(USER))
    assert (told.json["status"], told.json["durationSec"]) == ("done", 4.5)
    assert told.json["expiresAt"] == "2027-01-16T08:00:00Z"
    address = urlsplit(told.json["r2Url"])
    assert dict(parse_qsl(address.query))["expires"] == str(int(platform.clock.now) + 86_400)
    assert (await platform.ask("GET", f"{address.path}?{address.query}")).body == b"video"
    platform.clock.now += 86_400
    assert (await platform.ask("GET", f"{address.path}?{address.query}")).status == 401


async def test_another_users_job_does_not_exist(platform: Platform, admin: dict[str, str], user: Any) -> None:
    job_id = (await submit(platform, admin))["job_id"]
    own(platform, USER)
    assert (await platform.ask("GET", f"/jobs/{job_id}", **user(OTHER))).status == 404
    assert (await platform.ask("POST", f"/jobs/{job_id}/cancel", **user(OTHER))).status == 404
    assert (await platform.ask("GET", "/jobs", **user(OTHER))).json["jobs"] == []
    assert len((await platform.ask("GET", "/jobs", **user(USER))).json["jobs"]) == 1


async def test_pages_follow_each_other_without_gap_or_repeat(
    platform: Platform, admin: dict[str, str]
) -> None:
    submitted = [(await submit(platform, admin))["job_id"] for _ in range(5)]
    seen, cursor = [], ""
    while True:
        page = (await platform.ask("GET", f"/jobs?limit=2{cursor}", **admin)).json
        seen += [job["id"] for job in page["jobs"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == submitted[::-1]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=x", "limit"),
        ("limit=101", "limit"),
        ("cursor=x", "cursor"),
        ("status=done", "status"),
        ("kind=", "kind"),
    ],
)
async def test_a_wrong_query_names_the_parameter(
    platform: Platform, admin: dict[str, str], query: str, field: str
) -> None:
    told = await platform.ask("GET", f"/jobs?{query}", **admin)
    assert (told.status, told.json["field"]) == (400, field)


async def test_a_filter_gives_only_what_it_says(platform: Platform, admin: dict[str, str]) -> None:
    await submit(platform, admin, kind="image")
    assert len((await platform.ask("GET", "/jobs?kind=image&status=submitted", **admin)).json["jobs"]) == 1
    assert (await platform.ask("GET", "/jobs?kind=video", **admin)).json["jobs"] == []


async def test_a_job_is_cancelled_here_and_at_the_provider_once(
    platform: Platform, admin: dict[str, str]
) -> None:
    job_id = (await submit(platform, admin))["job_id"]
    told = await platform.ask("POST", f"/jobs/{job_id}/cancel", **admin)  # the provider does not even answer
    assert (told.status, told.json) == (200, {"ok": True, "job_id": job_id, "status": "cancelled"})
    assert platform.upstreams.count(CANCEL) == 1
    told = await platform.ask("POST", f"/jobs/{job_id}/cancel", **admin)
    assert (told.status, told.json["error"], told.json["status"]) == (409, "job_already_ended", "cancelled")
    assert (await platform.ask("POST", "/jobs/rp-9/cancel", **admin)).status == 404
