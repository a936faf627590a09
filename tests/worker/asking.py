"""What the tests ask of a worker again and again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from api.domain import signatures

if TYPE_CHECKING:
    from tests.worker.memory_platform import Platform

USER = "6f1b2c3d-0000-4000-8000-000000000001"
OTHER = "6f1b2c3d-0000-4000-8000-000000000002"
STATUS = "https://runpod.example/v2/endpoint-1/status/rp-1"
CANCEL = "https://runpod.example/v2/endpoint-1/cancel/rp-1"
RUN = "https://runpod.example/v2/endpoint-1/run"
UNAUTHORIZED = {"ok": False, "error": "unauthorized"}


async def submit(platform: Platform, admin: dict[str, str], **fields: Any) -> Any:
    told = await platform.ask("POST", "/jobs", json_body={"prompt": "test video", **fields}, **admin)
    assert told.status == 200, told.body
    return told.json


async def report(platform: Platform, job_id: str, **document: Any) -> Any:
    token = signatures.job_token(platform.settings.webhook_secret, job_id)
    body = {"id": "rp-1", "status": "COMPLETED", **document}
    return await platform.ask("POST", f"/webhooks/runpod?job={job_id}&token={token}", json_body=body)


def own(platform: Platform, user_id: str | None) -> str:
    """Give the only job to a user, as issue of a family that lets users submit."""
    assert platform.database
    (job,) = platform.database.jobs.values()
    platform.database.jobs[job.id] = replace(job, user_id=user_id)
    return job.id
