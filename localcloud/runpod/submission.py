"""What a client submits, parsed once."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from localcloud.runpod import payload
from localcloud.runpod.job import DEFAULT_EXECUTION_TIMEOUT_MS, DEFAULT_TTL_MS, Order

# https://docs.runpod.io/serverless/endpoints/send-requests#execution-policies, read 2026-11.
EXECUTION_TIMEOUT_RANGE_MS = (5_000, 7 * 86_400_000)
TTL_RANGE_MS = (10_000, 7 * 86_400_000)
# https://docs.runpod.io/serverless/endpoints/operation-reference: payload sizes of /run and /runsync.
MAX_BYTES = 10 * 1024 * 1024
SYNC_MAX_BYTES = 20 * 1024 * 1024


class SubmissionError(ValueError):
    """The body is not a job; the message says what to send instead."""


def parse(body: bytes, *, sync: bool) -> Order:
    """Read `{"input", "webhook"?, "policy"?}`.

    Raises:
        SubmissionError: a field is missing or has the wrong shape.
    """
    document = _object(body)
    if "input" not in document:
        raise SubmissionError('The request has no "input". Send {"input": {…}}.')
    policy = document.get("policy") or {}
    if not isinstance(policy, dict):
        raise SubmissionError('"policy" is not an object. Send {"executionTimeout": ms, "ttl": ms}.')
    return Order(
        input=document["input"],
        webhook=_webhook(document.get("webhook")),
        execution_timeout=_milliseconds(
            policy, "executionTimeout", DEFAULT_EXECUTION_TIMEOUT_MS, EXECUTION_TIMEOUT_RANGE_MS
        ),
        ttl=_milliseconds(policy, "ttl", DEFAULT_TTL_MS, TTL_RANGE_MS),
        sync=sync,
    )


def _object(body: bytes) -> dict[str, Any]:
    try:
        document = payload.parse(body)
    except ValueError:
        raise SubmissionError('The request is not JSON. Send {"input": {…}}.') from None
    if not isinstance(document, dict):
        raise SubmissionError('The request is not a JSON object. Send {"input": {…}}.')
    return document


def _webhook(value: Any) -> str | None:
    if value in (None, ""):
        return None
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except (ValueError, AttributeError, TypeError):
        usable = False
    if not usable:
        # Not quoted back: the address may carry a token.
        raise SubmissionError('"webhook" is not an http(s) address. Send one, or leave it out.')
    return str(value)


def _milliseconds(policy: dict[str, Any], name: str, default: int, allowed: tuple[int, int]) -> int:
    value = policy.get(name)
    if value is None:
        return default
    low, high = allowed
    if type(value) is not int or not low <= value <= high:
        raise SubmissionError(f'"policy.{name}" is not a whole number of milliseconds from {low} to {high}.')
    return value
