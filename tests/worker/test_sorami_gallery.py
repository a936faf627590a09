"""What Sorami's users find when they come back: the gallery and the notifications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.worker.asking import OTHER, USER
from tests.worker.sorami_payloads import completed, failed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.worker.memory_platform import Platform, Told

KINDS = pytest.mark.parametrize("kind", ["image", "video"])


@pytest.fixture
def caller(user: Callable[[str], dict[str, str]]) -> dict[str, str]:
    return user(USER)


async def _started(platform: Platform, caller: dict[str, str], kind: str) -> str:
    told = await platform.ask(
        "POST", f"/api/{kind}s/generate", json_body={"prompt": "a lighthouse"}, **caller
    )
    assert told.status == 202, told.body
    return str(told.json["job_id"])


async def _tell(platform: Platform, kind: str, payload: Any) -> Told:
    return await platform.ask("POST", f"/api/webhooks/{kind}-completion", json_body=payload)


@KINDS
async def test_the_gallery_holds_the_users_completed_jobs_newest_first(
    platform: Platform, caller: dict[str, str], user: Any, kind: str
) -> None:
    made = []
    for _ in range(5):
        made.append(await _started(platform, caller, kind))
        await _tell(platform, kind, completed(kind, made[-1]))
    await _started(platform, caller, kind)  # not completed
    other_kind = {"image": "video", "video": "image"}[kind]
    await _tell(platform, other_kind, completed(other_kind, await _started(platform, caller, other_kind)))
    seen, cursor = [], ""
    while cursor is not None:
        query = f"limit=2&cursor={cursor}" if cursor else "limit=2"
        page = (await platform.ask("GET", f"/api/{kind}s/user?{query}", **caller)).json
        seen += [generation["job_id"] for generation in page["generations"]]
        assert all(generation[f"{kind}s"][0]["url"] for generation in page["generations"])
        cursor = page["next_cursor"]
    assert seen == made[::-1]
    told = await platform.ask("GET", f"/api/{kind}s/user", **user(OTHER))
    assert told.json == {"generations": [], "next_cursor": None}


@pytest.mark.parametrize("path", ["/api/images/user", "/api/videos/user", "/api/notifications"])
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=", "cursor"),
    ],
)
async def test_a_wrong_query_names_the_parameter(
    platform: Platform, caller: dict[str, str], path: str, query: str, field: str
) -> None:
    told = await platform.ask("GET", f"{path}?{query}", **caller)
    assert (told.status, told.json["field"]) == (400, field)


async def test_notifications_tell_how_jobs_ended_and_are_read_once(
    platform: Platform, caller: dict[str, str], user: Any
) -> None:
    image, video = await _started(platform, caller, "image"), await _started(platform, caller, "video")
    await _tell(platform, "image", completed("image", image))
    await _tell(platform, "video", failed(video))
    told = (await platform.ask("GET", "/api/notifications", **caller)).json
    assert {(n["type"], n["job_id"], n["read_at"]) for n in told["notifications"]} == {
        ("job_completed", image, None),
        ("job_failed", video, None),
    }
    assert told["next_cursor"] is None
    path = f"/api/notifications/{told['notifications'][0]['id']}/read"
    assert (await platform.ask("POST", path, **user(OTHER))).status == 404
    first = await platform.ask("POST", path, **caller)
    assert (first.status, first.json["success"]) == (200, True)
    assert first.json["notification"]["read_at"]
    assert (await platform.ask("POST", path, **caller)).json == first.json
    listed = (await platform.ask("GET", "/api/notifications", **caller)).json["notifications"]
    assert [n["read_at"] is None for n in listed].count(False) == 1


async def test_notifications_come_in_pages(platform: Platform, caller: dict[str, str]) -> None:
    for _ in range(3):
        await _tell(platform, "image", failed(await _started(platform, caller, "image")))
    first = (await platform.ask("GET", "/api/notifications?limit=2", **caller)).json
    path = f"/api/notifications?limit=2&cursor={first['next_cursor']}"
    second = (await platform.ask("GET", path, **caller)).json
    assert (len(first["notifications"]), len(second["notifications"])) == (2, 1)
    assert second["next_cursor"] is None


@pytest.mark.parametrize("notification", [USER, "nonsense", "%00"])
async def test_an_unknown_notification_is_not_found(
    platform: Platform, caller: dict[str, str], notification: str
) -> None:
    told = await platform.ask("POST", f"/api/notifications/{notification}/read", **caller)
    assert (told.status, told.json["error"]) == (404, "Not found")
