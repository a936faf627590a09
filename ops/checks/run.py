"""Runs checks: steps in order, checks side by side."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from ops.checks.http import UnreachableError
from ops.checks.matchers import MATCHERS
from ops.checks.matchers.json_subset import difference
from ops.checks.matchers.pointer import ABSENT, find
from ops.checks.result import UNREACHABLE, Failure, Result
from ops.checks.variables import Redaction, UnknownVariableError, filled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from ops.checks.check import Check, Eventually, Request, Step
    from ops.checks.matchers.observation import Observation, Verdict

AT_ONCE = 4


class Sender(Protocol):
    """What can send a request."""

    def send(self, request: Request) -> Observation:
        """Send it, or raise `UnreachableError`."""


class _FailedError(Exception):
    def __init__(self, failure: Failure) -> None:
        self.failure = failure


def run_all(
    checks: Iterable[Check], variables: Mapping[str, str], connect: Callable[[], Sender]
) -> Iterator[Result]:
    """Run checks side by side; results come in the order of the checks."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(lambda check: run(check, variables, connect()), checks)


def run(check: Check, variables: Mapping[str, str], sender: Sender) -> Result:
    """Run one check; nothing that it gives back holds one of the check's secrets."""
    began = time.monotonic()
    redact = Redaction({name: variables[name] for name in check.secrets})
    known = {**variables, "RUN_ID": uuid.uuid4().hex[:12]}
    failure = None
    try:
        for step in check.steps:
            known |= _step(step, known, sender)
    except _FailedError as error:
        failure = _redacted(error.failure, redact)
    return Result(check.name, check.about, round(time.monotonic() - began, 3), len(check.steps), failure)


def _step(step: Step, known: Mapping[str, str], sender: Sender) -> dict[str, str]:
    try:
        request = _filled_request(step.request, known)
        expected = {e.matcher: filled(e.expected, known) for e in step.expectations}
    except UnknownVariableError as error:
        raise _FailedError(Failure(step.name, _line(step.request), "variable", str(error))) from error
    seen, verdicts = _tried(step, request, expected, sender)
    wrong = tuple(verdict for verdict in verdicts if not verdict.ok)
    if wrong:
        raise _FailedError(Failure(step.name, _line(request), "expectation", "", wrong))
    return _captured(step, request, seen)


def _tried(
    step: Step, request: Request, expected: Mapping[str, Any], sender: Sender
) -> tuple[Observation, list[Verdict]]:
    deadline = time.monotonic() + (step.eventually.within if step.eventually else 0)
    while True:
        try:
            seen = sender.send(request)
        except UnreachableError as error:
            raise _FailedError(Failure(step.name, _line(request), UNREACHABLE, str(error))) from error
        verdicts = [MATCHERS[name].match(value, seen) for name, value in expected.items()]
        over = step.eventually is None or time.monotonic() >= deadline or _is_hopeless(step.eventually, seen)
        if over or all(verdict.ok for verdict in verdicts):
            return seen, verdicts
        time.sleep(step.eventually.every if step.eventually else 0)


def _is_hopeless(eventually: Eventually, seen: Observation) -> bool:
    return eventually.unless is not None and difference(eventually.unless, seen.json, "") is None


def _captured(step: Step, request: Request, seen: Observation) -> dict[str, str]:
    values = {name: find(seen.json, path) for name, path in step.capture.items()}
    for name, value in values.items():
        if value is ABSENT:
            message = (
                f"nothing to keep as ${{{name}}}: the answer has no {step.capture[name]}: {seen.text[:300]}"
            )
            raise _FailedError(Failure(step.name, _line(request), "capture", message))
    return {name: str(value) for name, value in values.items()}


def _filled_request(request: Request, known: Mapping[str, str]) -> Request:
    return replace(
        request,
        path=filled(request.path, known),
        headers=filled(dict(request.headers), known),
        body=filled(request.body, known),
        json=filled(request.json, known),
    )


def _line(request: Request) -> str:
    return f"{request.method} {request.path}"


def _redacted(failure: Failure, redact: Redaction) -> Failure:
    verdicts = tuple(
        replace(v, expected=redact(v.expected), actual=redact(v.actual), message=redact(v.message))
        for v in failure.verdicts
    )
    return replace(
        failure, request=redact(failure.request), message=redact(failure.message), verdicts=verdicts
    )
