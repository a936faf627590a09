"""Submitting a job: the row first, then the provider, then what became of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from api.domain import ids, keys, signatures
from api.domain.job import NOOP_PROVIDER, RUNPOD, Job, Kind, State, is_terminal
from api.errors import (
    IdempotencyConflictError,
    InsufficientCreditsError,
    ProviderError,
    TooManyJobsError,
    UnavailableError,
)
from api.ports import Placement
from api.usecases.jobs import cancel_at_provider

if TYPE_CHECKING:
    from api.core import Core
    from api.ports import Idempotency, Later, Media, Placed, Provider

# RunPod ends a job that runs longer, and forgets one that was not begun within its time to live.
EXECUTION_TIMEOUT_MS = 600_000
TIME_TO_LIVE_MS = 86_400_000
NEVER_SUBMITTED = "the job was not handed to the provider"  # as far as anybody heard
_REFUSED = {
    Placement.INSUFFICIENT_CREDITS: InsufficientCreditsError,
    Placement.TOO_MANY_JOBS: TooManyJobsError,
    Placement.IDEMPOTENCY_CONFLICT: IdempotencyConflictError,
}


@dataclass(frozen=True)
class Wish:
    """What a client wants made; checked by the schema of the route it came through."""

    kind: Kind
    prompt: str
    size: str
    num_images: int
    duration_seconds: int
    seed: int | None
    style: str | None = None
    image_url: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Give the payload that is stored and sent to the renderer."""
        return {
            "prompt": self.prompt,
            "size": self.size,
            "num_images": self.num_images,
            "duration_seconds": self.duration_seconds,
            "seed": self.seed,
            "style": self.style,
            "image_url": self.image_url,
        }


@dataclass(frozen=True)
class Submission:
    """A job that was accepted: by the provider, or by nobody where none is configured.

    Without a database nothing is stored; `job_id` is then the provider's, the only id that finds the job.
    """

    job_id: str
    provider: str
    provider_job_id: str | None
    result: dict[str, Any] | None
    stored: bool


async def submit(
    core: Core,
    wish: Wish,
    user_id: str | None,
    idempotency: Idempotency | None = None,
    later: Later | None = None,
) -> Submission:
    """Create a job and hand it to the provider; with a key that was used before, answer as then.

    What an answer says must be in the database before it. Our id is, since the row was made: an answer that
    names nothing else need not wait until the provider's id is there too, and gives `later`.

    Raises:
        InsufficientCreditsError, TooManyJobsError, IdempotencyConflictError: the database refused the job.
        NotConfiguredError: a user asks, and there is no database to keep the credits.
        ProviderError: the provider refused or gave no answer in time; the job is recorded as `error`.
        UnavailableError: the job could not be created, and the provider was not called.
    """
    wish = _without_secrets(core, wish)
    placed = await _place(core, wish, user_id, idempotency)
    job = placed.job if placed else None
    if placed and job and placed.outcome is Placement.REPLAYED:
        return _again(job)
    job_id = job.id if job else ids.new()
    if core.provider is None:
        await _record(core, job, State.NOOP, NOOP_PROVIDER, None, None)
        return Submission(job_id, NOOP_PROVIDER, None, None, stored=job is not None)
    answer = await _hand_over(core, core.provider, job, order(core, job_id, wish))
    if later:
        later(_taken(core, job, answer))
    elif await _taken(core, job, answer) is State.ERROR:
        raise ProviderError("the provider took the job too late", job_id=job_id)
    return Submission(job_id if job else answer["id"], RUNPOD, answer["id"], answer, stored=job is not None)


async def _hand_over(core: Core, provider: Provider, job: Job | None, body: dict[str, Any]) -> dict[str, Any]:
    try:
        return core.redactor.value(await provider.submit(body))  # type: ignore[no-any-return]  # stays an object
    except ProviderError as error:
        await _record(core, job, State.ERROR, RUNPOD, None, {"error": core.redactor.text(error.message)})
        error.details["job_id"] = body["input"]["job_id"]
        raise


async def _taken(core: Core, job: Job | None, answer: dict[str, Any]) -> State:
    """Record that the provider has the job; in `ERROR` is one given up meanwhile, and paid back."""
    recorded = await _record(core, job, State.SUBMITTED, RUNPOD, answer["id"], answer)
    if recorded is None:
        return State.SUBMITTED
    if is_terminal(recorded.status) and recorded.status is not State.COMPLETED:
        # Ended, as by a cancellation, before there was an id to cancel it with.
        await cancel_at_provider(core, recorded.id, answer["id"])
    return recorded.status


def _without_secrets(core: Core, wish: Wish) -> Wish:
    """Take our secrets out of what a client pasted: it would be kept, rendered and shown.

    A picture's address keeps its own query: without it the picture could not be fetched.
    """
    image_url = None if wish.image_url is None else core.redactor.own(wish.image_url)
    return replace(wish, prompt=core.redactor.text(wish.prompt), image_url=image_url)


async def _place(
    core: Core, wish: Wish, user_id: str | None, idempotency: Idempotency | None
) -> Placed | None:
    if user_id is None and core.database is None:
        return None
    placed = await core.need_database().create(user_id, wish.kind, wish.to_json(), idempotency)
    if placed.outcome in _REFUSED:
        raise _REFUSED[placed.outcome]
    return placed


def _again(job: Job) -> Submission:
    error = str((job.result or {}).get("error", ""))
    # What was given up later had been accepted, or nobody heard that it was not.
    if job.status is State.ERROR and error != NEVER_SUBMITTED:
        raise ProviderError(error, job_id=job.id)
    return Submission(job.id, job.provider or RUNPOD, job.provider_job_id, None, stored=True)


def order(core: Core, job_id: str, wish: Wish) -> dict[str, Any]:
    """Write the provider's request: what to render, where to put it and whom to tell."""
    settings = core.settings
    body: dict[str, Any] = {
        "input": {"job_id": job_id, "kind": wish.kind, **wish.to_json(), "uploads": []},
        "policy": {"executionTimeout": EXECUTION_TIMEOUT_MS, "ttl": TIME_TO_LIVE_MS},
    }
    if core.media:
        body["input"]["uploads"] = _uploads(core.media, int(core.clock()), job_id, wish)
    # Without them there is nothing to sign with: only RunPod's own status tells how the job goes.
    if core.database and settings.webhook_secret and settings.api_origin:
        token = signatures.job_token(settings.webhook_secret, job_id)
        body["webhook"] = f"{settings.api_origin}/webhooks/runpod?job={job_id}&token={token}"
        body["input"]["progress_url"] = body["webhook"]
    return body


def _uploads(media: Media, now: int, job_id: str, wish: Wish) -> list[dict[str, str]]:
    expires = now + (TIME_TO_LIVE_MS + EXECUTION_TIMEOUT_MS) // 1000
    count = wish.num_images if wish.kind is Kind.IMAGE else 1
    content_type = keys.CONTENT_TYPES[wish.kind]
    return [
        {"key": key, "url": address, "content_type": content_type}
        for key in keys.of_job(job_id, wish.kind, count)
        if (address := media.upload_address(key, content_type, expires))
    ]


async def _record(  # noqa: PLR0913, PLR0917 - the columns that a submission sets
    core: Core,
    job: Job | None,
    status: State,
    provider: str,
    provider_job_id: str | None,
    result: dict[str, Any] | None,
) -> Job | None:
    if core.database is None or job is None:
        return None
    for attempt in (1, 2):  # recording is idempotent, so a second attempt is safe
        try:
            return await core.database.submitted(job.id, status, provider, provider_job_id, result)
        except UnavailableError as error:
            fields = {
                "job_id": job.id,
                "status": status,
                "provider_job_id": provider_job_id,
                "attempt": attempt,
            }
            core.log("error", "a submission could not be recorded", reason=error.message, **fields)
    # The provider has the job all the same, and its webhook carries our id: the client keeps its answer.
    return None
