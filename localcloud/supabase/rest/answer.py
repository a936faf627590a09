"""The outer half of every statement: PostgreSQL itself makes the JSON, and counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localcloud.supabase.rest.request import Accept


@dataclass(frozen=True)
class Statement:
    """What a request does.

    Attributes:
        source: a select, insert, update or delete with returning.
        change: an insert, update or delete that `source` selects from as pgrst_change; PostgreSQL takes
            those only at the top of a statement.
        count: a select of all rows that match, one column, where the total is wanted.
        form: `rows`, `row`, or of a function's values in column pgrst_scalar: `scalars`, `scalar`.
        read_only: whether it runs in a read-only transaction.
    """

    source: sql.Composable
    parameters: Mapping[str, Any]
    change: sql.Composable | None = None
    count: sql.Composable | None = None
    form: str = "rows"
    read_only: bool = False


@dataclass(frozen=True)
class Result:
    """What came back: rows in the page, rows in all (None: not counted), the JSON text."""

    rows: int
    total: int | None
    body: str
    headers: str | None
    status: str | None


def compose(statement: Statement, accept: Accept) -> sql.Composed:
    """Wrap the source so that one row comes back: rows, total, body, and what functions set."""
    counted = (
        sql.SQL(", pgrst_count as ({})").format(statement.count)
        if statement.count is not None
        else sql.SQL("")
    )
    total = sql.SQL("(select count(*) from pgrst_count)" if statement.count is not None else "null::bigint")
    changed = (
        sql.SQL("pgrst_change as ({}), ").format(statement.change)
        if statement.change is not None
        else sql.SQL("")
    )
    return sql.SQL(
        "with {changed}pgrst_source as ({source}){counted}"
        " select count(_row), {total}, ({body})::text,"
        " nullif(current_setting('response.headers', true), ''),"
        " nullif(current_setting('response.status', true), '')"
        " from (select * from pgrst_source) as _row"
    ).format(
        changed=changed,
        source=statement.source,
        counted=counted,
        total=total,
        body=_body(statement.form, accept),
    )


def _body(form: str, accept: Accept) -> sql.Composable:
    element = "_row.pgrst_scalar" if form.startswith("scalar") else "_row"
    rows = f"json_agg({element})"
    if accept.strip_nulls:
        rows = f"json_strip_nulls({rows})"
    if form in {"row", "scalar"} or accept.single:
        return sql.SQL(f"coalesce({rows} -> 0, 'null')")  # made of the words above
    return sql.SQL(f"coalesce({rows}, '[]')")  # as above
