"""What Schemathesis cannot know of the API; its own process imports this, and a file says what exists."""

from __future__ import annotations

import json
import os
import time
from collections import deque
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import requests
import schemathesis
from schemathesis.openapi.checks import RejectedPositiveData

from api.domain import signatures
from api.domain.cursors import Cursor

if TYPE_CHECKING:
    from schemathesis import AuthContext, Case, HookContext, Response
    from schemathesis.core.failures import Failure

KNOWN_VARIABLE = "SCHEMA_FUZZ_KNOWN"
KNOWN: dict[str, Any] = json.loads(Path(os.environ[KNOWN_VARIABLE]).read_text())
CREATIONS = ("/jobs", "/jobs/create", "/api/images/generate", "/api/videos/generate")
UNFINISHED = 2  # jobs left to the renderer at a time
# Texts of which the form alone does not say whether they mean anything: some are refused, naming the field.
OPAQUE = {"cursor", "imageUrl"}
_numbers = count()
_unfinished: deque[str] = deque()


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:  # noqa: ARG001 - the hook's form
    """Let every other valid request name what there is: drawn at random, it never would.

    Stateful tests are left alone: links give them what there is.
    """
    meta = case.meta
    if meta is None or not meta.generation.mode.is_positive or meta.phase.name == "stateful":
        return
    number, odd = divmod(next(_numbers), 2)
    for place in (case.path_parameters, case.query, case.body) if odd else ():
        if isinstance(place, dict):
            texts = {name: value for name, value in place.items() if isinstance(value, str)}
            place.update({name: _real(case, name, text, number) for name, text in texts.items()})


def _real(case: Case[Any], name: str, value: str, number: int) -> str:
    job: str = KNOWN["jobs"][number % len(KNOWN["jobs"])]
    if name == "cursor":
        return Cursor("2030-01-01T00:00:00+00:00", job).encode()
    if name == "imageUrl":
        return "https://images.example.com/".ljust(len(value), "a")
    if name in {"job", "job_id"}:
        return job
    if name == "id":
        return next((known for place, known in KNOWN["ids"].items() if case.path.startswith(place)), job)
    if name == "key":
        return quote(KNOWN["keys"]["doomed" if case.method == "DELETE" else case.path.split("/")[1]])
    return value


@schemathesis.hook
def after_call(context: HookContext, case: Case[Any], response: Response) -> None:  # noqa: ARG001 - the hook's form
    """Cancel all but the newest jobs: the renderer is not what is tested."""
    if case.method != "POST" or case.path not in CREATIONS or response.status_code >= 300:
        return
    told = response.json()
    _unfinished.append(told.get("job_id") or told["jobId"])
    if len(_unfinished) > UNFINISHED:
        url = f"{os.environ['API_URL']}/jobs/{_unfinished.popleft()}/cancel"
        headers = {"Authorization": f"Bearer {os.environ['APP_ADMIN_TOKEN']}"}
        assert requests.post(url, headers=headers, timeout=60).status_code in {200, 409}


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case[Any], response: Response) -> bool:  # noqa: ARG001 - the hook's form
    """Drop the failure that a valid request was refused, where no schema could tell what is refused."""
    if not isinstance(failure, RejectedPositiveData):
        return True
    if response.status_code == 416:  # how long a file is, no schema knows
        return "Range" not in (case.headers or {})
    return response.status_code != 400 or response.json().get("field") not in OPAQUE


class SignedAddress:
    """The signature that whoever got an address from the API has in it."""

    def get(self, case: Case[Any], context: AuthContext) -> str:  # noqa: ARG002 - the provider's form
        return os.environ["WEBHOOK_SECRET"]

    def set(self, case: Case[Any], data: str, context: AuthContext) -> None:  # noqa: ARG002 - the provider's form
        key, expires = unquote(str(case.path_parameters["key"])), int(time.time()) + 3600
        case.query["expires"] = str(expires)
        case.query["signature"] = signatures.media_signature(data, case.method, key, expires)


if KNOWN["signs"]:
    schemathesis.auth(refresh_interval=None).apply_to(path="/media/{key}")(SignedAddress)
