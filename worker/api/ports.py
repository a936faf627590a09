"""What the core needs from outside, in its own words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from api.domain.cursors import Cursor
    from api.domain.job import Job, Kind, State
    from api.domain.media import MediaFile
    from api.domain.ranges import Range


class Placement(StrEnum):
    """What the database made of a wish for a job."""

    CREATED = "created"
    REPLAYED = "replayed"
    INSUFFICIENT_CREDITS = "insufficient_credits"
    TOO_MANY_JOBS = "too_many_jobs"
    IDEMPOTENCY_CONFLICT = "idempotency_conflict"


@dataclass(frozen=True)
class Placed:
    """A job that was created, or found again by its idempotency key; refused, there is none."""

    outcome: Placement
    job: Job | None


@dataclass(frozen=True)
class Idempotency:
    """A key under which a client asks, and what tells its requests apart."""

    key: str
    request_hash: str


@dataclass(frozen=True)
class Outcome:
    """What the database made of a report: whether it knows the job, and whether anything changed."""

    found: bool
    changed: bool
    job: Job | None
    replayed: bool = False


@dataclass(frozen=True)
class Report:
    """What a provider says of a job; either id may be the one it is known by.

    `kind` is known where the address that was called is of one kind of job, `files` count with a completion,
    `delivery` tells a webhook's deliveries apart, for good.
    """

    job_id: str | None
    provider_job_id: str | None
    status: State
    phase: str | None
    progress: int | None
    result: dict[str, Any] | None
    files: tuple[MediaFile, ...] | None = None
    delivery: str | None = None
    kind: Kind | None = None


@dataclass(frozen=True)
class Account:
    """A user's balance and plan."""

    credits: int
    plan: str


@dataclass(frozen=True)
class Notification:
    """How one of a user's jobs ended; times are ISO 8601 UTC."""

    id: str
    type: str
    job_id: str
    message: str
    read_at: str | None
    created_at: str


@dataclass(frozen=True)
class Page:
    """Which jobs to list: of one user or of all, newest first, after a cursor."""

    user_id: str | None
    status: State | None
    kind: Kind | None
    limit: int
    after: Cursor | None


class Database(Protocol):
    """The jobs and events; it owns the invariants, and each call is one round trip.

    Every method raises `UnavailableError` where the database gives no answer.
    """

    async def create(
        self, user_id: str | None, kind: Kind, payload: dict[str, Any], idempotency: Idempotency | None
    ) -> Placed:
        """Insert a job, `queued`, and hold its price; `user_id` None is the admin, who pays nothing."""

    async def submitted(
        self,
        job_id: str,
        status: State,
        provider: str,
        provider_job_id: str | None,
        result: dict[str, Any] | None,
    ) -> Job:
        """Record how the submission went; a job that has ended meanwhile stays as it is."""

    async def get(self, job_id: str, user_id: str | None) -> Job | None:
        """Find a job by its id or its provider's; `user_id` None sees all."""

    async def page(self, wanted: Page) -> list[Job]:
        """List jobs."""

    async def report(self, report: Report) -> Outcome:
        """Apply a provider's report; replays and late reports change nothing."""

    async def cancel(self, job_id: str, user_id: str | None) -> Outcome:
        """Cancel a job that has not ended."""

    async def record(self, kind: str, payload: Any) -> int:
        """Store an event and give its id."""

    async def metrics(self) -> dict[str, Any]:
        """Count jobs by state, and their times."""

    async def account(self, user_id: str) -> Account:
        """Give a user's account; a new user's is made."""

    async def notifications(self, user_id: str, limit: int, after: Cursor | None) -> list[Notification]:
        """List a user's notifications, newest first."""

    async def read_notification(self, user_id: str, notification_id: str) -> Notification | None:
        """Mark a user's notification as read."""

    async def claim_silent(self, limit: int, silent_seconds: int) -> list[Job]:
        """Take unfinished jobs of which nothing was heard for so long; nobody else gets them meanwhile."""


@dataclass(frozen=True)
class Stored:
    """A stored file; `etag` is quoted as in the header, `size` in bytes."""

    key: str
    size: int
    etag: str
    content_type: str


@dataclass(frozen=True)
class Opened:
    """A stored file, opened; `part` is (offset, length) where `stream` gives only that part of it."""

    stored: Stored
    stream: Any
    part: tuple[int, int] | None


class Media(Protocol):
    """The bucket; bytes stream through. Raises `UnavailableError` when it does not answer."""

    async def head(self, key: str) -> Stored | None:
        """Describe a file."""

    async def open(self, key: str, part: Range | None) -> Opened | None:
        """Open a file, or the part of it that is asked.

        Raises:
            UnsatisfiableError: no byte of it lies in `part`.
        """

    async def put(self, key: str, stream: Any, length: int, content_type: str) -> Stored:
        """Store a stream of so many bytes; None is the empty file."""

    async def delete(self, key: str) -> None:
        """Remove a file; one that is not there is no error."""

    async def health(self) -> None:
        """Ask whether it answers."""

    def download_address(self, key: str, expires: int) -> str | None:
        """Give an address that allows whoever holds it to GET a file until a unix time.

        None where the settings that it takes are not bound.
        """

    def upload_address(self, key: str, content_type: str, expires: int) -> str | None:
        """Give an address that allows whoever holds it to PUT a file of this type until a unix time.

        None where the settings that it takes are not bound.
        """


class Provider(Protocol):
    """The GPUs. Every method raises `ProviderError` where it gives no usable answer."""

    async def submit(self, body: dict[str, Any]) -> dict[str, Any]:
        """Start a job and give the provider's answer, in which `id` is a text.

        Tried again only where the provider surely did not take it.
        """

    async def status(self, provider_job_id: str) -> dict[str, Any] | None:
        """Give the provider's JSON for a job; None when it knows none, or no longer."""

    async def cancel(self, provider_job_id: str) -> bool:
        """Cancel a job; False when the provider knows none, or no longer."""

    async def health(self) -> None:
        """Ask whether it answers."""


class Verifier(Protocol):
    """Checks signatures made with public-key algorithms."""

    async def __call__(self, algorithm: str, key: dict[str, str], message: bytes, signature: bytes) -> bool:
        """Check an RS256 or ES256 signature against a JWK; a key that cannot be read verifies nothing."""


class Later(Protocol):
    """Work that a request leaves behind its answer; the runtime stays for it, half a minute at most.

    https://developers.cloudflare.com/workers/runtime-apis/context/#waituntil
    """

    def __call__(self, work: Coroutine[Any, Any, Any], /) -> None:
        """Have it done, beside the answer."""


class Clock(Protocol):
    """The time."""

    def __call__(self) -> float:
        """Give the unix time in seconds."""


class Log(Protocol):
    """Where lines go: one JSON object each, secrets taken out."""

    def __call__(self, level: str, message: str, **fields: Any) -> None:
        """Write one line."""
