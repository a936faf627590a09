"""Jobs of which nothing is heard, on memory alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.domain.job import Kind
from api.usecases.submission import submit
from tests.worker.asking import USER
from tests.worker.memory_database import MemoryDatabase
from tests.worker.memory_platform import MemoryMedia, Platform
from tests.worker.memory_provider import MemoryProvider
from tests.worker.submissions import VIDEO

if TYPE_CHECKING:
    from api.domain.job import Job
    from api.settings import Settings

SILENCE = 121
HOLD, REFUND = ("hold", -5), ("refund", 5)


class Silence:
    """A core on memory alone, with jobs that nobody hears of."""

    def __init__(self, settings: Settings) -> None:
        self.database, self.provider = MemoryDatabase(), MemoryProvider()
        self.platform = Platform(
            settings, provider=self.provider, database=self.database, media=MemoryMedia()
        )
        self.core = self.platform.core

    async def silent(self, told: Any = None, user_id: str | None = USER) -> str:
        """Submit a job of which the provider tells this when it is asked, and wait."""
        submitted = await submit(self.core, VIDEO, user_id)
        assert submitted.provider_job_id
        self.provider.states[submitted.provider_job_id] = told
        self.database.now += SILENCE
        return submitted.job_id

    async def unrecorded(self) -> str:
        """Leave a job as a worker does that is killed before it knows what the provider said."""
        placed = await self.database.create(USER, Kind.VIDEO, VIDEO.to_json(), None)
        assert placed.job
        self.database.now += SILENCE
        return placed.job.id

    def job(self, job_id: str) -> Job:
        return self.database.jobs[job_id]

    def paid(self, job_id: str) -> list[tuple[str, int]]:
        return self.database.ledger.of(self.job(job_id))

    @property
    def told(self) -> list[str]:
        return [told.type for _, told in self.database.told]
