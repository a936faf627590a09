"""Rules for every route, and the routes that tell of the worker itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.worker.asking import UNAUTHORIZED, USER

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.worker.memory_platform import Platform


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
