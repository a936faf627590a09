"""No request, however odd, makes the emulator fail: every answer is an envelope under 500."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localcloud import config
from localcloud.cloudflare.app import RESOURCES, create_app
from localcloud.cloudflare.cloud import Cloud
from localcloud.cloudflare.sealing import Seal
from localcloud.cloudflare.store import Store
from localcloud.cloudflare.zones import seed
from localcloud.r2.store import Store as ObjectStore
from tests.localcloud.cloudflare.emulator import (
    CONTROL,
    NOW,
    TOKEN,
    ZONE_ID,
    Api,
    FakeEdge,
    client_of,
    version_body,
)

if TYPE_CHECKING:
    import httpx

ENDPOINTS = sorted((verb, path) for part in RESOURCES for path, verbs in part.items() for verb in verbs)
FIELDS = (
    *(
        "name",
        "text",
        "type",
        "enabled",
        "pattern",
        "script",
        "strategy",
        "versions",
        "version_id",
        "percentage",
    ),
    *(
        "modules",
        "bindings",
        "main_module",
        "content_type",
        "content_base64",
        "compatibility_date",
        "secrets",
    ),
    *(
        "compatibility_flags",
        "observability",
        "head_sampling_rate",
        "subdomain",
        "tags",
        "tail_consumers",
        "id",
    ),
    *("locationHint", "storageClass", "annotations", "limits", "placement", "json", "old_name", "account"),
    *("logs", "traces", "usage_model", "logpush", "destinations"),
)
WORDS = (
    "w",
    "entry.py",
    "secret_text",
    "inherit",
    "json",
    "percentage",
    "2024-11-01",
    "alphogen.localhost/*",
)

leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from(WORDS)
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6),
    max_leaves=15,
)
bodies = st.dictionaries(st.sampled_from(FIELDS), values, max_size=8)
raw_bodies = bodies.map(lambda body: json.dumps(body).encode()) | st.binary(max_size=60)
quick = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def filled(path: str, part: str) -> str:
    known = {"account_id": config.ACCOUNT_ID, "zone_id": ZONE_ID, "script_name": "w", "worker_id": "w"}
    for name, value in known.items():
        path = path.replace(f"{{{name}}}", value)
    return "/".join(part if piece.startswith("{") else piece for piece in path.split("/"))


async def ask(method: str, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "state.db")
        with store.writing() as records:
            seed(records, config.ACCOUNT_ID, config.ZONES, NOW)
        edge = FakeEdge()
        cloud = Cloud(
            config.ACCOUNT_ID, store, edge, ObjectStore(Path(folder) / "r2"), Seal(CONTROL), clock=lambda: NOW
        )
        edge.app = create_app(cloud, TOKEN, CONTROL)
        async with client_of(edge.app) as client:
            await Api(client).deployed("w")
            answer = await client.request(method, path, content=body, headers=headers)
        store.close()
        return answer


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
@given(
    body=raw_bodies,
    part=st.from_regex(r"[A-Za-z0-9_.~%é-]{1,40}", fullmatch=True),
    form=st.booleans(),
)
@quick
def test_any_body_on_any_endpoint_is_answered(
    method: str, path: str, body: bytes, part: str, *, form: bool
) -> None:
    headers = {}
    if form:
        head = b'--b\r\ncontent-disposition: form-data; name="metadata"\r\n\r\n'
        body, headers = head + body + b"\r\n--b--\r\n", {"content-type": "multipart/form-data; boundary=b"}
    answer = asyncio.run(ask(method, filled(path, part), body, headers))
    assert answer.status_code < 500, answer.text
    _check_envelope(answer)


@given(changes=bodies)
@settings(quick, max_examples=60)
def test_any_change_of_a_good_version_is_answered(changes: dict[str, Any]) -> None:
    body = json.dumps({**version_body(), **changes}).encode()
    path = f"/accounts/{config.ACCOUNT_ID}/workers/workers/w/versions"
    answer = asyncio.run(ask("POST", path, body, {}))
    assert answer.status_code < 500, answer.text
    _check_envelope(answer)


def _check_envelope(answer: httpx.Response) -> None:
    if answer.headers["content-type"] != "application/json":
        return  # a script's content
    envelope = answer.json()
    assert envelope["success"] is (answer.status_code == 200)
    assert bool(envelope["errors"]) is not envelope["success"]
