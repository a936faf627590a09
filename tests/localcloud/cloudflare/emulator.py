"""An edge that pulls as the real one does, a client, and a check against the SDK's models."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
from pydantic import BaseModel, TypeAdapter

from localcloud import config
from localcloud.cloudflare.errors import InvalidVersionError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "an-api-token"
CONTROL = "a-control-token"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
A = f"/accounts/{config.ACCOUNT_ID}"
ZONE_ID = config.ZONES["alphogen.localhost"]
Z = f"/zones/{ZONE_ID}"


@dataclass
class FakeEdge:
    """Pulls state and versions from the emulator as the edge does, and runs no code.

    A version whose main module holds `boom` does not start. `down` makes it unreachable; `refuses` makes the
    next sync fail.
    """

    app: Any = None
    down: bool = False
    refuses: bool = False
    checked: list[str] = field(default_factory=list)
    versions: dict[str, dict[str, Any]] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    syncs: int = 0

    async def check(self, version_id: str) -> int:
        self._reach()
        self.checked.append(version_id)
        version = await self._get(f"/_local/edge/versions/{version_id}")
        main = next(one for one in version["modules"] if one["name"] == version["main_module"])
        if b"boom" in base64.b64decode(main["content_base64"]):
            raise InvalidVersionError("Uncaught SyntaxError: invalid syntax (entry.py, line 1)")
        self.versions[version_id] = version
        return 7

    async def sync(self) -> None:
        self._reach()
        self.syncs += 1
        if self.refuses:
            self.refuses = False
            raise InvalidVersionError("Uncaught RuntimeError: it does not start")
        self.state = await self._get("/_local/edge")

    def _reach(self) -> None:
        if self.down:
            raise UnavailableError("The edge on port 1 does not answer. Run `make up` to start it.")

    async def _get(self, path: str) -> dict[str, Any]:
        async with client_of(self.app, CONTROL) as client:
            answer = await client.get(path)
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document


def client_of(app: Any, token: str | None = TOKEN) -> httpx.AsyncClient:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    transport = httpx.ASGITransport(app=app)
    return httpx.AsyncClient(transport=transport, base_url="http://cloudflare.test", headers=headers)


class Api:
    """The API as a test speaks to it: results, or the status and codes of a refusal."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def send(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        return await self.client.request(method, path, json=body, **options)

    async def ok(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        answer = await self.send(method, path, body, **options)
        assert answer.status_code == 200, answer.text
        envelope = answer.json()
        assert envelope["success"] is True
        assert envelope["errors"] == []
        return envelope.get("result")

    async def refused(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, int, str]:
        answer = await self.send(method, path, body, **options)
        envelope = answer.json()
        assert envelope["success"] is False
        assert envelope["result"] is None
        error = envelope["errors"][0]
        return answer.status_code, error["code"], error["message"]

    async def worker(self, name: str = "alphogenai-worker") -> Any:
        return await self.ok("POST", f"{A}/workers/workers", {"name": name})

    async def version(self, worker: str = "alphogenai-worker", **changes: Any) -> Any:
        return await self.ok("POST", f"{A}/workers/workers/{worker}/versions", version_body(**changes))

    async def deployment(
        self, *version_ids: str, script: str = "alphogenai-worker", force: bool = False
    ) -> Any:
        path = f"{A}/workers/scripts/{script}/deployments{'?force=true' if force else ''}"
        return await self.ok("POST", path, deployment_body(*version_ids))

    async def deployed(self, name: str = "alphogenai-worker", **changes: Any) -> Any:
        """A worker with one version that serves; gives the version."""
        await self.worker(name)
        version = await self.version(name, **changes)
        await self.deployment(version["id"], script=name)
        return version


def module(source: str = "x = 1", name: str = "entry.py") -> dict[str, str]:
    return {
        "name": name,
        "content_type": "text/x-python",
        "content_base64": base64.b64encode(source.encode()).decode(),
    }


def version_body(source: str = "x = 1", **changes: Any) -> dict[str, Any]:
    return {
        "main_module": "entry.py",
        "compatibility_date": "2024-11-01",
        "compatibility_flags": ["python_workers"],
        "modules": [module(source)],
        "bindings": [],
        **changes,
    }


def deployment_body(*version_ids: str) -> dict[str, Any]:
    share = 100 / len(version_ids)
    return {
        "strategy": "percentage",
        "versions": [{"version_id": one, "percentage": share} for one in version_ids],
    }


def secret(name: str, text: str) -> dict[str, str]:
    return {"type": "secret_text", "name": name, "text": text}


def loads_as(model: Any, answer: Any) -> Any:
    """Load an answer into one of the SDK's response models: no field missing, none unknown, at any depth."""
    loaded: Any = TypeAdapter(model).validate_json(json.dumps(answer))
    assert list(_unknown_fields(loaded, "answer")) == []
    return loaded


def _unknown_fields(value: Any, where: str) -> Iterator[str]:
    if isinstance(value, BaseModel):
        yield from (f"{where}.{name}" for name in value.model_extra or {})
        for name in type(value).model_fields:
            yield from _unknown_fields(getattr(value, name), f"{where}.{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unknown_fields(item, f"{where}[{index}]")
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _unknown_fields(item, f"{where}.{name}")
