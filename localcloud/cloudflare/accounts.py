"""Accounts: the one that this machine's cloud belongs to."""

from __future__ import annotations

from localcloud.cloudflare.call import Answer, Call, Resource
from localcloud.cloudflare.paging import paged

ACCOUNT_NAME = "AlphoGenAI local"
CREATED_ON = "2024-11-01T00:00:00.000000Z"  # it has always been there


def _account(call: Call) -> dict[str, object]:
    return {
        "id": call.cloud.account_id,
        "name": ACCOUNT_NAME,
        "type": "standard",
        "created_on": CREATED_ON,
        "settings": {"enforce_twofactor": False, "abuse_contact_email": None},
    }


async def listing(call: Call) -> Answer:
    """All accounts of the token, or those of a name."""
    account = _account(call)
    page, info = paged([account] if call.query.get("name", ACCOUNT_NAME) == ACCOUNT_NAME else [], call.query)
    return Answer(page, info)


async def read(call: Call) -> Answer:
    """The account."""
    return Answer(_account(call))


RESOURCE: Resource = {
    "/accounts": {"GET": listing},
    "/accounts/{account_id}": {"GET": read},
}
