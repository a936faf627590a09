"""One REST request, parsed: who asks, for which rows, in which form. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localcloud.supabase.rest import grammar
from localcloud.supabase.rest.errors import RestError, bad_query

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_ROWS = 1000  # a hosted project's default, and supabase/config.toml's api.max_rows
RESERVED = frozenset(
    {"select", "order", "limit", "offset", "and", "or", "not.and", "not.or", "columns", "on_conflict"}
)
GATEWAY = frozenset({"apikey"})  # the gateway's, never a filter

JSON = "application/json"
OBJECT = "application/vnd.pgrst.object+json"
ARRAY = "application/vnd.pgrst.array+json"


@dataclass(frozen=True)
class Window:
    """The rows of the result that are wanted: `limit` None is as many as allowed."""

    offset: int = 0
    limit: int | None = None


@dataclass(frozen=True)
class Preferences:
    """The `Prefer` header. `applied` are those that were understood."""

    representation: str = "minimal"
    count: str | None = None
    resolution: str | None = None
    missing: str = "null"
    applied: tuple[str, ...] = ()


@dataclass(frozen=True)
class Accept:
    """The form of the answer: one object or an array, with or without null values."""

    single: bool = False
    strip_nulls: bool = False

    @property
    def content_type(self) -> str:
        """The answer's media type."""
        nulls = ";nulls=stripped" if self.strip_nulls else ""
        kind = OBJECT if self.single else ARRAY if self.strip_nulls else JSON
        return f"{kind}{nulls}; charset=utf-8"


@dataclass(frozen=True)
class Query:
    """The query string. `arguments` are the parameters that are no reserved word, as they came."""

    select: tuple[grammar.Item, ...] = (grammar.Item(grammar.Field("*")),)
    conditions: tuple[grammar.Filter | grammar.Logic, ...] = ()
    order: tuple[grammar.Order, ...] = ()
    window: Window = field(default_factory=Window)
    columns: tuple[str, ...] | None = None
    on_conflict: tuple[str, ...] | None = None


def parse_query(
    pairs: Iterable[tuple[str, str]], range_header: str | None, arguments: Iterable[str] = ()
) -> Query:
    """Parse the query string; the names in `arguments` are a function's and no filters.

    Raises:
        RestError: a parameter cannot be parsed (PGRST100) or the range is impossible (PGRST103).
    """
    taken = set(arguments)
    last: dict[str, str] = {}
    conditions: list[grammar.Filter | grammar.Logic] = []
    for name, value in pairs:
        if name in taken or name in GATEWAY:
            continue
        joiner = re.fullmatch(r"(not\.)?(and|or)", name)
        if joiner:
            conditions.append(grammar.parse_logic(joiner[2], value, negated=bool(joiner[1])))
        elif name in RESERVED:
            last[name] = value
        else:
            conditions.append(grammar.parse_filter(name, value))
    return Query(
        select=grammar.parse_select(last.get("select", "*")),
        conditions=tuple(conditions),
        order=grammar.parse_order(last.get("order", "")),
        window=_window(last, range_header),
        columns=_names(last.get("columns")),
        on_conflict=_names(last.get("on_conflict")),
    )


def looks_like_filter(value: str) -> bool:
    """Whether a query parameter's value is an operator and its operand."""
    try:
        grammar.parse_filter("column", value)
    except RestError:
        return False
    return True


def _names(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    return tuple(grammar.parse_field(part).column for part in grammar.split(text, "columns"))


def _window(parameters: Mapping[str, str], header: str | None) -> Window:
    offset, limit = 0, None
    match = re.fullmatch(r"(?:items=)?(\d+)-(\d*)", header or "")
    if match:
        offset = int(match[1])
        if match[2]:
            limit = int(match[2]) - offset + 1
            if limit < 1:
                order = "The lower boundary must be lower than or equal to the upper boundary"
                raise _range(f"{order} in the Range header.")
    offset = _number(parameters, "offset", offset) or 0
    limit = _number(parameters, "limit", limit)
    if limit is not None and limit < 0:
        raise _range("Limit should be greater than or equal to zero.")
    return Window(max(offset, 0), limit)


def _range(details: str) -> RestError:
    return RestError(416, "PGRST103", "Requested range not satisfiable", details=details)


def _number(parameters: Mapping[str, str], name: str, default: int | None) -> int | None:
    if name not in parameters:
        return default
    if not re.fullmatch(r"-?\d{1,18}", parameters[name]):
        raise bad_query(name, parameters[name])
    return int(parameters[name])


def parse_preferences(headers: Iterable[str]) -> Preferences:
    """Parse every `Prefer` header; what is not known is ignored, as the standard wants (RFC 7240)."""
    known = {
        "return": ("representation", "minimal", "headers-only"),
        "count": ("exact", "planned", "estimated"),
        "resolution": ("merge-duplicates", "ignore-duplicates"),
        "missing": ("default", "null"),
    }
    chosen: dict[str, str] = {}
    for header in headers:
        for part in header.split(","):
            name, _, value = part.strip().partition("=")
            if value in known.get(name, ()):
                chosen.setdefault(name, value)
    return Preferences(
        representation=chosen.get("return", "minimal"),
        count=chosen.get("count"),
        resolution=chosen.get("resolution"),
        missing=chosen.get("missing", "null"),
        applied=tuple(f"{name}={value}" for name, value in chosen.items()),
    )


def parse_accept(header: str | None) -> Accept:
    """Choose the first form that can be served.

    Raises:
        RestError: none can (PGRST107).
    """
    offered = [part.strip() for part in (header or "*/*").split(",")]
    for part in offered:
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        if kind in {"*/*", "application/*", JSON, OBJECT, ARRAY}:
            return Accept(kind == OBJECT, "nulls=stripped" in parameters and kind in {OBJECT, ARRAY})
    raise RestError(406, "PGRST107", f"None of these media types are available: {', '.join(offered)}")
