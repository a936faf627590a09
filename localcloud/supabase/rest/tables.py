"""Statements on tables and views: read, insert, upsert, update, delete."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from psycopg import sql

from localcloud.supabase.rest import statement as compose
from localcloud.supabase.rest.answer import Statement
from localcloud.supabase.rest.errors import RestError, bad_body
from localcloud.supabase.rest.request import MAX_ROWS
from localcloud.supabase.rest.schema import EXPOSED

if TYPE_CHECKING:
    from localcloud.supabase.rest.request import Preferences, Query
    from localcloud.supabase.rest.schema import Table


def read(table: Table, query: Query, preferences: Preferences) -> Statement:
    """GET: a page of the rows that match."""
    parameters = compose.Parameters()
    relation = sql.Identifier(EXPOSED, table.name)
    matching = compose.where(table.name, query.conditions, parameters)
    source = sql.SQL("select {} from {}{}{}{}").format(
        compose.projection(table.name, query, parameters),
        relation,
        matching,
        compose.order(table.name, query, parameters),
        compose.window(query.window, MAX_ROWS, parameters),
    )
    count = sql.SQL("select 1 from {}{}").format(relation, matching) if preferences.count else None
    return Statement(source, parameters, count=count, read_only=True)


def insert(table: Table, query: Query, preferences: Preferences, body: bytes) -> Statement:
    """POST: one row or many, optionally merged with or left out for the ones that are there."""
    rows = _rows(body)
    columns = _payload_columns(table, query, rows)
    parameters = compose.Parameters()
    target = sql.Identifier(EXPOSED, table.name)
    if columns:
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        payload = _payload(table, columns, preferences, body, parameters)
        values: sql.Composable = sql.SQL("({}) {}").format(names, payload)
    else:
        values = _defaults(len(rows))
    conflict = _on_conflict(table, query, preferences, columns)
    source = sql.SQL("insert into {} {}{} {}").format(
        target, values, conflict, _returning(table, query, preferences)
    )
    return _mutation(table, query, preferences, source, parameters)


def _defaults(rows: int) -> sql.Composable:
    if rows > 1:
        raise bad_body("Several rows of defaults cannot be inserted at once: name at least one column")
    return sql.SQL("default values" if rows else "select where false")


def update(table: Table, query: Query, preferences: Preferences, body: bytes) -> Statement:
    """PATCH: set the body's columns in every row that matches."""
    _require_filter(query, "UPDATE")
    rows = _rows(body)
    columns = _payload_columns(table, query, rows)
    if len(rows) != 1:
        raise bad_body("An update takes one JSON object")
    parameters = compose.Parameters()
    if not columns:  # nothing to set: nothing is updated, as PostgREST does it
        source: sql.Composable = sql.SQL("select {} from {} where false").format(
            _returned(table, query, preferences), sql.Identifier(EXPOSED, table.name)
        )
        return _mutation(table, query, preferences, source, parameters)
    assignments = sql.SQL(", ").join(
        sql.SQL("{} = pgrst_body.{}").format(sql.Identifier(name), sql.Identifier(name)) for name in columns
    )
    source = sql.SQL("update {} set {} from ({}) as pgrst_body{} {}").format(
        sql.Identifier(EXPOSED, table.name),
        assignments,
        _payload(table, columns, preferences, body, parameters),
        compose.where(table.name, query.conditions, parameters),
        _returning(table, query, preferences),
    )
    return _mutation(table, query, preferences, source, parameters)


def delete(table: Table, query: Query, preferences: Preferences) -> Statement:
    """DELETE: every row that matches."""
    _require_filter(query, "DELETE")
    parameters = compose.Parameters()
    source = sql.SQL("delete from {}{} {}").format(
        sql.Identifier(EXPOSED, table.name),
        compose.where(table.name, query.conditions, parameters),
        _returning(table, query, preferences),
    )
    return _mutation(table, query, preferences, source, parameters)


def _require_filter(query: Query, command: str) -> None:
    # Supabase loads the extension "safeupdate" for the API's roles; these are its words.
    if not query.conditions:
        raise RestError(400, "21000", f"{command} requires a WHERE clause")


def _mutation(
    table: Table,
    query: Query,
    preferences: Preferences,
    change: sql.Composable,
    parameters: compose.Parameters,
) -> Statement:
    if preferences.representation != "representation":
        return Statement(change, parameters)
    # The change and the choice of what to show of it are two steps: `returning` names plain columns only.
    source = sql.SQL("select {} from pgrst_change as {}{}").format(
        compose.projection(table.name, query, parameters),
        sql.Identifier(table.name),
        compose.order(table.name, query, parameters),
    )
    return Statement(source, parameters, change)


def _returning(table: Table, query: Query, preferences: Preferences) -> sql.Composable:
    return sql.SQL("returning {}").format(_returned(table, query, preferences))


def _returned(table: Table, query: Query, preferences: Preferences) -> sql.Composable:
    if preferences.representation != "representation":
        return sql.SQL("1")
    selected = compose.columns_of(query)
    if selected is None:
        return sql.SQL("{}.*").format(sql.Identifier(table.name))
    ordered = [term.field.column for term in query.order]
    names = dict.fromkeys([*selected, *ordered])
    return sql.SQL(", ").join(sql.Identifier(table.name, name) for name in names)


def _on_conflict(
    table: Table, query: Query, preferences: Preferences, columns: tuple[str, ...]
) -> sql.Composable:
    if preferences.resolution is None:
        return compose.EMPTY
    keys = query.on_conflict or table.primary_key
    if not keys:
        return compose.EMPTY
    target = sql.SQL(", ").join(map(sql.Identifier, keys))
    if preferences.resolution == "ignore-duplicates" or not columns:
        return sql.SQL(" on conflict ({}) do nothing").format(target)
    merged = sql.SQL(", ").join(
        sql.SQL("{} = excluded.{}").format(sql.Identifier(name), sql.Identifier(name)) for name in columns
    )
    return sql.SQL(" on conflict ({}) do update set {}").format(target, merged)


def _rows(body: bytes) -> list[dict[str, Any]]:
    try:
        document = json.loads(body.decode())
    except (ValueError, RecursionError):
        raise bad_body("Empty or invalid json") from None
    rows = document if isinstance(document, list) else [document]
    if not all(isinstance(row, dict) for row in rows):
        raise bad_body("The body is neither a JSON object nor an array of them")
    return rows


def _payload_columns(table: Table, query: Query, rows: list[dict[str, Any]]) -> tuple[str, ...]:
    if query.columns is not None:
        names = query.columns
    else:
        names = tuple(rows[0]) if rows else ()
        if any(set(row) != set(names) for row in rows):
            raise bad_body("All object keys must match")
    for name in names:
        table.column(name)
    return names


def _payload(
    table: Table,
    columns: tuple[str, ...],
    preferences: Preferences,
    body: bytes,
    parameters: compose.Parameters,
) -> sql.Composable:
    """The body's rows as a select of typed columns; PostgreSQL converts each value."""
    text = body.decode().strip()  # as it came: Python's numbers are not PostgreSQL's
    rows = text if text.startswith("[") else f"[{text}]"
    document: sql.Composable = sql.SQL("{}::jsonb").format(parameters.put(rows))
    if preferences.missing == "default":
        document = _with_defaults(table, columns, document)
    typed = sql.SQL(", ").join(
        # The type is PostgreSQL's own text (format_type), not the client's.
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(table.columns[name].type))
        for name in columns
    )
    names = sql.SQL(", ").join(sql.Identifier("pgrst_row", name) for name in columns)
    return sql.SQL("select {} from jsonb_to_recordset({}) as pgrst_row ({})").format(names, document, typed)


def _with_defaults(table: Table, columns: tuple[str, ...], document: sql.Composable) -> sql.Composable:
    defaults = [
        # The expression is PostgreSQL's own text (pg_get_expr); % would otherwise look like a placeholder.
        sql.SQL("{}, {}").format(sql.Literal(name), sql.SQL(expression.replace("%", "%%")))
        for name in columns
        if (expression := table.columns[name].default) is not None
    ]
    return sql.SQL(
        "(select coalesce(jsonb_agg(jsonb_build_object({}) || element), '[]')"
        " from jsonb_array_elements({}) as element)"
    ).format(sql.SQL(", ").join(defaults), document)
