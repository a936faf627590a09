"""Users' credits."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from api.core import Core
    from api.ports import Account


async def of(core: Core, user_id: str) -> Account:
    """Give a user's account; a new user starts with the plan's credits."""
    return await core.need_database().account(user_id)
