"""PostgREST's errors: their JSON, and the HTTP status that belongs to each."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import psycopg


class RestError(Exception):
    """An answer that is not the one asked for."""

    def __init__(
        self, status: int, code: str, message: str, *, details: Any = None, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "details": details, "hint": hint, "message": message}


def bad_query(parameter: str, text: str) -> RestError:
    """PGRST100: a query parameter cannot be parsed."""
    return RestError(
        HTTPStatus.BAD_REQUEST,
        "PGRST100",
        f'"failed to parse {parameter} ({text})"',
        details="unexpected text in the query string",
    )


def bad_body(message: str) -> RestError:
    """PGRST102: the body is not what the request needs."""
    return RestError(HTTPStatus.BAD_REQUEST, "PGRST102", message)


def not_singular(rows: int) -> RestError:
    """PGRST116: one object was asked for, and there is not exactly one row."""
    return RestError(
        HTTPStatus.NOT_ACCEPTABLE,
        "PGRST116",
        "Cannot coerce the result to a single JSON object",
        details=f"The result contains {rows} rows",
    )


def out_of_range(offset: int, total: int) -> RestError:
    """PGRST103: the page starts after the last row."""
    return RestError(
        HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
        "PGRST103",
        "Requested range not satisfiable",
        details=f"An offset of {offset} was requested, but there are only {total} rows.",
    )


def unavailable(detail: str) -> RestError:
    """PGRST001: the database does not answer."""
    return RestError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "PGRST001",
        "Database client error. Retrying the connection.",
        details=detail,
        hint="Run `ops local status` to see whether postgres is up, and `make up` to repair it.",
    )


# The status of an SQLSTATE, longest prefix first (PostgREST's documentation, "HTTP Status Codes").
STATUSES = {
    "23503": 409,
    "23505": 409,
    "25006": 405,
    "21000": 500,
    "42883": 404,
    "42P01": 404,
    "42P17": 500,
    "53400": 500,
    "57P01": 503,
    "P0001": 400,
    **dict.fromkeys(("08", "53"), 503),
    **dict.fromkeys(("0L", "0P", "28"), 403),
    **dict.fromkeys(
        ("09", "25", "2D", "38", "39", "3B", "40", "54", "55", "57", "58", "F0", "HV", "P0", "XX"), 500
    ),
}


def from_database(error: psycopg.Error, *, authenticated: bool) -> RestError:
    """The answer to a request that the database refused."""
    if error.sqlstate is None and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return unavailable(str(error).strip())
    if (
        error.sqlstate is None
    ):  # psycopg refused a value before it reached the database, such as a NUL in a text
        return RestError(HTTPStatus.BAD_REQUEST, "PGRST100", str(error).strip())
    message = error.diag.message_primary or ""
    return RestError(
        _status(error.sqlstate, message, authenticated=authenticated),
        error.sqlstate,
        message,
        details=error.diag.message_detail,
        hint=error.diag.message_hint,
    )


def _status(code: str, message: str, *, authenticated: bool) -> int:
    if code == "42501":  # insufficient privilege
        return 403 if authenticated else 401
    if code == "22023" and message.startswith("role ") and message.endswith(" does not exist"):
        return 401
    if code.startswith("PT") and code[2:].isdecimal():  # raised with the status it wants
        return int(code[2:])
    if code == "21000" and message.endswith("requires a WHERE clause"):
        return 400
    return STATUSES.get(code) or STATUSES.get(code[:2]) or 400
