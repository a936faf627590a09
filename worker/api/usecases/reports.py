"""What a provider reports of a job: believed when it proves itself, applied once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.domain import ids, signatures
from api.domain.job import FROM_RUNPOD, State
from api.errors import UnauthorizedError
from api.ports import Outcome, Report

if TYPE_CHECKING:
    from api.core import Core
    from api.ports import Database

PHASES = ("initializing", "generating", "saving")
_RESULT_FIELDS = ("delayTime", "executionTime", "output", "error")
_COMPLETE = 100


def prove(core: Core, job_id: str, token: str, shared_secret: str, signature: str, body: bytes) -> None:  # noqa: PLR0913, PLR0917 - three kinds of proof
    """Check that a report is the provider's: by the job's token, the shared secret or the body's signature.

    Raises:
        UnauthorizedError: by none of them.
    """
    secret = core.need_webhook_secret()
    proofs = (
        (token, signatures.job_token(secret, job_id) if job_id else ""),
        (shared_secret, secret),
        (signature.lower(), signatures.sign(secret, body)),
    )
    if not any(given and expected and signatures.equal(given, expected) for given, expected in proofs):
        raise UnauthorizedError


async def apply(core: Core, job_id: str, document: dict[str, Any]) -> Outcome:
    """Apply RunPod's report; a replay, a late one and one for an unknown job change nothing."""
    database = core.need_database()
    known_as = job_id if ids.is_uuid(job_id) else await _job_id(database, document["id"])
    status = FROM_RUNPOD[document["status"]]
    result = {name: document[name] for name in _RESULT_FIELDS if name in document}
    phase, progress = _progress(status, document.get("output"))
    report = Report(
        job_id=known_as,
        provider_job_id=document["id"],
        status=status,
        phase=phase,
        progress=progress,
        result=core.redactor.value(result) if result and status is not State.RUNNING else None,
    )
    outcome = await database.report(report)
    if not outcome.found:
        core.log("warning", "a report for an unknown job", job_id=job_id, provider_job_id=document["id"])
    return outcome


async def _job_id(database: Database, provider_job_id: str) -> str | None:
    """Find our id where the address does not say it: a webhook that a proxy signed may come without."""
    job = await database.get(provider_job_id, None)
    return job.id if job else None


def _progress(status: State, output: Any) -> tuple[str | None, int | None]:
    if status is State.COMPLETED:
        return None, _COMPLETE
    if status is not State.RUNNING or not isinstance(output, dict):
        return None, None
    phase, progress = output.get("phase"), output.get("progress")
    is_percentage = (
        isinstance(progress, int) and not isinstance(progress, bool) and 0 <= progress <= _COMPLETE
    )
    return (phase if phase in PHASES else None), (progress if is_percentage else None)
