"""What Sorami's rendering backend tells, and who may tell it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from api.adapters.runpod import RunPod
from api.domain import signatures
from tests.worker.asking import OTHER, USER
from tests.worker.memory_database import MemoryDatabase
from tests.worker.memory_platform import MemoryMedia, Platform
from tests.worker.sorami_payloads import completed, failed, progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.settings import Settings
    from tests.worker.memory_platform import Told, Upstreams

KINDS = pytest.mark.parametrize("kind", ["image", "video"])
UNAUTHORIZED = {"error": "Unauthorized"}
MISSING = {"image": "Données d'images manquantes", "video": "Données de vidéos manquantes"}
DONE = {"image": "2 image(s) générée(s) avec succès", "video": "2 vidéo(s) générée(s) avec succès"}


@pytest.fixture
def production(settings: Settings, upstreams: Upstreams) -> Platform:
    in_production = replace(settings, environment="prod")
    provider = RunPod(in_production, upstreams)
    return Platform(
        in_production, upstreams=upstreams, provider=provider, database=MemoryDatabase(), media=MemoryMedia()
    )


async def _started(platform: Platform, user: Any, kind: str) -> str:
    told = await platform.ask("POST", f"/api/{kind}s/generate", json_body={"prompt": "x"}, **user(USER))
    return str(told.json["job_id"])


async def _tell(platform: Platform, kind: str, payload: Any, **headers: str) -> Told:
    return await platform.ask("POST", f"/api/webhooks/{kind}-completion", json_body=payload, **headers)


@KINDS
async def test_in_production_the_backend_must_prove_itself(
    production: Platform, user: Any, kind: str
) -> None:
    payload = completed(kind, await _started(production, user, kind))
    assert production.database
    calls = len(production.database.calls)
    for headers in ({}, {"x_webhook_secret": "wrong"}, {"x_runpod_signature": "0" * 64}):
        told = await _tell(production, kind, payload, **headers)
        assert (told.status, told.json) == (401, UNAUTHORIZED)
    assert len(production.database.calls) == calls
    secret = production.settings.webhook_secret
    told = await _tell(production, kind, payload, x_webhook_secret=secret)
    assert (told.status, told.json["success"]) == (200, True)


@KINDS
async def test_the_bodys_signature_proves_the_backend_too(production: Platform, user: Any, kind: str) -> None:
    body = json.dumps(completed(kind, await _started(production, user, kind))).encode()
    signature = signatures.sign(production.settings.webhook_secret, body)
    headers = {"x_runpod_signature": signature, "content_type": "application/json"}
    path = f"/api/webhooks/{kind}-completion"
    assert (await production.ask("POST", path, body=body + b" ", **headers)).status == 401
    assert (await production.ask("POST", path, body=body, **headers)).status == 200


@KINDS
async def test_in_production_without_a_secret_nobody_is_believed(
    production: Platform, settings: Settings, kind: str
) -> None:
    bare = Platform(replace(production.settings, webhook_secret=""), database=MemoryDatabase())
    for headers in ({}, {"x_webhook_secret": settings.webhook_secret}):
        told = await _tell(bare, kind, completed(kind, USER), **headers)
        assert (told.status, told.json["error"]) == (501, "Not configured")


@KINDS
async def test_elsewhere_no_secret_is_needed_but_a_wrong_one_is_refused(
    platform: Platform, user: Any, kind: str
) -> None:
    payload = completed(kind, await _started(platform, user, kind))
    told = await _tell(platform, kind, payload, x_webhook_secret="wrong")
    assert (told.status, told.json) == (401, UNAUTHORIZED)
    assert (await _tell(platform, kind, payload)).status == 200


@KINDS
async def test_a_completion_stores_files_and_one_notification(
    platform: Platform, user: Any, kind: str
) -> None:
    job_id = await _started(platform, user, kind)
    told = await _tell(platform, kind, completed(kind, job_id, 2))
    assert told.status == 200
    assert told.json == {
        "success": True,
        "message": DONE[kind],
        "job_id": job_id,
        f"{kind}s_count": 2,
        "processing_time_ms": 0,  # the test's clock stands still
    }
    (notification,) = (await platform.ask("GET", "/api/notifications", **user(USER))).json["notifications"]
    assert (notification["type"], notification["job_id"]) == ("job_completed", job_id)


@KINDS
async def test_a_replay_changes_nothing(platform: Platform, user: Any, kind: str) -> None:
    job_id = await _started(platform, user, kind)
    await _tell(platform, kind, completed(kind, job_id, 2))
    for payload in (completed(kind, job_id, 2), completed(kind, job_id, 1), failed(job_id)):
        told = await _tell(platform, kind, payload)
        assert (told.status, told.json) == (200, {"success": True, "message": "Job déjà traité"})
    told = await platform.ask("GET", f"/api/{kind}s/{job_id}/result", **user(USER))
    assert len(told.json[f"{kind}s"]) == 2
    assert len((await platform.ask("GET", "/api/notifications", **user(USER))).json["notifications"]) == 1


@KINDS
@pytest.mark.parametrize("status", ["pending", "initializing", "generating", "saving"])
async def test_late_progress_does_not_revive_a_job(
    platform: Platform, user: Any, kind: str, status: str
) -> None:
    job_id = await _started(platform, user, kind)
    told = await _tell(platform, kind, progress(job_id, status))
    assert told.status == 200
    await _tell(platform, kind, completed(kind, job_id))
    told = await _tell(platform, kind, progress(job_id, status, message="late"))
    assert (told.status, told.json["message"]) == (200, "Job déjà traité")
    told = await platform.ask("GET", f"/api/{kind}s/{job_id}/status", **user(USER))
    assert told.json["status"] == "COMPLETED"


@KINDS
async def test_progress_is_confirmed_with_its_phase(platform: Platform, user: Any, kind: str) -> None:
    job_id = await _started(platform, user, kind)
    told = await _tell(platform, kind, progress(job_id, "saving"))
    assert told.json == {
        "success": True,
        "message": "Statut mis à jour: saving",
        "job_id": job_id,
        "processing_time_ms": 0,
    }


@KINDS
async def test_progress_that_tells_nothing_new_is_no_job_done(
    platform: Platform, user: Any, kind: str
) -> None:
    job_id = await _started(platform, user, kind)
    told = await _tell(platform, kind, progress(job_id, "pending"))
    assert told.json["message"] == "Statut mis à jour: pending"


@KINDS
async def test_a_completion_without_files_is_refused_and_may_come_again(
    platform: Platform, user: Any, kind: str
) -> None:
    job_id = await _started(platform, user, kind)
    full = completed(kind, job_id)
    files = f"{kind}s"
    empty: list[Any] = [None, {}, {files: None}, {files: []}, {"audio": full["data"][files]}]
    for data in empty:
        told = await _tell(platform, kind, {**full, "data": data})
        assert (told.status, told.json) == (400, {"error": MISSING[kind]})
    without_data = {name: value for name, value in full.items() if name != "data"}
    assert (await _tell(platform, kind, without_data)).status == 400
    assert (await _tell(platform, kind, full)).status == 200


@KINDS
@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"job_id": None}, "job_id"),
        ({"job_id": "job-1"}, "job_id"),
        ({"status": "done"}, "status"),
        ({"status": "COMPLETED"}, "status"),
        ({"progress": 101}, "progress"),
        ({"data": []}, "data"),
    ],
)
async def test_a_payload_that_makes_no_sense_names_the_field(
    platform: Platform, kind: str, changed: dict[str, Any], field: str
) -> None:
    told = await _tell(platform, kind, {**completed(kind, USER), **changed})
    assert (told.status, told.json["error"], told.json["field"]) == (400, "Invalid request", field)


@KINDS
@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"url": None}, "url"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"format": "../x"}, "format"),
        ({"size_bytes": -1}, "size_bytes"),
        ({"dimensions": "wide"}, "dimensions"),
        ({"dimensions": {"width": 5}}, "dimensions.height"),
        ({"duration_seconds": "long"}, "duration_seconds"),
    ],
)
async def test_a_file_that_makes_no_sense_names_the_field(
    platform: Platform, kind: str, changed: dict[str, Any], field: str
) -> None:
    told = await _tell(platform, kind, completed(kind, USER, **changed))
    assert (told.status, told.json["field"]) == (400, f"data.{kind}s[0].{field}")


@KINDS
@pytest.mark.parametrize(
    ("body", "content_type", "status", "error"),
    [
        (b"", "application/json", 400, "Invalid request"),
        (b"a=1", "application/x-www-form-urlencoded", 415, "Unsupported media type"),
        (b"x" * 1_048_577, "application/json", 413, "Payload too large"),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(  # noqa: PLR0913, PLR0917 - a table of cases
    platform: Platform, kind: str, body: bytes, content_type: str, status: int, error: str
) -> None:
    path = f"/api/webhooks/{kind}-completion"
    told = await platform.ask("POST", path, body=body, content_type=content_type)
    assert (told.status, told.json["error"]) == (status, error)


@KINDS
async def test_a_report_on_an_unknown_job_is_not_found(platform: Platform, kind: str) -> None:
    told = await _tell(platform, kind, completed(kind, OTHER))
    assert (told.status, told.json) == (404, {"error": "Not found", "message": "no such job"})


@KINDS
async def test_a_report_that_cannot_be_stored_asks_to_be_sent_again(
    platform: Platform, user: Any, kind: str
) -> None:
    job_id = await _started(platform, user, kind)
    assert platform.database
    platform.database.down.add("report")
    told = await _tell(platform, kind, completed(kind, job_id))
    assert (told.status, told.json["error"]) == (500, "Internal server error")
    assert set(told.json) == {"error", "message", "processing_time_ms"}
    platform.database.down.clear()
    assert (await _tell(platform, kind, completed(kind, job_id))).json["message"].startswith("1 ")


@KINDS
async def test_without_a_database_nothing_can_be_reported(
    without: Callable[..., Platform], kind: str
) -> None:
    told = await _tell(without("supabase_url"), kind, completed(kind, USER))
    assert (told.status, told.json["error"]) == (501, "Not configured")


@KINDS
async def test_secrets_in_a_report_are_not_kept(
    platform: Platform, settings: Settings, user: Any, kind: str
) -> None:
    job_id = await _started(platform, user, kind)
    await _tell(platform, kind, failed(job_id, error_message=f"bad key {settings.runpod_api_key}"))
    assert platform.database
    assert platform.database.jobs[job_id].result == {"error": "bad key [redacted]"}


@KINDS
async def test_a_report_on_a_job_of_the_other_kind_is_not_found(
    platform: Platform, user: Any, kind: str
) -> None:
    job_id = await _started(platform, user, kind)
    other = {"image": "video", "video": "image"}[kind]
    told = await _tell(platform, other, completed(other, job_id))
    assert (told.status, told.json["error"]) == (404, "Not found")
