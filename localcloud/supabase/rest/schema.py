"""What the database offers: tables, functions, the roles' time limits; read once, and after a change."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localcloud.supabase.rest.errors import RestError

if TYPE_CHECKING:
    from collections.abc import Collection

    from psycopg import AsyncConnection

EXPOSED = "public"
_QUERY = (Path(__file__).parent / "schema.sql").read_bytes()


@dataclass(frozen=True)
class Column:
    """A column's type and default, both as SQL text that PostgreSQL wrote."""

    type: str
    default: str | None


@dataclass(frozen=True)
class Table:
    """A table or view."""

    name: str
    columns: dict[str, Column]
    primary_key: tuple[str, ...]

    def column(self, name: str) -> Column:
        """Find a column by name.

        Raises:
            RestError: there is none (PGRST204).
        """
        if name not in self.columns:
            raise RestError(
                HTTPStatus.BAD_REQUEST,
                "PGRST204",
                f"Could not find the '{name}' column of '{self.name}' in the schema cache",
            )
        return self.columns[name]


@dataclass(frozen=True)
class Argument:
    """An input of a function; `name` is empty where the function gave none."""

    name: str
    type: str
    required: bool
    variadic: bool


@dataclass(frozen=True)
class Function:
    """A function. `returns` is void, scalar or row; `set` says that it may return many."""

    name: str
    volatile: bool
    set: bool
    returns: str
    arguments: tuple[Argument, ...]

    @property
    def takes_body(self) -> bool:
        """Whether it has one unnamed JSON argument, which is the whole body."""
        return len(self.arguments) == 1 and not self.arguments[0].name and "json" in self.arguments[0].type

    def accepts(self, names: Collection[str]) -> bool:
        """Whether a call with these arguments is complete and names none too many."""
        known = {argument.name for argument in self.arguments}
        required = {argument.name for argument in self.arguments if argument.required}
        return required <= set(names) <= known and "" not in known


@dataclass(frozen=True)
class Schema:
    """One reading of the database."""

    tables: dict[str, Table]
    functions: tuple[Function, ...]
    timeouts: dict[str, str]

    def table(self, name: str) -> Table:
        """Find a table or view.

        Raises:
            RestError: there is none (PGRST205).
        """
        if name in self.tables:
            return self.tables[name]
        near = get_close_matches(name, self.tables, 1)
        raise RestError(
            HTTPStatus.NOT_FOUND,
            "PGRST205",
            f"Could not find the table '{EXPOSED}.{name}' in the schema cache",
            hint=f"Perhaps you meant the table '{EXPOSED}.{near[0]}'" if near else None,
        )

    def function(self, name: str, names: Collection[str], *, body: bool) -> Function:
        """Find the function that a call with these argument names means.

        Args:
            name: of the function.
            names: of the arguments.
            body: whether the call has a body, which one unnamed argument can take whole.

        Raises:
            RestError: none fits (PGRST202), or several do (PGRST203).
        """
        overloads = [function for function in self.functions if function.name == name]
        fitting = [function for function in overloads if function.accepts(names)]
        fitting = fitting or [function for function in overloads if body and function.takes_body]
        if not fitting:
            raise self._no_function(name, names)
        if len(fitting) > 1:
            listed = ", ".join(_signature(function) for function in fitting)
            raise RestError(
                HTTPStatus.MULTIPLE_CHOICES,
                "PGRST203",
                f"Could not choose the best candidate function between: {listed}",
                hint="Try renaming the parameters or the function itself in the database "
                "so function overloading can be resolved",
            )
        return fitting[0]

    def _no_function(self, name: str, names: Collection[str]) -> RestError:
        listed = ", ".join(sorted(names))
        wanted = f"{EXPOSED}.{name}({listed})" if names else f"{EXPOSED}.{name} without parameters"
        searched = f"parameters {listed}" if names else "no parameters"
        near = get_close_matches(name, {function.name for function in self.functions}, 1)
        overloads = [function for function in self.functions if near and function.name == near[0]]
        return RestError(
            HTTPStatus.NOT_FOUND,
            "PGRST202",
            f"Could not find the function {wanted} in the schema cache",
            details=f"Searched for the function {EXPOSED}.{name} with {searched}, "
            "but no matches were found in the schema cache.",
            hint=f"Perhaps you meant to call the function {_signature(overloads[0])}" if overloads else None,
        )


def _signature(function: Function) -> str:
    names = ", ".join(argument.name for argument in function.arguments)
    return f"{EXPOSED}.{function.name}({names})"


async def read(connection: AsyncConnection[Any]) -> Schema:
    """Read the exposed schema from the catalogue."""
    cursor = await connection.execute(_QUERY, {"schema": EXPOSED})
    row = await cursor.fetchone()
    return parse(row[0]) if row else Schema({}, (), {})


def parse(document: dict[str, Any]) -> Schema:
    """Turn the catalogue's document into types."""
    tables = {
        name: Table(
            name,
            {column: Column(**described) for column, described in table["columns"].items()},
            tuple(table["primary_key"]),
        )
        for name, table in document["tables"].items()
    }
    functions = tuple(
        Function(
            **{**function, "arguments": tuple(Argument(**argument) for argument in function["arguments"])}
        )
        for function in document["functions"]
    )
    return Schema(tables, functions, document["timeouts"])
