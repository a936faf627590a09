"""The database adapter: one POST a call, and every way in which the answer can be wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from api.adapters.supabase import Supabase
from api.domain.cursors import Cursor
from api.domain.job import Kind, State
from api.errors import UnavailableError
from api.ports import Idempotency, Page, Placement
from api.upstreams import Answer, FetchError

if TYPE_CHECKING:
    from api.settings import Settings
    from tests.worker.memory_platform import Upstreams

RPC = "https://db.example/rest/v1/rpc/"
ROW: dict[str, Any] = {
    "id": "0b9f3c5e-8a52-4d0c-9c5e-6f1f6f2f8b11",
    "user_id": None,
    "kind": "image",
    "status": "queued",
    "phase": None,
    "progress": 0,
    "provider": None,
    "provider_job_id": None,
    "payload": {},
    "result": None,
    "credits": 0,
    "created_at": "2026-11-21T00:00:00+00:00",
    "submitted_at": None,
    "started_at": None,
    "finished_at": None,
    "files": [],
}
CREATED = {"outcome": "created", "job": ROW}


@pytest.fixture
def database(settings: Settings, upstreams: Upstreams) -> Supabase:
    return Supabase(settings, upstreams)


def _answer(upstreams: Upstreams, function: str, value: Any) -> None:
    upstreams.answers["POST", RPC + function] = Answer(200, json.dumps(value))


async def test_a_call_is_one_post_with_the_service_role(
    database: Supabase, upstreams: Upstreams, settings: Settings
) -> None:
    _answer(upstreams, "job_create", {**CREATED, "job": {**ROW, "a_column_of_a_later_schema": 1}})
    placed = await database.create(None, Kind.IMAGE, {"prompt": "x"}, Idempotency("key", "hash"))
    assert placed.outcome is Placement.CREATED
    assert placed.job
    assert (placed.job.id, placed.job.status) == (ROW["id"], State.QUEUED)
    ((method, _, headers, sent),) = upstreams.asked
    assert method == "POST"
    assert headers["apikey"] == settings.supabase_service_role
    assert headers["Authorization"] == f"Bearer {settings.supabase_service_role}"
    assert sent == {
        "p_user_id": None,
        "p_kind": "image",
        "p_payload": {"prompt": "x"},
        "p_idempotency_key": "key",
        "p_request_hash": "hash",
    }


async def test_a_page_is_asked_for_by_its_cursor(database: Supabase, upstreams: Upstreams) -> None:
    _answer(upstreams, "job_list", [ROW])
    cursor = Cursor("2026-11-21T00:00:00+00:00", str(ROW["id"]))
    assert len(await database.page(Page(None, State.QUEUED, None, 5, cursor))) == 1
    assert upstreams.asked[0][3] == {
        "p_user_id": None,
        "p_status": "queued",
        "p_kind": None,
        "p_limit": 5,
        "p_before_created_at": cursor.created_at,
        "p_before_id": cursor.id,
    }


async def test_a_job_that_is_not_there_is_none(database: Supabase, upstreams: Upstreams) -> None:
    _answer(upstreams, "job_get", None)
    assert await database.get("x", None) is None


async def test_an_outcome_without_a_job_is_read(database: Supabase, upstreams: Upstreams) -> None:
    _answer(upstreams, "job_cancel", {"found": False, "changed": False, "job": None})
    assert (await database.cancel("x", None)).job is None


@pytest.mark.parametrize(
    "answer",
    [
        FetchError("no connection"),
        Answer(500, "oops"),
        Answer(401, "{}"),
        Answer(302, ""),
        Answer(200, "not json"),
        Answer(200, "null"),
        Answer(200, '{"id":1}'),
        Answer(200, json.dumps({**CREATED, "outcome": "a word of a later schema"})),
        Answer(200, json.dumps({**CREATED, "job": {**ROW, "status": "a word of a later schema"}})),
    ],
)
async def test_a_database_that_gives_no_job_is_down(
    database: Supabase, upstreams: Upstreams, answer: Any
) -> None:
    upstreams.answers["POST", f"{RPC}job_create"] = answer
    with pytest.raises(UnavailableError) as down:
        await database.create(None, Kind.IMAGE, {}, None)
    assert down.value.code == "database_unavailable"


async def test_percentiles_get_their_names(database: Supabase, upstreams: Upstreams) -> None:
    _answer(upstreams, "job_metrics", {"jobs": {}, "queue_seconds": [1, 2, 3], "render_seconds": None})
    counted = await database.metrics()
    assert counted["queue_seconds"] == {"p50": 1, "p95": 2, "p99": 3}
    assert counted["render_seconds"] == {"p50": None, "p95": None, "p99": None}
