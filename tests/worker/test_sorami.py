"""Sorami's clients, request for request: images and videos by the same rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from api.upstreams import Answer
from tests.worker.asking import OTHER, RUN, USER, report
from tests.worker.sorami_payloads import completed, failed, progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.worker.memory_platform import Platform, Told

KINDS = pytest.mark.parametrize("kind", ["image", "video"])
UNAUTHORIZED = {"error": "Unauthorized"}
NO_JOB = {"error": "Not found", "message": "no such job"}


@pytest.fixture
def caller(user: Callable[[str], dict[str, str]]) -> dict[str, str]:
    return user(USER)


async def _generate(platform: Platform, caller: dict[str, str], kind: str, **fields: Any) -> Told:
    body = {"prompt": "a lighthouse", **fields}
    return await platform.ask("POST", f"/api/{kind}s/generate", json_body=body, **caller)


async def _started(platform: Platform, caller: dict[str, str], kind: str, **fields: Any) -> str:
    told = await _generate(platform, caller, kind, **fields)
    assert told.status == 202, told.body
    return str(told.json["job_id"])


async def _tell(platform: Platform, kind: str, payload: Any) -> Told:
    return await platform.ask("POST", f"/api/webhooks/{kind}-completion", json_body=payload)


@KINDS
async def test_whoever_proves_nothing_is_unauthorized(
    platform: Platform, admin: dict[str, str], kind: str
) -> None:
    paths = (f"/api/{kind}s/{USER}/status", f"/api/{kind}s/status/{USER}", f"/api/{kind}s/{USER}/result")
    asked = [("GET", path) for path in (*paths, f"/api/{kind}s/user", "/api/notifications")]
    asked += [("POST", f"/api/{kind}s/generate"), ("POST", f"/api/notifications/{USER}/read")]
    for method, path in asked:
        for headers in ({}, {"authorization": "Bearer a.bad.token"}, admin):
            told = await platform.ask(method, path, **headers)
            assert (told.status, told.json) == (401, UNAUTHORIZED)


@pytest.mark.parametrize(
    ("kind", "fields", "field"),
    [
        ("image", {"prompt": ""}, "prompt"),
        ("video", {"prompt": "x" * 2001}, "prompt"),
        ("image", {"num_images": 0}, "num_images"),
        ("image", {"num_images": 5}, "num_images"),
        ("image", {"size": "1x1"}, "size"),
        ("image", {"style": "<script>"}, "style"),
        ("video", {"style": 5}, "style"),
        ("video", {"duration_seconds": 31}, "duration_seconds"),
        ("video", {"size": None}, "size"),
    ],
)
async def test_a_wrong_field_is_named(
    platform: Platform, caller: dict[str, str], kind: str, fields: dict[str, Any], field: str
) -> None:
    told = await _generate(platform, caller, kind, **fields)
    assert (told.status, told.json["error"], told.json["field"]) == (400, "Invalid request", field)
    assert told.json["message"].startswith(field)
    assert platform.upstreams.asked == []


@KINDS
@pytest.mark.parametrize(
    ("body", "content_type", "status", "error"),
    [
        (b"{", "application/json", 400, "Invalid request"),
        (b"a=1", "application/x-www-form-urlencoded", 415, "Unsupported media type"),
        (b'"' + b"x" * 65536 + b'"', "application/json", 413, "Payload too large"),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(  # noqa: PLR0913, PLR0917 - a table of cases
    platform: Platform,
    caller: dict[str, str],
    kind: str,
    body: bytes,
    content_type: str,
    status: int,
    error: str,
) -> None:
    path = f"/api/{kind}s/generate"
    told = await platform.ask("POST", path, body=body, content_type=content_type, **caller)
    assert (told.status, told.json["error"]) == (status, error)


async def test_wrong_methods_and_unknown_addresses_are_worded_too(platform: Platform) -> None:
    for path, allow in (
        ("/api/images/generate", "OPTIONS, POST"),
        ("/api/webhooks/video-completion", "OPTIONS, POST"),
    ):
        told = await platform.ask("GET", path)
        assert (told.status, told.headers["Allow"]) == (405, allow)
        assert told.json == {"error": "Method not allowed", "message": f"allowed here: {allow}"}
    for path in ("/api", "/api/", "/api/audio/generate", "/api/images/a/b/result"):
        told = await platform.ask("GET", path)
        assert (told.status, told.json) == (404, {"error": "Not found", "message": "no such address"})


@KINDS
async def test_what_costs_too_much_is_refused(platform: Platform, caller: dict[str, str], kind: str) -> None:
    fields = {"num_images": 4} if kind == "image" else {"duration_seconds": 30}
    told = await _generate(platform, caller, kind, **fields)
    while told.status == 202:
        await _tell(platform, kind, completed(kind, told.json["job_id"]))
        told = await _generate(platform, caller, kind, **fields)
    assert (told.status, told.json["error"]) == (402, "Insufficient credits")


@KINDS
async def test_a_sixth_unfinished_job_must_wait(
    platform: Platform, caller: dict[str, str], kind: str
) -> None:
    for other in ("image", "video", "image", "video", "image"):  # counted together
        await _started(platform, caller, other)
    told = await _generate(platform, caller, kind)
    assert (told.status, told.json["error"]) == (429, "Too many unfinished jobs")
    assert int(told.headers["Retry-After"]) > 0


@KINDS
async def test_what_is_down_or_off_is_said_in_this_familys_words(
    platform: Platform, without: Callable[..., Platform], caller: dict[str, str], kind: str
) -> None:
    platform.upstreams.answers["POST", RUN] = Answer(500, "")
    told = await _generate(platform, caller, kind)
    assert (told.status, told.json["error"]) == (502, "Provider error")
    told = await platform.ask("GET", f"/api/{kind}s/{told.json['job_id']}/status", **caller)
    assert told.json["status"] == "FAILED"
    assert platform.database
    platform.database.down |= {"get", "page", "create", "notifications"}
    for path in (f"/api/{kind}s/{USER}/status", f"/api/{kind}s/user", "/api/notifications"):
        told = await platform.ask("GET", path, **caller)
        assert (told.status, told.json["error"]) == (503, "Service unavailable")
    told = await _generate(without("supabase_service_role"), caller, kind)
    assert (told.status, told.json["error"]) == (501, "Not configured")


async def test_images_are_made_as_wished(platform: Platform, caller: dict[str, str]) -> None:
    told = await _generate(
        platform, caller, "image", num_images=2, size="512x512", style="watercolour", duration_seconds=9
    )
    job_id = told.json["job_id"]
    assert told.status == 202
    assert told.json == {"job_id": job_id, "status": "PENDING", "message": "Génération d'images démarrée"}
    sent = platform.upstreams.asked[0][3]["input"]
    assert (sent["kind"], sent["num_images"], sent["size"]) == ("image", 2, "512x512")
    assert sent["style"] == "watercolour"
    assert len(sent["uploads"]) == 2
    assert (await platform.ask("GET", "/credits", **caller)).json["credits"] == 73


async def test_a_video_is_made_as_wished(platform: Platform, caller: dict[str, str]) -> None:
    told = await _generate(platform, caller, "video", duration_seconds=3, num_images=4)
    assert (told.status, told.json["message"]) == (202, "Génération de vidéo démarrée")
    sent = platform.upstreams.asked[0][3]["input"]
    assert (sent["kind"], sent["duration_seconds"], sent["style"]) == ("video", 3, "photorealistic")
    assert (await platform.ask("GET", "/credits", **caller)).json["credits"] == 72


@KINDS
@pytest.mark.parametrize("address", ["{id}/status", "status/{id}"])
async def test_a_job_is_followed_phase_by_phase(
    platform: Platform, caller: dict[str, str], kind: str, address: str
) -> None:
    job_id = await _started(platform, caller, kind)
    path = f"/api/{kind}s/{address.format(id=job_id)}"
    seen = [(await platform.ask("GET", path, **caller)).json]
    for payload in (
        progress(job_id, "initializing"),
        progress(job_id, "generating", progress=42),
        progress(job_id, "saving"),
        completed(kind, job_id),
    ):
        assert (await _tell(platform, kind, payload)).status == 200
        seen.append((await platform.ask("GET", path, **caller)).json)
    assert [(told["job_id"], told["status"], told["progress"]) for told in seen] == [
        (job_id, "PENDING", 0),
        (job_id, "INITIALIZING", 25),
        (job_id, "GENERATING", 42),
        (job_id, "SAVING", 90),
        (job_id, "COMPLETED", 100),
    ]
    assert seen[-1]["message"] == "Génération terminée avec succès"


@KINDS
async def test_a_failed_job_is_told_and_refunded(
    platform: Platform, caller: dict[str, str], kind: str
) -> None:
    job_id = await _started(platform, caller, kind)
    told = await _tell(platform, kind, failed(job_id, error_message="out of memory", message="échec"))
    assert told.status == 200
    assert told.json["success"] is True
    assert (told.json["message"], told.json["job_id"]) == ("Échec de génération enregistré", job_id)
    told = await platform.ask("GET", f"/api/{kind}s/{job_id}/status", **caller)
    assert (told.json["status"], told.json["message"]) == ("FAILED", "La génération a échoué")
    assert platform.database
    assert platform.database.jobs[job_id].result == {"error": "out of memory"}
    assert (await platform.ask("GET", "/credits", **caller)).json["credits"] == 75


@KINDS
async def test_a_job_that_is_not_the_callers_or_of_another_kind_does_not_exist(
    platform: Platform, caller: dict[str, str], user: Any, kind: str
) -> None:
    job_id = await _started(platform, caller, kind)
    other_kind = {"image": "video", "video": "image"}[kind]
    for path in (f"{job_id}/status", f"status/{job_id}", f"{job_id}/result"):
        told = await platform.ask("GET", f"/api/{kind}s/{path}", **user(OTHER))
        assert (told.status, told.json) == (404, NO_JOB)
        told = await platform.ask("GET", f"/api/{other_kind}s/{path}", **caller)
        assert (told.status, told.json) == (404, NO_JOB)


@KINDS
async def test_there_is_no_result_before_the_end(
    platform: Platform, caller: dict[str, str], kind: str
) -> None:
    job_id = await _started(platform, caller, kind)
    told = await platform.ask("GET", f"/api/{kind}s/{job_id}/result", **caller)
    assert told.status == 409
    assert told.json == {
        "error": "Job not completed",
        "message": "En attente de traitement",
        "status": "PENDING",
        "progress": 0,
    }
    await _tell(platform, kind, failed(job_id))
    told = await platform.ask("GET", f"/api/{kind}s/{job_id}/result", **caller)
    assert (told.status, told.json["status"]) == (409, "FAILED")


@KINDS
async def test_a_result_holds_the_backends_files_in_order(
    platform: Platform, caller: dict[str, str], kind: str
) -> None:
    job_id = await _started(platform, caller, kind)
    await _tell(platform, kind, completed(kind, job_id, 2, dimensions={"width": 640, "height": 480}))
    told = await platform.ask("GET", f"/api/{kind}s/{job_id}/result", **caller)
    assert told.status == 200
    assert (told.json["job_id"], told.json["status"], told.json["prompt"]) == (
        job_id,
        "COMPLETED",
        "a lighthouse",
    )
    extension = {"image": "png", "video": "mp4"}[kind]
    files = told.json[f"{kind}s"]
    assert [file["url"] for file in files] == [f"https://backend.example.com/{n}.{extension}" for n in (0, 1)]
    assert {(file["dimensions"], file["format"], file["size_bytes"]) for file in files} == {
        ("640x480", extension, 2048)
    }
    assert told.json["metadata"]["model_name"] == "renderer"


@KINDS
async def test_a_file_in_our_own_storage_is_given_by_a_signed_address(
    platform: Platform, caller: dict[str, str], kind: str
) -> None:
    job_id = await _started(platform, caller, kind)
    extension, media_type = {"image": ("png", "image/png"), "video": ("mp4", "video/mp4")}[kind]
    key = f"media/{job_id}/0.{extension}"
    assert platform.media
    await platform.media.put(key, b"made", 4, media_type)
    await report(platform, job_id, output={"files": [{"key": key, "width": 64, "height": 32}]})
    (file,) = (await platform.ask("GET", f"/api/{kind}s/{job_id}/result", **caller)).json[f"{kind}s"]
    assert (file["file_path"], file["dimensions"]) == (key, "64x32")
    assert file["expires_at"] == "2027-01-16T08:00:00Z"
    address = urlsplit(file["url"])
    assert (await platform.ask("GET", f"{address.path}?{address.query}")).body == b"made"


@KINDS
async def test_a_backend_cannot_make_us_sign_an_address_to_another_jobs_file(
    platform: Platform, caller: dict[str, str], kind: str
) -> None:
    job_id = await _started(platform, caller, kind)
    for path in (f"media/{OTHER}/0.png", f"media/{job_id}/../{OTHER}/0.png", f"media/{job_id}/"):
        await _tell(platform, kind, completed(kind, job_id, file_path=path))
    (file,) = (await platform.ask("GET", f"/api/{kind}s/{job_id}/result", **caller)).json[f"{kind}s"]
    assert file["file_path"] is None
    assert file["url"].startswith("https://backend.example.com/")
