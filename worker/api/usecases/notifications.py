"""What users are told of their jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.domain import cursors, ids
from api.errors import NotFoundError

if TYPE_CHECKING:
    from api.core import Core
    from api.domain.cursors import Cursor
    from api.ports import Notification


async def page(
    core: Core, user_id: str, limit: int, after: Cursor | None
) -> tuple[list[Notification], Cursor | None]:
    """Give one page, newest first, and the cursor of the next page where there is one."""
    return cursors.cut(await core.need_database().notifications(user_id, limit + 1, after), limit)


async def read(core: Core, user_id: str, notification_id: str) -> Notification:
    """Mark a notification as read; reading twice keeps the first time.

    Raises:
        NotFoundError: there is none, or it is somebody else's.
    """
    database = core.need_database()
    is_id = ids.is_uuid(notification_id)
    notification = await database.read_notification(user_id, notification_id) if is_id else None
    if notification is None:
        raise NotFoundError("no such notification")
    return notification
