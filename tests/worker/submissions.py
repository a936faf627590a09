"""Submissions on memory alone, without routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.domain.job import Kind
from api.usecases import accounts
from api.usecases.submission import Submission, Wish, submit
from tests.worker.asking import USER
from tests.worker.memory_database import MemoryDatabase
from tests.worker.memory_platform import MemoryMedia, Platform
from tests.worker.memory_provider import MemoryProvider

if TYPE_CHECKING:
    from api.ports import Idempotency
    from api.settings import Settings

VIDEO = Wish(Kind.VIDEO, "a lighthouse", "1024x1024", 1, 5, None)
IMAGES = Wish(Kind.IMAGE, "a lighthouse", "1024x1024", 4, 5, None)


class Submissions:
    """A core on memory alone, asked by a user."""

    def __init__(self, settings: Settings) -> None:
        self.database, self.provider = MemoryDatabase(), MemoryProvider()
        self.platform = Platform(
            settings, provider=self.provider, database=self.database, media=MemoryMedia()
        )
        self.core = self.platform.core

    async def submit(
        self, wish: Wish = VIDEO, user_id: str | None = USER, key: Idempotency | None = None
    ) -> Submission:
        return await submit(self.core, wish, user_id, key)

    async def credits(self, user_id: str = USER) -> int:
        return (await accounts.of(self.core, user_id)).credits
