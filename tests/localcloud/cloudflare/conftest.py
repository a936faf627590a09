"""An emulator in this process, with an edge that pulls from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from localcloud import config
from localcloud.cloudflare.app import create_app
from localcloud.cloudflare.cloud import Cloud
from localcloud.cloudflare.sealing import Seal
from localcloud.cloudflare.store import Store
from localcloud.cloudflare.zones import seed
from localcloud.r2.store import Store as ObjectStore
from tests.localcloud.cloudflare.emulator import CONTROL, NOW, TOKEN, Api, FakeEdge, client_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path


@pytest.fixture
def state_file(tmp_path: Path) -> Path:
    return tmp_path / "cloudflare" / "state.db"


@pytest.fixture
def edge() -> FakeEdge:
    return FakeEdge()


@pytest.fixture
def objects(tmp_path: Path) -> Iterator[ObjectStore]:
    objects = ObjectStore(tmp_path / "r2")
    yield objects
    objects.close()


@pytest.fixture
def store(state_file: Path) -> Iterator[Store]:
    store = Store(state_file)
    with store.writing() as records:
        seed(records, config.ACCOUNT_ID, config.ZONES, NOW)
    yield store
    store.close()


@pytest.fixture
def cloud(store: Store, edge: FakeEdge, objects: ObjectStore) -> Cloud:
    seal = Seal(CONTROL)
    return Cloud(config.ACCOUNT_ID, store, edge, objects, seal, clock=lambda: NOW)


@pytest.fixture
def app(cloud: Cloud, edge: FakeEdge) -> Any:
    edge.app = create_app(cloud, TOKEN, CONTROL)
    return edge.app


@pytest.fixture
async def api(app: Any) -> AsyncIterator[Api]:
    async with client_of(app) as client:
        yield Api(client)
