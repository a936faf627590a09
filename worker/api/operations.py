"""What the documentation says of one operation, beyond what its route says already."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from api.document import Schema  # noqa: TC001 - the fields' type, read at run time by nobody but cheap to have

TEXT: Schema = {"type": "string"}
NULLABLE_TEXT: Schema = {"type": ["string", "null"]}
INTEGER: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}
ANY_OBJECT: Schema = {"type": "object"}


def record(**properties: Schema) -> Schema:
    """Describe an object all of whose named fields are always there."""
    return {"type": "object", "required": list(properties), "properties": properties}


@dataclass(frozen=True)
class Answered:
    """One answer that an operation gives."""

    description: str
    schema: Schema | None = None
    example: Any = None
    media: str = "application/json"


@dataclass(frozen=True)
class Operation:
    """One operation: its answers by status, the statuses of its refusals, and what a client sends.

    `links` names the operations that take what a successful answer gives, with their parameters as OpenAPI's
    runtime expressions.
    """

    summary: str
    answers: dict[int, Answered]
    refusals: dict[int, str] = field(default_factory=dict)
    request_example: Any = None
    description: str = ""
    security: tuple[str, ...] = ()  # any one of them is enough; an empty name: none is needed
    parameters: tuple[dict[str, Any], ...] = ()
    links: dict[str, dict[str, str]] = field(default_factory=dict)


def header(name: str, description: str, example: str, schema: Schema = TEXT) -> dict[str, Any]:
    """Describe a request header that may be sent."""
    return {"in": "header", "name": name, "description": description, "schema": schema, "example": example}
