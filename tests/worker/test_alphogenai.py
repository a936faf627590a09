"""The AlphoGenAI family, request for request, on in-memory ports."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest

from api.domain import signatures
from api.domain.job import State
from api.ports import Answer, FetchError

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.settings import Settings
    from memory_platform import Platform, Upstreams

USER = "6f1b2c3d-0000-4000-8000-000000000001"
OTHER = "6f1b2c3d-0000-4000-8000-000000000002"
STATUS = "https://runpod.example/v2/endpoint-1/status/rp-1"
CANCEL = "https://runpod.example/v2/endpoint-1/cancel/rp-1"
RUN = "https://runpod.example/v2/endpoint-1/run"
UNAUTHORIZED = {"ok": False, "error": "unauthorized"}


@pytest.fixture
def user(platform: Platform) -> Callable[[str], dict[str, str]]:
    def sign_in(user_id: str) -> dict[str, str]:
        claims = {
            "iss": f"{platform.settings.supabase_url}/auth/v1",
            "aud": "authenticated",
            "sub": user_id,
            "exp": platform.clock.now + 60,
            "email": "a@example.com",
        }
        token = jwt.encode(claims, platform.settings.supabase_jwt_secret, "HS256")
        return {"authorization": f"Bearer {token}"}

    return sign_in


async def _submit(platform: Platform, admin: dict[str, str], **fields: Any) -> Any:
    told = await platform.ask("POST", "/jobs", json_body={"prompt": "test video", **fields}, **admin)
    assert told.status == 200, told.body
    return told.json


async def _report(platform: Platform, job_id: str, **document: Any) -> Any:
    token = signatures.job_token(platform.settings.webhook_secret, job_id)
    body = {"id": "rp-1", "status": "COMPLETED", **document}
    return await platform.ask("POST", f"/webhooks/runpod?job={job_id}&token={token}", json_body=body)


def _own(platform: Platform, user_id: str | None) -> str:
    """Give the only job to a user, as issue of a family that lets users submit."""
    from dataclasses import replace

    assert platform.database
    (job,) = platform.database.jobs.values()
    platform.database.jobs[job.id] = replace(job, user_id=user_id)
    return job.id


# Rules for every route


@pytest.mark.parametrize(
    "path", ["/", "/nope", "/health/", "/jobs/", "/jobs/a/b", "/jobs/a/cancel/b", "/assets", "//"]
)
async def test_an_unknown_address_is_not_found(platform: Platform, path: str) -> None:
    told = await platform.ask("GET", path)
    assert (told.status, told.json["error"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("POST", "/health", "GET, HEAD, OPTIONS"),
        ("DELETE", "/jobs", "GET, HEAD, OPTIONS, POST"),
        ("GET", "/webhooks/test", "OPTIONS, POST"),
        ("POST", "/assets/a", "DELETE, GET, HEAD, OPTIONS, PUT"),
        ("GET", "/jobs/a/cancel", "OPTIONS, POST"),
        ("BREW", "/me", "GET, HEAD, OPTIONS"),
    ],
)
async def test_a_wrong_method_is_told_the_right_ones(
    platform: Platform, method: str, path: str, allow: str
) -> None:
    told = await platform.ask(method, path)
    assert (told.status, told.headers["Allow"]) == (405, allow)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/jobs"),
        ("GET", "/jobs"),
        ("GET", "/jobs/a"),
        ("POST", "/jobs/a/cancel"),
        ("GET", "/me"),
        ("GET", "/metrics"),
        ("PUT", "/assets/a"),
        ("DELETE", "/assets/a"),
        ("GET", "/assets/media/j/0.png"),
        ("GET", "/health?deep=1"),
        ("POST", "/webhooks/test"),
        ("POST", "/webhooks/runpod"),
        ("PUT", "/media/a"),
        ("GET", "/media/a?expires=99999999999&signature=x"),
    ],
)
async def test_whoever_proves_nothing_is_unauthorized(platform: Platform, method: str, path: str) -> None:
    told = await platform.ask(method, path)
    assert (told.status, told.json) == (401, UNAUTHORIZED)
    assert platform.database
    assert platform.database.calls == []


@pytest.mark.parametrize("path", ["/jobs", "/metrics"])
async def test_a_user_is_not_the_admin(platform: Platform, user: Any, path: str) -> None:
    method = "POST" if path == "/jobs" else "GET"
    assert (await platform.ask(method, path, json_body={"prompt": "x"}, **user(USER))).status == 401


async def test_every_answer_carries_the_security_headers(platform: Platform) -> None:
    for path in ("/health", "/nope", "/assets/a"):
        headers = (await platform.ask("GET", path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in headers["Content-Security-Policy"]


async def test_only_configured_sites_may_call_from_a_browser(platform: Platform) -> None:
    friend = await platform.ask("GET", "/health", origin="https://site.example")
    assert friend.headers["Access-Control-Allow-Origin"] == "https://site.example"
    for origin in ("https://evil.example", "null", "https://site.example.evil.example"):
        stranger = await platform.ask("GET", "/health", origin=origin)
        assert "Access-Control-Allow-Origin" not in stranger.headers
        assert stranger.headers["Vary"] == "Origin"


async def test_a_preflight_names_what_may_be_sent(platform: Platform) -> None:
    told = await platform.ask("OPTIONS", "/jobs", origin="https://other.example")
    assert told.status == 204
    assert told.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS, POST"
    assert "Authorization" in told.headers["Access-Control-Allow-Headers"]
    stranger = await platform.ask("OPTIONS", "/jobs", origin="https://evil.example")
    assert "Access-Control-Allow-Methods" not in stranger.headers


async def test_a_failure_of_ours_tells_the_client_nothing_and_the_log_everything(
    platform: Platform, admin: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> None:
        raise KeyError("a bug beside canary-admin-token-000000000000000000")

    monkeypatch.setattr(platform.database, "metrics", broken)
    told = await platform.ask("GET", "/metrics", **admin)
    assert (told.status, told.json["error"]) == (500, "internal_error")
    assert "bug" not in told.body
    line = json.loads(platform.lines[0])
    assert "KeyError" in line["error"]
    assert line["request_id"] == "request-1"
    assert "canary-admin" not in platform.lines[0]


async def test_a_health_check_leaves_no_line_and_other_requests_leave_one(platform: Platform) -> None:
    await platform.ask("GET", "/health")
    assert platform.lines == []
    await platform.ask("GET", "/media/secret.png?expires=1&signature=abc")
    (line,) = map(json.loads, platform.lines)
    assert {"level", "message", "request_id", "method", "path", "status", "ms"} == set(line)
    assert "abc" not in str(line)


# Health


async def test_health_says_what_is_on(platform: Platform) -> None:
    told = await platform.ask("GET", "/health")
    assert told.status == 200
    assert told.json["ok"] is True
    assert told.json["ts"] == platform.clock.now * 1000
    assert told.json["supabase_configured"] is True
    assert told.json["s3_storage_configured"] is False
    assert "runpod" in told.json["features"]
    assert platform.upstreams.asked == []


async def test_health_says_what_is_off(without: Callable[..., Platform]) -> None:
    told = await without("supabase_url", "runpod_api_key", "webhook_secret").ask("GET", "/health")
    off = ("supabase_configured", "runpod_configured", "webhook_enabled", "image_generation_available")
    assert told.json["ok"] is True
    assert not any(told.json[name] for name in off)


async def test_deep_health_times_everything(platform: Platform, admin: dict[str, str]) -> None:
    told = await platform.ask("GET", "/health?deep=1", **admin)
    assert told.status == 200
    assert {name: probe["ok"] for name, probe in told.json["probes"].items()} == {
        "database": True,
        "storage": True,
        "provider": True,
    }


async def test_deep_health_fails_when_one_is_down(platform: Platform, admin: dict[str, str]) -> None:
    assert platform.database
    platform.database.down.add("get")
    told = await platform.ask("GET", "/health?deep=1", **admin)
    assert (told.status, told.json["ok"], told.json["status"]) == (503, False, "unhealthy")
    assert told.json["probes"]["database"]["ok"] is False
    assert told.json["probes"]["storage"]["ok"] is True


async def test_head_is_get_without_the_body(platform: Platform) -> None:
    told = await platform.ask("HEAD", "/health")
    assert (told.status, told.body) == (200, None)


# Test webhooks


async def test_a_test_webhook_is_stored_without_secrets(platform: Platform, settings: Settings) -> None:
    told = await platform.ask(
        "POST",
        "/webhooks/test",
        json_body={"test": True, "leak": f"x{settings.runpod_api_key}x"},
        x_webhook_secret=settings.webhook_secret,
        cookie="session=1",
        user_agent="curl",
    )
    assert (told.status, told.json) == (200, {"ok": True, "event_id": 1})
    assert platform.database
    ((kind, payload),) = platform.database.events
    assert kind == "/webhooks/test"
    assert payload["body"] == {"test": True, "leak": "x[redacted]x"}
    assert payload["headers"]["x-webhook-secret"] == "[redacted]"
    assert payload["headers"]["cookie"] == "[redacted]"
    assert payload["headers"]["user-agent"] == "curl"


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "invalid_json"),
        (b"", "application/json", 400, "invalid_json"),
        (b"a=1", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b"x" * 1_048_577, "application/json", 413, "too_large"),
    ],
)
async def test_a_webhook_that_cannot_be_read_is_refused(  # noqa: PLR0913, PLR0917 - a table of cases
    platform: Platform, settings: Settings, body: bytes, content_type: str, status: int, code: str
) -> None:
    headers = {"x_webhook_secret": settings.webhook_secret, "content_type": content_type}
    told = await platform.ask("POST", "/webhooks/test", body=body, **headers)
    assert (told.status, told.json["error"]) == (status, code)


async def test_without_its_settings_the_test_webhook_says_which(
    without: Callable[..., Platform], settings: Settings
) -> None:
    told = await without("webhook_secret").ask("POST", "/webhooks/test", json_body={})
    assert (told.status, told.json["error"]) == (501, "webhook_not_configured")
    secret = {"x_webhook_secret": settings.webhook_secret}
    told = await without("supabase_url").ask("POST", "/webhooks/test", json_body={}, **secret)
    assert (told.status, told.json["error"]) == (501, "supabase_not_configured")


# Jobs


async def test_a_job_is_stored_then_submitted(platform: Platform, admin: dict[str, str]) -> None:
    told = await _submit(platform, admin)
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
        "uploads": [],
    }


async def test_the_renderer_gets_one_signed_address_a_file(platform: Platform, admin: dict[str, str]) -> None:
    job_id = (await _submit(platform, admin, kind="image", num_images=3))["job_id"]
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
    told = await _submit(platform, admin)
    assert told["provider_job_id"] == "rp-1"
    assert platform.database.calls == ["create", "submitted", "submitted"]
    assert "could not be recorded" in platform.lines[0]


async def test_a_job_cancelled_while_it_was_submitted_is_cancelled_at_the_provider(
    platform: Platform, admin: dict[str, str]
) -> None:
    def cancelled_meanwhile(body: str | None) -> Answer:
        from dataclasses import replace

        job_id = json.loads(body or "")["input"]["job_id"]
        assert platform.database
        platform.database.jobs[job_id] = replace(platform.database.jobs[job_id], status=State.CANCELLED)
        return Answer(200, '{"id":"rp-1","status":"IN_QUEUE"}')

    platform.upstreams.answers["POST", RUN] = cancelled_meanwhile
    platform.upstreams.answers["POST", CANCEL] = Answer(200, '{"id":"rp-1","status":"CANCELLED"}')
    await _submit(platform, admin)
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
    job = await _submit(platform, admin)
    platform.upstreams.answers["GET", STATUS] = Answer(
        200, '{"id":"rp-1","status":"IN_PROGRESS","delayTime":5}'
    )
    told = await platform.ask("GET", f"/jobs/{job[by]}", **admin)
    assert (told.status, told.json) == (200, {"id": "rp-1", "status": "IN_PROGRESS", "delayTime": 5})


@pytest.mark.parametrize("answer", [Answer(404, "{}"), Answer(500, ""), FetchError("no connection")])
async def test_what_runpod_cannot_tell_the_row_tells_in_its_words(
    platform: Platform, admin: dict[str, str], answer: Any
) -> None:
    job = await _submit(platform, admin)
    await _report(platform, job["job_id"], output={"files": []}, executionTime=7)
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
    job_id = (await _submit(platform, admin))["job_id"]
    _own(platform, USER)
    told = await platform.ask("GET", f"/jobs/{job_id}", **user(USER))
    assert told.json == {"status": "queued", "r2Url": None, "expiresAt": None, "durationSec": 5}
    key = f"media/{job_id}/0.mp4"
    await platform.media.put(key, b"video", "video/mp4")  # type: ignore[union-attr]
    await _report(platform, job_id, output={"files": [{"key": key, "duration_seconds": 4.5}]})
    told = await platform.ask("GET", f"/jobs/{job_id}", **user(USER))
    assert (told.json["status"], told.json["durationSec"]) == ("done", 4.5)
    assert told.json["expiresAt"] == "2027-01-16T08:00:00Z"
    address = urlsplit(told.json["r2Url"])
    assert dict(parse_qsl(address.query))["expires"] == str(int(platform.clock.now) + 86_400)
    assert (await platform.ask("GET", f"{address.path}?{address.query}")).body == b"video"
    platform.clock.now += 86_400
    assert (await platform.ask("GET", f"{address.path}?{address.query}")).status == 401


async def test_another_users_job_does_not_exist(platform: Platform, admin: dict[str, str], user: Any) -> None:
    job_id = (await _submit(platform, admin))["job_id"]
    _own(platform, USER)
    assert (await platform.ask("GET", f"/jobs/{job_id}", **user(OTHER))).status == 404
    assert (await platform.ask("POST", f"/jobs/{job_id}/cancel", **user(OTHER))).status == 404
    assert (await platform.ask("GET", "/jobs", **user(OTHER))).json["jobs"] == []
    assert len((await platform.ask("GET", "/jobs", **user(USER))).json["jobs"]) == 1


async def test_pages_follow_each_other_without_gap_or_repeat(
    platform: Platform, admin: dict[str, str]
) -> None:
    submitted = [(await _submit(platform, admin))["job_id"] for _ in range(5)]
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
    await _submit(platform, admin, kind="image")
    assert len((await platform.ask("GET", "/jobs?kind=image&status=submitted", **admin)).json["jobs"]) == 1
    assert (await platform.ask("GET", "/jobs?kind=video", **admin)).json["jobs"] == []


async def test_a_job_is_cancelled_here_and_at_the_provider_once(
    platform: Platform, admin: dict[str, str]
) -> None:
    job_id = (await _submit(platform, admin))["job_id"]
    told = await platform.ask("POST", f"/jobs/{job_id}/cancel", **admin)  # the provider does not even answer
    assert (told.status, told.json) == (200, {"ok": True, "job_id": job_id, "status": "cancelled"})
    assert platform.upstreams.count(CANCEL) == 1
    told = await platform.ask("POST", f"/jobs/{job_id}/cancel", **admin)
    assert (told.status, told.json["error"], told.json["status"]) == (409, "job_already_ended", "cancelled")
    assert (await platform.ask("POST", "/jobs/rp-9/cancel", **admin)).status == 404


# RunPod's webhook


@pytest.mark.parametrize("proof", ["token", "secret", "signature"])
async def test_each_proof_of_the_provider_is_accepted(
    platform: Platform, admin: dict[str, str], settings: Settings, proof: str
) -> None:
    job_id = (await _submit(platform, admin))["job_id"]
    body = json.dumps({"id": "rp-1", "status": "COMPLETED", "output": {}}).encode()
    secret = settings.webhook_secret
    path, headers = "/webhooks/runpod", {"content_type": "application/json"}
    if proof == "token":
        path += f"?job={job_id}&token={signatures.job_token(secret, job_id)}"
    elif proof == "secret":
        headers["x_webhook_secret"] = secret
    else:
        headers["x_runpod_signature"] = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    told = await platform.ask("POST", path, body=body, **headers)
    assert (told.status, told.json) == (200, {"ok": True, "known": True, "changed": True})
    replay = await platform.ask("POST", path, body=body, **headers)
    assert (replay.status, replay.json) == (200, {"ok": True, "known": True, "changed": False})


async def test_a_jobs_token_speaks_for_no_other_job(platform: Platform, settings: Settings) -> None:
    token = signatures.job_token(settings.webhook_secret, USER)
    for path in (
        f"?job={OTHER}&token={token}",
        f"?token={token}",
        f"?job=&token={token}",
        f"?job={USER}&token=",
    ):
        told = await platform.ask(
            "POST", f"/webhooks/runpod{path}", json_body={"id": "rp-1", "status": "FAILED"}
        )
        assert told.status == 401


async def test_a_changed_body_breaks_its_signature(platform: Platform, settings: Settings) -> None:
    signature = signatures.sign(settings.webhook_secret, b"{}")
    headers = {"x_runpod_signature": signature, "content_type": "application/json"}
    assert (await platform.ask("POST", "/webhooks/runpod", body=b"{} ", **headers)).status == 401


async def test_a_report_for_an_unknown_job_is_not_asked_for_again(platform: Platform) -> None:
    told = await _report(platform, OTHER)
    assert (told.status, told.json) == (200, {"ok": True, "known": False, "changed": False})
    assert "unknown job" in platform.lines[0]


@pytest.mark.parametrize(
    ("document", "field"), [({"id": 5}, "id"), ({"id": "a b"}, "id"), ({"status": "DONE"}, "status")]
)
async def test_a_report_that_makes_no_sense_names_the_field(
    platform: Platform, document: Any, field: str
) -> None:
    told = await _report(platform, OTHER, **document)
    assert (told.status, told.json["field"]) == (400, field)


async def test_a_late_report_changes_nothing(platform: Platform, admin: dict[str, str]) -> None:
    job_id = (await _submit(platform, admin))["job_id"]
    await _report(platform, job_id, status="FAILED", error="out of memory")
    assert (await _report(platform, job_id, output={"files": []})).json["changed"] is False
    assert (await _report(platform, job_id, status="IN_PROGRESS")).json["changed"] is False
    assert platform.database
    assert platform.database.jobs[job_id].status is State.FAILED
    assert platform.database.jobs[job_id].result == {"error": "out of memory"}


async def test_progress_is_kept_while_a_job_runs(platform: Platform, admin: dict[str, str]) -> None:
    job_id = (await _submit(platform, admin))["job_id"]
    await _report(platform, job_id, status="IN_PROGRESS", output={"phase": "saving", "progress": 90})
    assert platform.database
    job = platform.database.jobs[job_id]
    assert (job.status, job.phase, job.progress, job.result) == (State.RUNNING, "saving", 90, None)


# Me and metrics


async def test_a_user_is_told_who_they_are(platform: Platform, user: Any) -> None:
    told = await platform.ask("GET", "/me", **user(USER))
    assert (told.status, told.json) == (200, {"ok": True, "user": {"id": USER, "email": "a@example.com"}})


async def test_the_admin_is_no_user(platform: Platform, admin: dict[str, str]) -> None:
    assert (await platform.ask("GET", "/me", **admin)).status == 401


async def test_without_a_user_database_me_says_so(without: Callable[..., Platform]) -> None:
    told = await without("supabase_url").ask("GET", "/me")
    assert told.status == 501
    assert told.json == {"ok": True, "provider": "noop", "message": "supabase_not_configured"}


async def test_metrics_are_json_or_what_prometheus_reads(platform: Platform, admin: dict[str, str]) -> None:
    assert (await platform.ask("GET", "/metrics", **admin)).json["jobs"] == {"completed": 3, "failed": 1}
    told = await platform.ask("GET", "/metrics", accept="text/plain;version=0.0.4", **admin)
    assert told.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert 'alphogenai_jobs{state="completed"} 3' in told.body
    assert 'alphogenai_queue_seconds{quantile="0.99"} 2.0' in told.body
    assert "alphogenai_success_rate 0.75" in told.body
    assert "render_seconds" not in told.body
