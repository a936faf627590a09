from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import jsonschema  # type: ignore[import-untyped]  # ships no types
import pytest

from api.application import Application
from api.domain import keys
from api.domain.job import Kind
from api.families import families as all_families
from api.openapi import render
from api.routes.documentation import OPERATIONS
from api.routes.documentation.words import JOB_ID
from tests.worker.asking import USER, submit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api.router import Family
    from tests.worker.memory_platform import Platform


@pytest.fixture
def families(platform: Platform) -> tuple[Family, ...]:
    return all_families(platform.core)


@pytest.fixture
async def document(platform: Platform) -> Any:
    return (await platform.ask("GET", "/openapi.json")).json


def _operations(document: Any) -> Iterator[Any]:
    for path in document["paths"].values():
        yield from path.values()


def test_every_route_is_described_and_nothing_else(families: tuple[Family, ...]) -> None:
    assert {route.name for family in families for route in family.routes} == set(OPERATIONS)


def test_no_two_routes_share_a_place(families: tuple[Family, ...]) -> None:
    places = [(route.method, route.path) for family in families for route in family.routes]
    assert len(places) == len(set(places))


def test_every_example_is_what_its_schema_says(document: Any) -> None:
    for operation in _operations(document):
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for body in bodies:
            for content in body.get("content", {}).values():
                if "example" in content:
                    jsonschema.validate(content["example"], content["schema"])


async def test_every_request_example_is_accepted(
    platform: Platform, admin: dict[str, str], user: Any, document: Any
) -> None:
    job_id = (await submit(platform, admin))["job_id"]
    assert platform.database
    secret = platform.settings.webhook_secret
    for path, methods in document["paths"].items():
        kind = Kind.IMAGE if "image" in path else Kind.VIDEO
        platform.database.jobs[JOB_ID] = replace(platform.database.jobs[job_id], id=JOB_ID, kind=kind)
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content:
                caller = user(USER) if operation["security"] == [{"user": []}] else admin
                told = await platform.ask(
                    method.upper(), path, json_body=content["example"], x_webhook_secret=secret, **caller
                )
                assert str(told.status) in operation["responses"]
                assert told.status < 300


def test_every_operation_documents_its_refusals(document: Any) -> None:
    for operation in _operations(document):
        responses = operation["responses"]
        if operation["security"]:
            assert "401" in responses, operation["operationId"]
        if "application/json" in operation.get("requestBody", {}).get("content", {}):
            assert {"400", "413", "415"} <= set(responses)


def test_every_link_hands_on_what_the_answer_holds(document: Any) -> None:
    operations = {operation["operationId"]: operation for operation in _operations(document)}
    answers = [answer for operation in operations.values() for answer in operation["responses"].values()]
    linked = [(answer, link) for answer in answers for link in answer.get("links", {}).values()]
    assert linked
    for answer, link in linked:
        for name, expression in link["parameters"].items():
            assert name in {one["name"] for one in operations[link["operationId"]]["parameters"]}
            schema = answer["content"]["application/json"]["schema"]
            for step in expression.removeprefix("$response.body#/").split("/"):
                schema = schema["items"] if step == "0" else schema["properties"][step]
            assert "string" in schema["type"]


@pytest.mark.parametrize(
    "key",
    ["a", "é/ü.png", "a\u00a0b", "a\\b", "x" * 1024, "", "\n", "\x1f", "\x7f", "\x85", "x" * 1025],
)
def test_a_key_is_documented_as_it_is_checked(document: Any, key: str) -> None:
    [parameter, *_] = document["paths"]["/assets/{key}"]["put"]["parameters"]
    assert jsonschema.Draft202012Validator(parameter["schema"]).is_valid(key) is _is_key(key)


def _is_key(key: str) -> bool:
    try:
        return keys.parse(key) == key
    except keys.InvalidKeyError:
        return False


async def test_answers_match_their_schemas(platform: Platform, admin: dict[str, str], document: Any) -> None:
    for method, path in (("get", "/health"), ("get", "/jobs"), ("get", "/metrics")):
        told = await platform.ask(method.upper(), path, **admin)
        answer = document["paths"][path][method]["responses"][str(told.status)]
        jsonschema.validate(told.json, answer["content"]["application/json"]["schema"])


def test_the_document_is_made_from_the_table_that_serves(
    platform: Platform, families: tuple[Family, ...]
) -> None:
    Application(platform.core, families)  # the same families route and are described
    served = {route.path.count("<") for family in families for route in family.routes}
    assert max(served) == 1  # the router knows one name in a path
    assert render(list(families))["paths"].keys() >= {"/media/{key}", "/jobs/{id}/cancel"}
