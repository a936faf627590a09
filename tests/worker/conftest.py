from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

# pytest's importlib mode puts no test folder on the path; what the tests of this folder share stands beside them.
sys.path.insert(0, str(Path(__file__).parent))

from api.adapters.runpod import RunPod
from api.ports import Answer
from api.settings import Settings
from memory_platform import MemoryDatabase, MemoryMedia, Platform, Upstreams

if TYPE_CHECKING:
    from collections.abc import Callable

ADMIN_TOKEN = "canary-admin-token-000000000000000000"
WEBHOOK_SECRET = "canary-webhook-secret-0000000000000000"
RUNPOD = "https://runpod.example/v2/endpoint-1"

SETTINGS = Settings(
    environment="test",
    version="v1",
    api_origin="https://api.example.com",
    site_origins="https://site.example, https://other.example",
    runpod_api_base="https://runpod.example",
    runpod_api_key="canary-runpod-key-0000000000000000000",
    runpod_endpoint_id="endpoint-1",
    supabase_url="https://db.example",
    supabase_service_role="canary-service-role-000000000000000000",
    supabase_jwt_secret="canary-jwt-secret-00000000000000000000",
    clerk_issuer="https://clerk.example",
    clerk_jwks_url="https://clerk.example/.well-known/jwks.json",
    app_admin_token=ADMIN_TOKEN,
    webhook_secret=WEBHOOK_SECRET,
)


@pytest.fixture
def settings() -> Settings:
    return SETTINGS


@pytest.fixture
def upstreams() -> Upstreams:
    upstreams = Upstreams()
    upstreams.answers["POST", f"{RUNPOD}/run"] = Answer(200, '{"id":"rp-1","status":"IN_QUEUE"}')
    upstreams.answers["GET", f"{RUNPOD}/health"] = Answer(200, '{"jobs":{},"workers":{}}')
    return upstreams


@pytest.fixture
def platform(settings: Settings, upstreams: Upstreams) -> Platform:
    """A worker with everything configured."""
    return Platform(
        settings,
        upstreams=upstreams,
        provider=RunPod(settings, upstreams),
        database=MemoryDatabase(),
        media=MemoryMedia(),
    )


@pytest.fixture
def without(settings: Settings, upstreams: Upstreams) -> Callable[..., Platform]:
    """Make a worker that lacks some features, named by the setting that is not bound."""

    def make(*names: str) -> Platform:
        bare = replace(settings, **dict.fromkeys(names, ""))
        return Platform(
            bare,
            upstreams=upstreams,
            provider=RunPod(bare, upstreams) if bare.runpod else None,
            database=MemoryDatabase() if bare.supabase else None,
            media=MemoryMedia(),
        )

    return make


@pytest.fixture
def admin() -> dict[str, str]:
    return {"authorization": f"Bearer {ADMIN_TOKEN}"}
