"""What a provider reports of a job: believed when it proves itself, applied once."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from api.domain import ids, media, signatures
from api.domain.job import FROM_RUNPOD, State
from api.errors import UnauthorizedError
from api.ports import Outcome, Report

if TYPE_CHECKING:
    from api.core import Core
    from api.domain.media import MediaFile

PHASES = ("initializing", "generating", "saving")
_RESULT_FIELDS = ("delayTime", "executionTime", "output", "error")
_TIMES = frozenset({"delayTime", "executionTime"})  # milliseconds
_LONGEST_TIME = 30 * 86_400_000  # far beyond any job's; PostgreSQL cannot count back from now for ever
_COMPLETE = 100
PRODUCTION = "prod"


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


def prove_backend(core: Core, shared_secret: str, signature: str, body: bytes) -> None:
    """Check that a report is the rendering backend's; elsewhere than in production it may come without proof.

    Raises:
        UnauthorizedError: it proves nothing in production, or its proof is wrong.
    """
    if shared_secret or signature or core.settings.environment == PRODUCTION:
        prove(core, "", token="", shared_secret=shared_secret, signature=signature, body=body)


async def apply(core: Core, job_id: str, document: dict[str, Any], raw: bytes | None = None) -> Outcome:
    """Apply RunPod's word on a job; `raw` is the delivery it came in, None where RunPod was asked.

    A replay, a late report and one for an unknown job change nothing.
    """
    output, status = document.get("output"), FROM_RUNPOD[document["status"]]
    # An address that says no job, as behind a proxy that signs: the files say whose they are, and without
    # any the database finds the job by the provider's id.
    known_as = job_id.lower() if ids.is_uuid(job_id) else media.owner(output)
    files = media.of_output(known_as, output) if known_as and status is State.COMPLETED else None
    result = {name: document[name] for name in _RESULT_FIELDS if _is_told(document, name)}
    if "error" in result:
        result["error"] = _message(result["error"])
    phase, progress = _progress(status, output)
    return await complete(
        core,
        Report(
            job_id=known_as,
            provider_job_id=document["id"],
            status=status,
            phase=phase,
            progress=progress,
            result=result if result and status is not State.RUNNING else None,
            files=files,
            delivery=None if raw is None else hashlib.sha256(raw).hexdigest(),
        ),
    )


async def complete(core: Core, report: Report) -> Outcome:
    """Apply a report, without the secrets that it may quote and files that are another job's."""
    files = report.files
    if files and report.job_id:
        files = tuple(_without_secrets(core, file) for file in media.own(report.job_id, files))
    clean = replace(report, result=core.redactor.value(report.result), files=files)
    outcome = await core.need_database().report(clean)
    if not outcome.found:
        ids_told = {"job_id": report.job_id, "provider_job_id": report.provider_job_id}
        core.log("warning", "a report for an unknown job", **ids_told)
    return outcome


def _without_secrets(core: Core, file: MediaFile) -> MediaFile:
    """Take our secrets out of what a file says; an address elsewhere keeps its own query."""
    own = core.redactor.own
    return replace(
        file,
        url=file.url and own(file.url),
        description=file.description and own(file.description),
        format=file.format and own(file.format),
    )


def _is_told(document: dict[str, Any], name: str) -> bool:
    if name not in document or name not in _TIMES:
        return name in document
    time = document[name]
    return type(time) in {int, float} and 0 <= time <= _LONGEST_TIME


def _message(error: Any) -> Any:
    """Keep the message of an exception, which RunPod's SDK tells with its stack trace.

    Users read what is kept; the renderer's own log holds the rest.
    """
    try:
        told = json.loads(error) if isinstance(error, str) else error
    except (ValueError, RecursionError):
        return error
    return told.get("error_message", error) if isinstance(told, dict) else error


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
