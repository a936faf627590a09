"""Composes the one SQL statement of a request; every name is quoted and every value a parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql

from localcloud.supabase.rest import grammar
from localcloud.supabase.rest.grammar import Field, Filter, Logic

if TYPE_CHECKING:
    from collections.abc import Iterable

    from localcloud.supabase.rest.request import Query, Window

EMPTY = sql.SQL("")


class Parameters(dict[str, Any]):
    """The values of a statement, by the placeholders' names."""

    def put(self, value: Any) -> sql.Composable:
        """Add a value and give its placeholder; a string takes the type its place wants."""
        name = f"p{len(self)}"
        self[name] = value
        return sql.Placeholder(name)


def columns_of(query: Query) -> list[str] | None:
    """The columns that the answer needs; None is all of them."""
    names = [item.field.column for item in query.select]
    return None if "*" in names else list(dict.fromkeys(names))


def projection(relation: str, query: Query, parameters: Parameters) -> sql.Composable:
    """The list after `select`."""
    return sql.SQL(", ").join(_item(relation, item, parameters) for item in query.select)


def _item(relation: str, item: grammar.Item, parameters: Parameters) -> sql.Composable:
    if item.field.column == "*":
        return sql.SQL("{}.*").format(sql.Identifier(relation))
    value = _field(relation, item.field, parameters)
    if item.cast:
        # The grammar lets only words, spaces and [] through; quoted, `bigint` would not be a type.
        value = sql.SQL("cast({} as {})").format(value, sql.SQL(item.cast))
    name = item.alias or item.field.column
    return sql.SQL("{} as {}").format(value, sql.Identifier(name))


def _field(relation: str, field: Field, parameters: Parameters) -> sql.Composable:
    column: sql.Composable = sql.Identifier(relation, field.column)
    if not field.path:
        return column
    steps: list[sql.Composable] = [sql.SQL("to_jsonb({})").format(column)]
    for arrow, key in field.path:
        steps.append(sql.SQL("->>") if arrow == "->>" else sql.SQL("->"))
        kind = sql.SQL("::int") if grammar.is_index(key) else sql.SQL("::text")
        steps.append(sql.SQL("{}{}").format(parameters.put(key), kind))
    return sql.SQL("({})").format(sql.Composed(steps))


def where(relation: str, conditions: Iterable[Filter | Logic], parameters: Parameters) -> sql.Composable:
    """The `where` clause, or nothing."""
    parts = [_condition(relation, condition, parameters) for condition in conditions]
    return sql.SQL(" where {}").format(sql.SQL(" and ").join(parts)) if parts else EMPTY


def _condition(relation: str, condition: Filter | Logic, parameters: Parameters) -> sql.Composable:
    if isinstance(condition, Filter):
        inner = _filter(relation, condition, parameters)
    else:
        joiner = sql.SQL(" or ") if condition.joiner == "or" else sql.SQL(" and ")
        inner = joiner.join(_condition(relation, part, parameters) for part in condition.parts)
    return sql.SQL("not ({})" if condition.negated else "({})").format(inner)


def _filter(relation: str, condition: Filter, parameters: Parameters) -> sql.Composable:
    field = _field(relation, condition.field, parameters)
    name, value = condition.operator, condition.value
    if name == "is":
        return sql.SQL("{} is {}").format(field, sql.SQL(value.lower().replace("_", " ")))
    if name == "in":
        return sql.SQL("{} = any ({})").format(field, parameters.put(array(grammar.parse_list(value))))
    if name in grammar.TEXT_SEARCH:
        language = sql.SQL("{}::regconfig, ").format(parameters.put(condition.argument))
        call = sql.SQL(grammar.TEXT_SEARCH[name])
        return sql.SQL("{} @@ {}({}{})").format(
            field, call, language if condition.argument else EMPTY, parameters.put(value)
        )
    if name in {"like", "ilike"}:
        value = value.replace("*", "%")
    operand = parameters.put(value)
    if condition.argument:
        operand = sql.SQL("any ({})" if condition.argument == "any" else "all ({})").format(operand)
    return sql.SQL("{} {} {}").format(field, sql.SQL(grammar.OPERATORS[name]), operand)


def array(values: Iterable[str]) -> str:
    """PostgreSQL's text form of an array, whose type is then the column's."""
    escaped = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in escaped) + "}"


def order(relation: str, query: Query, parameters: Parameters) -> sql.Composable:
    """The `order by` clause, or nothing."""
    if not query.order:
        return EMPTY
    terms = [
        sql.SQL("{} {}").format(_field(relation, term.field, parameters), sql.SQL(term.words))
        for term in query.order
    ]
    return sql.SQL(" order by {}").format(sql.SQL(", ").join(terms))


def window(wanted: Window, max_rows: int, parameters: Parameters) -> sql.Composable:
    """The `limit` and `offset` clauses."""
    limit = max_rows if wanted.limit is None else min(wanted.limit, max_rows)
    return sql.SQL(" limit {} offset {}").format(parameters.put(limit), parameters.put(wanted.offset))
