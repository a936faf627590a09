"""`/rest/v1`: PostgREST's routes for tables, views and functions of schema public.

Left out: embedding of other tables in `select`, CSV, PUT, aggregates, other schemas, OpenAPI at the root.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from starlette.routing import Route

from localcloud.supabase.claims import TokenError
from localcloud.supabase.database import BusyError, Connections
from localcloud.supabase.rest import execution, functions, request, response, schema, tables
from localcloud.supabase.rest.errors import RestError, from_database, unavailable
from localcloud.supabase.rest.execution import Caller

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from localcloud.config import Config
    from localcloud.supabase.claims import Verifier
    from localcloud.supabase.rest.answer import Result, Statement
    from localcloud.supabase.rest.request import Accept, Preferences
    from localcloud.supabase.rest.schema import Schema

CONNECTIONS = 8
STALE = frozenset(
    {"PGRST202", "PGRST204", "PGRST205"}
)  # what is not in the cache may be in the database by now


class Rest:
    """The service: connections, a schema cache, a verifier of tokens."""

    def __init__(self, config: Config, verifier: Verifier) -> None:
        self._connections = Connections(config, "authenticator", CONNECTIONS, self._forget)
        self._verifier = verifier
        self._schema: Schema | None = None

    def routes(self) -> list[Route]:
        """Where it is served, below /rest/v1."""
        return [
            Route("/rpc/{name}", self._answering(self._call), methods=["GET", "HEAD", "POST"]),
            Route(
                "/{name}",
                self._answering(self._rows),
                methods=["GET", "HEAD", "POST", "PATCH", "DELETE", "PUT"],
            ),
            Route("/{rest:path}", self._answering(self._nowhere)),
        ]

    async def close(self) -> None:
        """Close the connections."""
        await self._connections.close()

    def _forget(self) -> None:
        self._schema = None

    async def _nowhere(self, _: Request, __: Caller) -> Response:
        raise RestError(404, "PGRST125", "Invalid path specified in request URL")

    async def _rows(self, call: Request, caller: Caller) -> Response:
        if call.method == "PUT":
            raise RestError(405, "PGRST117", "Unsupported HTTP method: PUT")
        query = request.parse_query(call.query_params.multi_items(), call.headers.get("range"))
        prefer, accept = _negotiated(call)
        body = await call.body()

        def plan(known: Schema) -> Statement:
            table = known.table(call.path_params["name"])
            if call.method == "POST":
                return tables.insert(table, query, prefer, body)
            if call.method == "PATCH":
                return tables.update(table, query, prefer, body)
            if call.method == "DELETE":
                return tables.delete(table, query, prefer)
            return tables.read(table, query, prefer)

        result = await self._run(caller, plan, accept)
        if call.method in {"GET", "HEAD"}:
            return response.page(result, query.window, accept, prefer)
        return response.changed(result, call.method, accept, prefer)

    async def _call(self, call: Request, caller: Caller) -> Response:
        by_post = call.method == "POST"
        body = await call.body()
        pairs = call.query_params.multi_items()
        prefer, accept = _negotiated(call)
        given = functions.parse_body(body) if by_post else dict(pairs)
        chosen: list[tuple[schema.Function, request.Query]] = []

        def plan(known: Schema) -> Statement:
            names = tuple(given) if by_post else _arguments(known, call.path_params["name"], given)
            function = known.function(call.path_params["name"], names, body=by_post)
            query = request.parse_query(pairs, call.headers.get("range"), () if by_post else names)
            chosen.append((function, query))
            if by_post:
                return functions.by_body(function, body, names, query, prefer)
            return functions.by_query(function, given, query, prefer)

        result = await self._run(caller, plan, accept)
        function, query = chosen[-1]
        if function.returns == "void":
            return response.empty(result, prefer)
        return response.page(result, query.window, accept, prefer)

    async def _run(self, caller: Caller, plan: Callable[[Schema], Statement], accept: Accept) -> Result:
        async with self._connections.one() as connection:
            fresh = self._schema is None
            known = self._schema = self._schema or await schema.read(connection)
            try:
                statement = plan(known)
            except RestError as error:
                if fresh or error.body["code"] not in STALE:
                    raise
                known = self._schema = await schema.read(connection)
                statement = plan(known)
            time_limit = known.timeouts.get(caller.role) or known.timeouts["authenticator"]
            return await execution.run(connection, caller, statement, accept, time_limit)

    def _answering(
        self, handler: Callable[[Request, Caller], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(call: Request) -> Response:
            caller = None
            try:
                caller = self._caller(call)
                return await handler(call, caller)
            except RestError as error:
                return response.refused(error)
            except BusyError:
                message = "Timed out acquiring connection from connection pool."
                return response.refused(RestError(504, "PGRST003", message))
            except psycopg.Error as error:
                authenticated = caller is not None and caller.authenticated
                return response.refused(from_database(error, authenticated=authenticated))
            except OSError as error:
                return response.refused(unavailable(str(error)))

        return answer

    def _caller(self, call: Request) -> Caller:
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        claims: dict[str, Any] = {"role": "anon"}
        if scheme.lower() == "bearer":
            try:
                claims = self._verifier.claims(token.strip())
            except TokenError as error:
                raise RestError(401, error.rest_code, str(error)) from None
        headers = {
            name: value for name, value in call.headers.items() if name not in {"authorization", "apikey"}
        }
        role = str(claims.get("role", "anon"))
        path = call.url.path.removeprefix("/rest/v1")
        return Caller(role, claims, call.method, path, headers, dict(call.cookies))


def _negotiated(call: Request) -> tuple[Preferences, Accept]:
    accept = request.parse_accept(call.headers.get("accept"))
    return request.parse_preferences(call.headers.getlist("prefer")), accept


def _arguments(known: Schema, name: str, given: dict[str, str]) -> tuple[str, ...]:
    """The query parameters that are arguments: what any function of that name takes. The others are filters.

    A name that no function takes counts as one where its value is no filter, so that the error names it.
    """
    taken = {
        argument.name
        for function in known.functions
        if function.name == name
        for argument in function.arguments
    }
    return tuple(
        parameter
        for parameter, value in given.items()
        if parameter in taken
        or (parameter not in request.RESERVED | request.GATEWAY and not request.looks_like_filter(value))
    )
