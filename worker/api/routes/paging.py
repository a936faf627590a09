"""Pages of a list, as every family asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.domain import cursors
from api.errors import InvalidError

if TYPE_CHECKING:
    from api.document import Schema

LIMIT: Schema = {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}
CURSOR: Schema = {"type": "string", "minLength": 1, "maxLength": 200}
PAGE: Schema = {"type": "object", "properties": {"limit": LIMIT, "cursor": CURSOR}}


def read(text: str | None) -> cursors.Cursor | None:
    """Read the cursor that a client sent back.

    Raises:
        InvalidError: this API did not make it.
    """
    try:
        return cursors.decode(text) if text is not None else None
    except cursors.InvalidCursorError as error:
        raise InvalidError(str(error), code="invalid_field", field="cursor") from error


def write(following: cursors.Cursor | None) -> str | None:
    """Give the cursor of the next page to the client; null on the last."""
    return following.encode() if following else None
