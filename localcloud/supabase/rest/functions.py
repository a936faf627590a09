"""Statements that call a function: by POST with a JSON object, or by GET with the query string."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from psycopg import sql

from localcloud.supabase.rest import statement as compose
from localcloud.supabase.rest.answer import Statement
from localcloud.supabase.rest.errors import bad_body
from localcloud.supabase.rest.request import MAX_ROWS
from localcloud.supabase.rest.schema import EXPOSED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localcloud.supabase.rest.request import Preferences, Query
    from localcloud.supabase.rest.schema import Argument, Function

CALL = "pgrst_call"


def parse_body(body: bytes) -> dict[str, Any]:
    """The arguments of a POST; no body is no arguments.

    Raises:
        RestError: the body is not JSON (PGRST102).
    """
    if not body.strip():
        return {}
    try:
        document = json.loads(body.decode())
    except (ValueError, RecursionError):
        raise bad_body("Empty or invalid json") from None
    return document if isinstance(document, dict) else {}


def by_body(
    function: Function, body: bytes, names: tuple[str, ...], query: Query, prefer: Preferences
) -> Statement:
    """POST: PostgreSQL itself takes the arguments out of the JSON."""
    parameters = compose.Parameters()
    if function.takes_body and not function.accepts(names):
        kind = sql.SQL(function.arguments[0].type)  # PostgreSQL's own text
        call = _call(function, sql.SQL("{}::{}").format(parameters.put(body.decode()), kind))
        return _statement(function, call, query, prefer, parameters)
    given = [argument for argument in function.arguments if argument.name in names]
    if not given:
        return _statement(function, _call(function, compose.EMPTY), query, prefer, parameters)
    typed = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(argument.name), _type(argument)) for argument in given
    )
    passed = sql.SQL(", ").join(
        _named(argument, sql.Identifier("pgrst_arguments", argument.name)) for argument in given
    )
    source = sql.SQL("json_to_record({}::json) as pgrst_arguments ({}), lateral {}").format(
        parameters.put(body.decode()), typed, _call(function, passed)
    )
    return _statement(function, source, query, prefer, parameters)


def by_query(function: Function, values: Mapping[str, str], query: Query, prefer: Preferences) -> Statement:
    """GET: each argument's text is cast to its type; the transaction is read-only."""
    parameters = compose.Parameters()
    given = [argument for argument in function.arguments if argument.name in values]
    passed = sql.SQL(", ").join(
        _named(argument, sql.SQL("{}::{}").format(parameters.put(values[argument.name]), _type(argument)))
        for argument in given
    )
    return _statement(function, _call(function, passed), query, prefer, parameters, read_only=True)


def _type(argument: Argument) -> sql.Composable:
    return sql.SQL(argument.type)  # PostgreSQL's own text (format_type)


def _named(argument: Argument, value: sql.Composable) -> sql.Composable:
    variadic = sql.SQL("variadic ") if argument.variadic else compose.EMPTY
    return sql.SQL("{}{} := {}").format(variadic, sql.Identifier(argument.name), value)


def _call(function: Function, passed: sql.Composable) -> sql.Composable:
    columns = sql.SQL(" as {}").format(sql.Identifier(CALL))
    if function.returns != "row":
        columns = sql.SQL(" as {}(pgrst_scalar)").format(sql.Identifier(CALL))
    return sql.SQL("{}({}){}").format(sql.Identifier(EXPOSED, function.name), passed, columns)


def _statement(  # noqa: PLR0913 - the parts of one statement
    function: Function,
    source: sql.Composable,
    query: Query,
    preferences: Preferences,
    parameters: compose.Parameters,
    *,
    read_only: bool = False,
) -> Statement:
    read_only = read_only or not function.volatile
    if function.returns == "void":
        selected: sql.Composable = sql.SQL("select 1 from {}").format(source)
        return Statement(selected, parameters, read_only=read_only)
    if function.returns != "row":
        form = "scalars" if function.set else "scalar"
        selected = sql.SQL("select {} as pgrst_scalar from {}").format(
            sql.Identifier(CALL, "pgrst_scalar"), source
        )
        return Statement(selected, parameters, form=form, read_only=read_only)
    matching = compose.where(CALL, query.conditions, parameters)
    selected = sql.SQL("select {} from {}{}{}{}").format(
        compose.projection(CALL, query, parameters),
        source,
        matching,
        compose.order(CALL, query, parameters),
        compose.window(query.window, MAX_ROWS, parameters),
    )
    # Counting calls a function twice; only one that changes nothing may be.
    counted = preferences.count is not None and not function.volatile
    count = sql.SQL("select 1 from {}{}").format(source, matching) if counted else None
    form = "rows" if function.set else "row"
    return Statement(selected, parameters, count=count, form=form, read_only=read_only)
