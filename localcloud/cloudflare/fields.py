"""Reads the fields of a request's JSON body, and names the one that is wrong."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, NoReturn

from localcloud.cloudflare.errors import InvalidRequestError, MalformedBodyError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

REQUIRED: Any = object()
TEXT_CHARACTERS = 8192


def parse_json(raw: bytes) -> Any:
    """Read JSON as strictly as Cloudflare does: no NaN, no half of a surrogate pair.

    Raises:
        MalformedBodyError: it is not JSON.
    """
    try:
        document = json.loads(raw, parse_constant=_not_a_number)
        json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise MalformedBodyError(type(error).__name__) from None
    return document


class Fields:
    """A JSON object; each method reads one field of it or refuses the request.

    An absent or null field gives `default`, or is refused where there is none.
    """

    def __init__(self, document: Any, where: str = "") -> None:
        self.where = where
        if not isinstance(document, dict):
            self._refuse("", "must be an object")
        self.document: dict[str, Any] = document

    def has(self, name: str) -> bool:
        """Whether the field was sent with a value."""
        return self.document.get(name) is not None

    def text(
        self, name: str, default: Any = REQUIRED, pattern: str = "", longest: int = TEXT_CHARACTERS
    ) -> Any:
        """A string, whole-matching a regular expression where one is given."""
        value = self._read(name, default, str, "a string")
        if value is default:
            return value
        if len(value) > longest:
            self._refuse(name, f"must not be longer than {longest} characters")
        if pattern and not re.fullmatch(pattern, value):
            self._refuse(name, f"must match {pattern}")
        return value

    def choice(self, name: str, choices: Sequence[str], default: Any = REQUIRED) -> Any:
        """One of a few strings."""
        value = self._read(name, default, str, "a string")
        if value is not default and value not in choices:
            self._refuse(name, f"must be one of {', '.join(choices)}")
        return value

    def flag(self, name: str, default: Any = REQUIRED) -> Any:
        """True or false."""
        return self._read(name, default, bool, "true or false")

    def number(self, name: str, default: Any = REQUIRED, least: float = 0, most: float = math.inf) -> Any:
        """A number within bounds."""
        value = self._read(name, default, (int, float), "a number")
        if value is default:
            return value
        if isinstance(value, bool) or not least <= value <= most:
            self._refuse(name, f"must be a number from {least} to {most}")
        return value

    def texts(self, name: str, default: Any = REQUIRED) -> Any:
        """A list of strings."""
        values = self._read(name, default, list, "a list")
        if values is not default and not all(isinstance(value, str) for value in values):
            self._refuse(name, "must be a list of strings")
        return values

    def object(self, name: str, default: Any = REQUIRED) -> Fields:
        """A nested object."""
        return Fields(self._read(name, default, dict, "an object"), self._path(name))

    def objects(self, name: str, default: Any = REQUIRED) -> list[Fields]:
        """A list of nested objects."""
        values = self._read(name, default, list, "a list")
        return [Fields(value, f"{self._path(name)}[{index}]") for index, value in enumerate(values)]

    def sent(self, **readers: Callable[[str], Any]) -> dict[str, Any]:
        """The fields that were sent, each read by its reader."""
        return {name: read(name) for name, read in readers.items() if self.has(name)}

    def _read(self, name: str, default: Any, kind: type | tuple[type, ...], wanted: str) -> Any:
        value = self.document.get(name)
        if value is None:
            if default is REQUIRED:
                self._refuse(name, "is required")
            return default
        if not isinstance(value, kind):
            self._refuse(name, f"must be {wanted}")
        return value

    def _path(self, name: str) -> str:
        return f"{self.where}.{name}".strip(".")

    def _refuse(self, name: str, why: str) -> NoReturn:
        raise InvalidRequestError(f"{self._path(name) or 'The request body'} {why}.")


def _not_a_number(literal: str) -> NoReturn:
    raise ValueError(literal)
