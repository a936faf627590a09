from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import jwt
import pytest

from api.adapters.runpod import RunPod
from api.upstreams import Answer
from tests.worker.memory_database import MemoryDatabase
from tests.worker.memory_platform import SETTINGS, MemoryMedia, Platform, Upstreams
from tests.worker.stand_ins import StandIns
from tests.worker.submissions import Submissions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from api.settings import Settings

RUNPOD = "https://runpod.example/v2/endpoint-1"


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


@pytest.fixture(scope="module")
def stand_ins() -> Iterator[StandIns]:
    stand_ins = StandIns()
    yield stand_ins
    stand_ins.stop()


@pytest.fixture
def world(settings: Settings) -> Submissions:
    return Submissions(settings)


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
            media=MemoryMedia(bare),
        )

    return make


@pytest.fixture
def admin() -> dict[str, str]:
    return {"authorization": f"Bearer {SETTINGS.app_admin_token}"}


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
