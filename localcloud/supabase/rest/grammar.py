"""The query string's grammar: what to select, which rows, in which order. Pure: text in, frozen types out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from localcloud.supabase.rest.errors import bad_query

OPERATORS = {
    "eq": "=",
    "neq": "<>",
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "lte": "<=",
    "like": "like",
    "ilike": "ilike",
    "match": "~",
    "imatch": "~*",
    "isdistinct": "is distinct from",
    "cs": "@>",
    "cd": "<@",
    "ov": "&&",
    "sl": "<<",
    "sr": ">>",
    "nxr": "&<",
    "nxl": "&>",
    "adj": "-|-",
}
TEXT_SEARCH = {
    "fts": "to_tsquery",
    "plfts": "plainto_tsquery",
    "phfts": "phraseto_tsquery",
    "wfts": "websearch_to_tsquery",
}
QUANTIFIED = frozenset({"eq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch"})
IS_VALUES = frozenset({"null", "not_null", "true", "false", "unknown"})

_FILTER = re.compile(
    r"(?P<not>not\.)?(?P<name>[a-z]+)(?:\((?P<argument>[a-z_]+)\))?\.(?P<value>.*)", re.DOTALL
)
_PATH = re.compile(r"->>|->")
_CAST = re.compile(r"[A-Za-z_][A-Za-z0-9_ ]*(\[\])?")


@dataclass(frozen=True)
class Field:
    """A column, and the way into its JSON: ("->" or "->>", key or index)."""

    column: str
    path: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Item:
    """One thing to select; column `*` is all of them."""

    field: Field
    alias: str | None = None
    cast: str | None = None


@dataclass(frozen=True)
class Filter:
    """A condition on a field. `argument` is a quantifier (any, all) or a text search configuration."""

    field: Field
    operator: str
    value: str
    negated: bool = False
    argument: str | None = None


@dataclass(frozen=True)
class Logic:
    """Conditions joined by `and` or `or`."""

    joiner: str
    parts: tuple[Filter | Logic, ...]
    negated: bool = False


@dataclass(frozen=True)
class Order:
    """One field to sort by; the words go into the statement as they are, and come from a closed list."""

    field: Field
    words: str = ""


def parse_field(text: str) -> Field:
    """`column`, `column->key->>key`, `"column.with.dots"`."""
    pieces = _PATH.split(text)
    arrows = _PATH.findall(text)
    name = _unquoted(pieces[0].strip())
    if not name or not all(pieces):
        raise bad_query("field", text)
    return Field(name, tuple(zip(arrows, (_unquoted(piece) for piece in pieces[1:]), strict=True)))


def parse_select(text: str) -> tuple[Item, ...]:
    """`*`, `id,name:payload->>name,count::int`."""
    return tuple(_item(part) for part in split(text, "select")) or (Item(Field("*")),)


def _item(text: str) -> Item:
    if text.endswith(")"):
        raise bad_query("select: embedding other tables is not served by the local cloud", text)
    rest, _, cast = text.partition("::")
    alias, colon, target = rest.partition(":")
    field = parse_field(target if colon else rest)
    if cast and not _CAST.fullmatch(cast):
        raise bad_query("select", text)
    if not colon:
        alias = _last_key(field) if field.path else ""
    return Item(field, _unquoted(alias) or None, cast or None)


def _last_key(field: Field) -> str:
    """The name of a JSON path in the answer: its last key, or the column where that is an index."""
    keys = [key for _, key in field.path if not is_index(key)]
    return keys[-1] if keys else field.column


def is_index(key: str) -> bool:
    """Whether a step of a JSON path is the position in an array."""
    return re.fullmatch(r"-?\d+", key) is not None


def parse_filter(field: str, text: str) -> Filter:
    """`eq.5`, `not.in.(1,2)`, `is.null`, `like(any).{a*,b*}`, `fts(english).cat`."""
    match = _FILTER.fullmatch(text)
    if match is None:
        raise bad_query("filter", text)
    name, argument, value = match["name"], match["argument"], match["value"]
    known = name in OPERATORS or name in TEXT_SEARCH or name in {"in", "is"}
    misplaced = argument and not (name in TEXT_SEARCH or (name in QUANTIFIED and argument in {"any", "all"}))
    if not known or misplaced or (name == "is" and value.lower() not in IS_VALUES):
        raise bad_query("filter", text)
    return Filter(parse_field(field), name, value, bool(match["not"]), argument)


def parse_logic(joiner: str, text: str, *, negated: bool = False) -> Logic:
    """`(age.lt.18,or(a.eq.1,not.and(b.eq.2,c.is.null)))` after `and=` or `or=`."""
    if not (text.startswith("(") and text.endswith(")")):
        raise bad_query("logic tree", text)
    parts = split(text[1:-1], "logic tree")
    if not parts:
        raise bad_query("logic tree", text)
    return Logic(joiner, tuple(_condition(part) for part in parts), negated)


def _condition(text: str) -> Filter | Logic:
    nested = re.fullmatch(r"(not\.)?(and|or)(\(.*\))", text, re.DOTALL)
    if nested:
        return parse_logic(nested[2], nested[3], negated=bool(nested[1]))
    named = re.fullmatch(r'((?:"[^"]*"|[^".])+)\.(.*)', text, re.DOTALL)
    if named is None:
        raise bad_query("logic tree", text)
    condition = parse_filter(named[1], named[2])
    value = condition.value
    if condition.operator != "in" and value.startswith('"'):
        value = _unquoted(value)
    return Filter(condition.field, condition.operator, value, condition.negated, condition.argument)


def parse_list(text: str) -> tuple[str, ...]:
    """The values of `in`: `(a,"b,c",d)`."""
    if not (text.startswith("(") and text.endswith(")")):
        raise bad_query("list", text)
    inner = text[1:-1]
    return tuple(_unquoted(part) for part in split(inner, "list")) if inner else ()


def parse_order(text: str) -> tuple[Order, ...]:
    """`created_at.desc.nullslast,id`."""
    return tuple(_order(part) for part in split(text, "order"))


def _order(text: str) -> Order:
    match = re.fullmatch(r"(.+?)(?:\.(asc|desc))?(?:\.nulls(first|last))?", text)
    if match is None or not match[1]:
        raise bad_query("order", text)
    nulls = f"nulls {match[3]}" if match[3] else ""
    return Order(parse_field(match[1]), f"{match[2] or ''} {nulls}".strip())


def split(text: str, parameter: str) -> list[str]:
    """Split at the commas that are neither in quotes nor in parentheses or braces."""
    parts, depth, quoted, start, index = [], 0, False, 0, 0
    while index < len(text):
        character = text[index]
        if character == "\\" and quoted:
            index += 1
        elif character == '"':
            quoted = not quoted
        elif not quoted and character in "({":
            depth += 1
        elif not quoted and character in ")}":
            depth -= 1
        elif character == "," and depth == 0 and not quoted:
            parts.append(text[start:index])
            start = index + 1
        index += 1
    if depth or quoted:
        raise bad_query(parameter, text)
    return [part.strip() for part in [*parts, text[start:]]] if text else []


def _unquoted(text: str) -> str:
    if len(text) > 1 and text.startswith('"') and text.endswith('"'):
        return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
    return text
