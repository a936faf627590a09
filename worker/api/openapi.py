"""OpenAPI 3.1 of the API, made from the route tables that serve it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.domain.keys import MAX_KEY_BYTES
from api.http import Response, json_response
from api.router import Access, Family, Route, Upload

if TYPE_CHECKING:
    from api.document import Schema
    from api.http import Request
    from api.operations import Operation

# What any route may answer, whatever it does.
_UPLOAD_REFUSALS = {
    Upload.JSON: {
        400: "The body is not JSON, or a field is wrong; `field` names it",
        413: "The body is over the limit",
        415: "The body is not `application/json`",
    },
    Upload.FILE: {
        411: "The request does not say how long its body is",
        413: "The file is over 100 MB",
    },
}
_CREDENTIALS: dict[Access, tuple[str, ...]] = {
    Access.PUBLIC: (),
    Access.ADMIN: ("admin",),
    Access.CALLER: ("admin", "user"),
    Access.USER: ("user",),
}
_NOBODY = "Nothing in the request proves who asks"
SECURITY_SCHEMES = {
    "admin": {"type": "http", "scheme": "bearer", "description": "The admin's token"},
    "user": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A Supabase or Clerk token",
    },
    "webhookSecret": {"type": "apiKey", "in": "header", "name": "X-Webhook-Secret"},
    "webhookSignature": {
        "type": "apiKey",
        "in": "header",
        "name": "X-RunPod-Signature",
        "description": "Hex HMAC-SHA256 of the raw body, keyed with the webhook secret",
    },
    "jobToken": {
        "type": "apiKey",
        "in": "query",
        "name": "token",
        "description": "The job's own token, from the address that was given to the provider",
    },
    "signature": {
        "type": "apiKey",
        "in": "query",
        "name": "signature",
        "description": "Part of a signed address",
    },
}


def described(*families: Family) -> tuple[Family, ...]:
    """Add `GET /openapi.json`, which describes all families and itself, to the first family."""
    all_families: list[Family] = []

    async def openapi(_request: Request) -> Response:
        return json_response(render(all_families))

    first, *others = families
    route = Route("GET", "/openapi.json", "openapi", openapi)
    all_families += [Family(first.name, (*first.routes, route), first.render_error), *others]
    return tuple(all_families)


def render(families: list[Family]) -> dict[str, Any]:
    """Write the document."""
    from api.routes.documentation import ERRORS, OPERATIONS  # noqa: PLC0415 - large, and asked for by few

    paths: dict[str, dict[str, Any]] = {}
    for family in families:
        for route in family.routes:
            address = route.path.replace("<", "{").replace("...", "").replace(">", "}")
            operation = _operation(family, route, OPERATIONS[route.name])
            paths.setdefault(address, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "AlphoGenAI API", "version": "1.0.0"},
        "tags": [{"name": family.name} for family in families],
        "paths": paths,
        "components": {"schemas": ERRORS, "securitySchemes": SECURITY_SCHEMES},
    }


def _operation(family: Family, route: Route, operation: Operation) -> dict[str, Any]:
    refusals = {**_refusals(route), **operation.refusals}
    families = [family.name, *([route.user_words.family] if route.user_words else [])]
    described: dict[str, Any] = {
        "operationId": route.name,
        "tags": [family.name],
        "summary": operation.summary,
        "parameters": [*_parameters(route), *operation.parameters],
        "security": [{name: []} if name else {} for name in operation.security or _security(route)],
        "responses": {
            **{str(status): _answer(route, operation, status) for status in operation.answers},
            **{str(status): _refusal(families, status, text) for status, text in refusals.items()},
        },
    }
    if operation.description:
        described["description"] = operation.description
    if route.upload is not Upload.NONE:
        described["requestBody"] = _body(route, operation)
    return described


def _refusals(route: Route) -> dict[int, str]:
    refusals = dict(_UPLOAD_REFUSALS.get(route.upload, {}))
    if route.access is not Access.PUBLIC:
        refusals[401] = _NOBODY
    if _can_be_wrong(route.query) or "<" in route.path:
        refusals.setdefault(400, "The address or its query is wrong; `field` names what")
    return refusals


def _can_be_wrong(query: Schema | None) -> bool:
    """Tell whether a query is checked at all: a mere flag is on or off, whatever is sent."""
    return any(set(part) != {"type"} for part in (query or {}).get("properties", {}).values())


def _security(route: Route) -> tuple[str, ...]:
    return _CREDENTIALS[route.access]


def _parameters(route: Route) -> list[dict[str, Any]]:
    found = []
    if "<" in route.path:
        name = route.path.partition("<")[2].partition(">")[0]
        schema = _KEY if name.endswith("...") else {"type": "string", "minLength": 1}
        found.append({"in": "path", "name": name.removesuffix("..."), "required": True, "schema": schema})
    query: Schema = route.query or {}
    required = query.get("required", ())
    for name, schema in query.get("properties", {}).items():
        found.append({"in": "query", "name": name, "required": name in required, "schema": schema})
    return found


def _body(route: Route, operation: Operation) -> dict[str, Any]:
    if route.upload is Upload.FILE:
        return {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
    content: dict[str, Any] = {"schema": route.body or {}}
    if operation.request_example is not None:
        content["example"] = operation.request_example
    return {"required": True, "content": {"application/json": content}}


def _answer(route: Route, operation: Operation, status: int) -> dict[str, Any]:
    answer = operation.answers[status]
    described: dict[str, Any] = {"description": answer.description, "headers": _HEADERS}
    if answer.schema is not None and route.method != "HEAD":
        content: dict[str, Any] = {"schema": answer.schema}
        if answer.example is not None:
            content["example"] = answer.example
        described["content"] = {answer.media: content}
    if operation.links and status < _REDIRECTED:
        described["links"] = {
            name: {"operationId": name, "parameters": parameters}
            for name, parameters in operation.links.items()
        }
    return described


def _refusal(families: list[str], status: int, text: str) -> dict[str, Any]:
    schemas = [{"$ref": f"#/components/schemas/{family}Error"} for family in families]
    schema = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
    headers = {**_HEADERS, **(_RETRY if status in _PASSING else {})}
    return {"description": text, "headers": headers, "content": {"application/json": {"schema": schema}}}


_HEADERS = {"X-Request-Id": {"description": "Names the request in the log", "schema": {"type": "string"}}}
_RETRY = {"Retry-After": {"description": "Seconds to wait before trying again", "schema": {"type": "string"}}}
# What `domain.keys` accepts, as far as a pattern can say it.
_KEY = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_KEY_BYTES,
    "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]+$",
    "description": f"At most {MAX_KEY_BYTES} bytes, no `.` or `..` segment, no control character",
}
_REDIRECTED = 300  # the first status that is no success
_PASSING = frozenset({429, 503})  # refusals that may not hold for long
