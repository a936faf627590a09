"""Holds every answer that a test gets against the documentation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema  # type: ignore[import-untyped]  # ships no types

from api.errors import ApiError
from api.http import JSON
from api.openapi import render
from api.router import Router

if TYPE_CHECKING:
    from api.http import Request
    from api.router import Family

OUR_MISTAKE = 500  # what a test provokes by breaking something; no operation plans to answer it


class Documentation:
    """What `GET /openapi.json` says, by operation."""

    def __init__(self, families: tuple[Family, ...]) -> None:
        document = render(list(families))
        self._router = Router(families)
        self._components = document["components"]
        self._operations = {
            operation["operationId"]: operation
            for path in document["paths"].values()
            for operation in path.values()
        }

    def check(self, request: Request, status: int, content_type: str, body: Any) -> None:
        """Check one answer; what no operation serves (an unknown address, another method) is not there."""
        try:
            route = self._router.find(request).route(request.method)
        except ApiError:
            return
        responses = self._operations[route.name]["responses"]
        if status == OUR_MISTAKE and str(status) not in responses:
            return
        assert str(status) in responses, f"{route.name} answers {status}, which is not documented"
        schema = responses[str(status)].get("content", {}).get(JSON, {}).get("schema")
        if content_type == JSON and body is not None and route.method != "HEAD":
            assert schema is not None, f"{route.name} answers {status} with JSON, which is not documented"
            jsonschema.validate(json.loads(body), {**schema, "components": self._components})
