"""Test webhooks: stored as they came, without their secrets, so that a person can see that they arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.domain import signatures
from api.errors import UnauthorizedError

if TYPE_CHECKING:
    from api.core import Core

TEST_EVENT = "/webhooks/test"


def check_secret(core: Core, given: str | None) -> None:
    """Check a webhook's shared secret.

    Raises:
        UnauthorizedError: it is another one, or none.
    """
    if not signatures.equal(given or "", core.need_webhook_secret()):
        raise UnauthorizedError


async def record_test(core: Core, headers: dict[str, str], body: Any) -> int:
    """Store a test webhook and give the event's id."""
    payload = {"headers": core.redactor.headers(headers), "body": core.redactor.value(body)}
    return await core.need_database().record(TEST_EVENT, payload)
