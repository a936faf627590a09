"""Cloudflare's cron expressions: which are valid, and the same times in numbers that any cron library reads.

Source: developers.cloudflare.com/workers/configuration/cron-triggers, "Supported cron expressions", and the
grammar of Cloudflare's own parser (github.com/cloudflare/saffron). Weekdays count from 1, a Sunday.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from localcloud.cloudflare.errors import ApiError

MOST_WEEKS = 5  # a weekday comes five times a month at most
PART = re.compile(r"(?P<start>\*|[0-9]+|[a-z]{3})(-(?P<end>[0-9]+|[a-z]{3}))?(/(?P<step>[0-9]+))?")
LAST_BUT = re.compile(r"L-[0-9]+W?")


class InvalidCronError(ApiError):
    """The text is no cron expression."""

    code = 10100

    def __init__(self, message: str = "invalid cron string") -> None:
        super().__init__(message)


@dataclass(frozen=True)
class Field:
    """One of the five: its bounds, the names of its numbers, and what is added to write them plainly."""

    least: int
    most: int
    names: tuple[str, ...] = ()
    shift: int = 0

    def plain(self, text: str) -> str:
        """The field's numbers, sorted; a star that stands alone stays one.

        Raises:
            InvalidCronError: a part is no number, name, range or step, or is out of bounds.
        """
        if text == "*":
            return text
        numbers = {number for part in text.lower().split(",") for number in self._part(part)}
        return ",".join(str(number + self.shift) for number in sorted(numbers))

    def number(self, text: str) -> int:
        """A number or a name within bounds."""
        number = self.names.index(text.lower()) + self.least if text.lower() in self.names else _whole(text)
        if not self.least <= number <= self.most:
            _refuse()
        return number

    def _part(self, part: str) -> list[int]:
        found = PART.fullmatch(part)
        if found is None or (found["start"] == "*" and (found["end"] or not found["step"])):
            _refuse()
        start = self.least if found["start"] == "*" else self.number(found["start"])
        end = self.number(found["end"]) if found["end"] else self.most if found["step"] else start
        return self._range(start, end)[:: self._step(found["step"])]

    def _range(self, start: int, end: int) -> list[int]:
        """From one number to the other; past the highest it goes on with the lowest."""
        if start <= end:
            return list(range(start, end + 1))
        return [*range(start, self.most + 1), *range(self.least, end + 1)]

    def _step(self, text: str | None) -> int:
        step = 1 if text is None else _whole(text)
        if not 1 <= step <= self.most - self.least:
            _refuse()
        return step


MINUTE = Field(0, 59)
HOUR = Field(0, 23)
DAY = Field(1, 31)
MONTH = Field(1, 12, ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"))
WEEKDAY = Field(1, 7, ("sun", "mon", "tue", "wed", "thu", "fri", "sat"), shift=-1)


def plain_cron(expression: str) -> str:
    """The same times with every list, range, step and name written out in numbers, Sunday as 0; pure.

    `L`, `LW`, `15W`, `5#L` (the last Friday) and `1#2` (the second Monday) stay.

    Raises:
        InvalidCronError: Cloudflare would refuse it, or it counts back from the month's end (`L-3`).
    """
    fields = re.split(r"[ \t]+", expression)
    if len(fields) != 5:  # noqa: PLR2004 - a cron expression has five
        _refuse()
    minute, hour, day, month, weekday = fields
    return " ".join(
        (MINUTE.plain(minute), HOUR.plain(hour), _day(day), MONTH.plain(month), _weekday(weekday))
    )


def _day(text: str) -> str:
    if text in ("L", "LW"):
        return text
    if LAST_BUT.fullmatch(text):
        raise InvalidCronError(
            f"{text}: Cloudflare counts days back from a month's end, the local cloud does not. "
            "Nothing was changed. Use L, LW or a day of the month."
        )
    if text.endswith("W"):
        return f"{DAY.number(text[:-1])}W"
    return DAY.plain(text)


def _weekday(text: str) -> str:
    if text == "L":
        return WEEKDAY.plain("sat")
    if text.endswith("L"):
        return f"{WEEKDAY.number(text[:-1]) + WEEKDAY.shift}#L"
    if "#" in text:
        day, _, week = text.partition("#")
        if not 1 <= _whole(week) <= MOST_WEEKS:
            _refuse()
        return f"{WEEKDAY.number(day) + WEEKDAY.shift}#{_whole(week)}"
    return WEEKDAY.plain(text)


def _whole(text: str) -> int:
    # Cloudflare's numbers have eight bits; zeros before them count for nothing.
    if not re.fullmatch(r"0*[0-9]{1,3}", text, re.ASCII):
        _refuse()
    return int(text)


def _refuse() -> NoReturn:
    raise InvalidCronError
