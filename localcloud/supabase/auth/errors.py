"""The auth service's errors, in its own words and codes."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse


class AuthError(Exception):
    """An answer that is not the one asked for."""

    def __init__(self, status: int, code: str, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.extra = extra


def invalid(message: str) -> AuthError:
    """A field of the request is missing or wrong."""
    return AuthError(400, "validation_failed", message)


def bad_token(message: str) -> AuthError:
    """A bearer token that does not hold."""
    return AuthError(403, "bad_jwt", message)


def refused(error: AuthError, api_version: str | None) -> JSONResponse:
    """The error's JSON; clients that name version 2024-01-01 get the newer form."""
    headers = {"x-sb-error-code": error.code}
    if api_version and api_version >= "2024-01-01":
        body = {"code": error.code, "message": error.message, **error.extra}
        return JSONResponse(body, error.status, {**headers, "x-supabase-api-version": "2024-01-01"})
    body = {"code": error.status, "error_code": error.code, "msg": error.message, **error.extra}
    return JSONResponse(body, error.status, headers)
