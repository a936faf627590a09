"""The log: one JSON object a line, with the request's id and without secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api import document
from api.trace import REQUEST_ID

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.domain.redaction import Redactor


class JsonLog:
    """Writes lines with whatever the runtime offers."""

    def __init__(self, redactor: Redactor, write: Callable[[str], Any]) -> None:
        self._redactor = redactor
        self._write = write

    def __call__(self, level: str, message: str, **fields: Any) -> None:
        """Write one line."""
        line = {"level": level, "message": message, "request_id": REQUEST_ID.get(), **fields}
        self._write(document.dump(self._redactor.value(line)))
