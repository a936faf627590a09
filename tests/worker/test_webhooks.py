"""Webhooks: the test one, and RunPod's reports."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

import pytest

from api.domain import signatures
from api.domain.job import State
from tests.worker.asking import OTHER, USER, report, submit

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.settings import Settings
    from tests.worker.memory_platform import Platform


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


@pytest.mark.parametrize("proof", ["token", "secret", "signature"])
async def test_each_proof_of_the_provider_is_accepted(
    platform: Platform, admin: dict[str, str], settings: Settings, proof: str
) -> None:
    job_id = (await submit(platform, admin))["job_id"]
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
    told = await report(platform, OTHER)
    assert (told.status, told.json) == (200, {"ok": True, "known": False, "changed": False})
    assert "unknown job" in platform.lines[0]


@pytest.mark.parametrize(
    ("document", "field"), [({"id": 5}, "id"), ({"id": "a b"}, "id"), ({"status": "DONE"}, "status")]
)
async def test_a_report_that_makes_no_sense_names_the_field(
    platform: Platform, document: Any, field: str
) -> None:
    told = await report(platform, OTHER, **document)
    assert (told.status, told.json["field"]) == (400, field)


async def test_a_late_report_changes_nothing(platform: Platform, admin: dict[str, str]) -> None:
    job_id = (await submit(platform, admin))["job_id"]
    await report(platform, job_id, status="FAILED", error="out of memory")
    assert (await report(platform, job_id, output={"files": []})).json["changed"] is False
    assert (await report(platform, job_id, status="IN_PROGRESS")).json["changed"] is False
    assert platform.database
    assert platform.database.jobs[job_id].status is State.FAILED
    assert platform.database.jobs[job_id].result == {"error": "out of memory"}


async def test_progress_is_kept_while_a_job_runs(platform: Platform, admin: dict[str, str]) -> None:
    job_id = (await submit(platform, admin))["job_id"]
    await report(platform, job_id, status="IN_PROGRESS", output={"phase": "saving", "progress": 90})
    assert platform.database
    job = platform.database.jobs[job_id]
    assert (job.status, job.phase, job.progress) == (State.RUNNING, "saving", 90)
