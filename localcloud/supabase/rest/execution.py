"""Runs a statement as the role of the caller: one transaction, one round trip."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

from localcloud.supabase.rest import answer
from localcloud.supabase.rest.errors import not_singular

if TYPE_CHECKING:
    from localcloud.supabase.database import Connection
    from localcloud.supabase.rest.answer import Statement
    from localcloud.supabase.rest.request import Accept

# Per request and transaction, as PostgREST sets them; "" leaves the role's own time limit.
_SETTINGS = (
    "search_path",
    "role",
    "request.jwt.claims",
    "request.method",
    "request.path",
    "request.headers",
    "request.cookies",
    "statement_timeout",
)
_PRELUDE = sql.SQL("select {}").format(
    sql.SQL(", ").join(
        sql.SQL("set_config({}, {}, true)").format(sql.Literal(name), sql.Placeholder(name.replace(".", "_")))
        for name in _SETTINGS
    )
)


@dataclass(frozen=True)
class Caller:
    """Who asks, and with what: all of it can be read in SQL by current_setting()."""

    role: str
    claims: dict[str, Any]
    method: str
    path: str
    headers: dict[str, str]
    cookies: dict[str, str]

    @property
    def authenticated(self) -> bool:
        """Whether a refusal is 403 (known, but may not) and not 401."""
        return self.role != "anon"

    def settings(self, time_limit: str) -> dict[str, str]:
        """The values of the prelude."""
        return {
            "search_path": "public, extensions",
            "role": self.role,
            "request_jwt_claims": json.dumps(self.claims),
            "request_method": self.method,
            "request_path": self.path,
            "request_headers": json.dumps(self.headers),
            "request_cookies": json.dumps(self.cookies),
            "statement_timeout": time_limit,
        }


async def run(
    connection: Connection, caller: Caller, statement: Statement, accept: Accept, time_limit: str
) -> answer.Result:
    """Run the statement and commit it, unless the answer cannot be given as the caller wants it.

    Raises:
        RestError: one object was asked for and there is not exactly one row (PGRST116); nothing is committed.
        psycopg.Error: the database refused; nothing is committed.
    """
    # A change must be seen before it is committed where the form of the answer may still refuse it.
    decide = accept.single and not statement.read_only
    async with connection.pipeline():
        await connection.execute("begin read only" if statement.read_only else "begin")
        await connection.execute(_PRELUDE, caller.settings(time_limit))
        cursor = await connection.execute(answer.compose(statement, accept), statement.parameters)
        if not decide:
            await connection.execute("commit")
    row = await cursor.fetchone()
    result = answer.Result(*row) if row else answer.Result(0, None, "", None, None)
    if accept.single and result.rows != 1 and not statement.form.startswith("scalar"):
        raise not_singular(result.rows)
    if decide:
        await connection.execute("commit")
    return result
