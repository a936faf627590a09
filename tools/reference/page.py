"""An OpenAPI document as a page of Markdown for people."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from reference import fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

OPENING = """\
<!-- Made by tools/api_reference.py from the routes that serve. Change those, not this page. -->

# The API

Every operation of every family of clients, as `GET /openapi.json` describes it to programs.

- Bodies are JSON unless said, times are ISO 8601 in UTC, ids are UUIDs.
- Every answer names its request in `X-Request-Id`.
- A refusal that may pass soon says in `Retry-After` how many seconds to wait.
- An unknown address is 404, a method that an address does not have 405 with `Allow`.
- 500 is a mistake of ours, and logged.
"""


def write(document: dict[str, Any]) -> str:
    """Write the whole page."""
    parts = [OPENING, _callers(document)]
    for tag in document["tags"]:
        parts += _family(document, tag["name"])
    return "\n".join(parts)


def _family(document: dict[str, Any], name: str) -> Iterator[str]:
    operations = [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    yield f"## {name}\n"
    yield _contents(one for one in operations if name in {*one[2]["tags"], *_wording(one[2])})
    yield _errors(document, name)
    yield from (_operation(document, *one) for one in operations if name in one[2]["tags"])


def _callers(document: dict[str, Any]) -> str:
    schemes = document["components"]["securitySchemes"]
    rows = [(f"`{name}`", _shown(scheme), scheme.get("description", "")) for name, scheme in schemes.items()]
    return "## Who calls\n\n" + fields.table(("Who", "Shows", "Which is"), rows)


def _shown(scheme: dict[str, Any]) -> str:
    if scheme["type"] == "http":
        return "`Authorization: Bearer …`"
    return f"`?{scheme['name']}=…`" if scheme["in"] == "query" else f"`{scheme['name']}: …`"


def _contents(operations: Iterable[tuple[str, str, dict[str, Any]]]) -> str:
    rows = [
        (f"[`{method} {path}`](#{_anchor(f'{method} {path}')})", _who(operation), operation["summary"])
        for method, path, operation in operations
    ]
    return fields.table(("Operation", "Who", "What"), rows)


def _anchor(heading: str) -> str:
    """The name that GitHub gives to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _who(operation: dict[str, Any]) -> str:
    names = [next(iter(choice), "anyone") for choice in operation["security"]]
    return " or ".join(f"`{name}`" if name != "anyone" else name for name in names) or "anyone"


def _errors(document: dict[str, Any], family: str) -> str:
    schema = document["components"]["schemas"][f"{family}Error"]
    example = json.dumps(schema["example"], ensure_ascii=False)
    return f"A refusal of this family is `{example}`:\n\n{fields.described(schema)}"


def _operation(document: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> str:
    answers, refusals = _parted(operation["responses"])
    opening = [f"### `{method} {path}`\n", f"{operation['summary']}. For {_who(operation)}.\n"]
    if "description" in operation:
        opening.append(operation["description"] + "\n")
    parts = [
        *opening,
        _parameters(operation["parameters"]),
        _body(operation),
        *_answers(answers),
        _refusals(refusals, sorted(_wording(operation) - set(operation["tags"]))),
        _exchange(document, method, path, operation, answers),
    ]
    return "\n".join(part for part in parts if part)


def _wording(operation: dict[str, Any]) -> set[str]:
    """Which families word an operation's refusals."""
    return {family for answer in operation["responses"].values() for family in _worders(answer)}


def _parted(responses: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    refusals = {status: answer for status, answer in responses.items() if _worders(answer)}
    return {status: answer for status, answer in responses.items() if status not in refusals}, refusals


def _worders(answer: dict[str, Any]) -> list[str]:
    """Which families word an answer, where it is a refusal."""
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    references = [part.get("$ref", "") for part in schema.get("anyOf", [schema])]
    return [reference.rpartition("/")[2].removesuffix("Error") for reference in references if reference]


def _parameters(parameters: list[dict[str, Any]]) -> str:
    if not parameters:
        return ""
    rows = [
        (
            f"`{parameter['name']}`",
            f"{parameter['in']}{'' if parameter.get('required') else ', optional'}",
            fields.kind(parameter["schema"]),
            fields.notes({**parameter, **parameter["schema"]}, needed=True),
        )
        for parameter in parameters
    ]
    return fields.table(("Parameter", "In", "Type", "Meaning"), rows)


def _body(operation: dict[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    if schema:
        return f"The body:\n\n{fields.described(schema)}"
    return f"The body is {'the file' if schema is None else 'any JSON'}.\n" if content else ""


def _answers(answers: dict[str, Any]) -> Iterator[str]:
    """Describe each; the first one's example ends the operation, with the request that it answers."""
    known: list[Any] = []
    for status, answer in answers.items():
        yield f"**{status}** {answer['description']}.\n"
        content = answer.get("content", {})
        shapes = [
            choice for one in content.values() for choice in one["schema"].get("anyOf", [one["schema"]])
        ]
        texts = [fields.described(shape) for shape in shapes if shape.get("properties")]
        if texts:
            yield "The same fields.\n" if texts in known else "\nor\n\n".join(texts)
        if known and "example" in content.get("application/json", {}):
            yield "\n".join(["```json", *_example(content)[1:], "```", ""])
        known.append(texts)


def _refusals(refusals: dict[str, Any], others: list[str]) -> str:
    if not refusals:
        return ""
    rows = [(status, refusals[status]["description"]) for status in sorted(refusals)]
    words = f"\nA user is refused in the words of {', '.join(others)}.\n" if others else ""
    return fields.table(("Refused", "When"), rows) + words


def _exchange(
    document: dict[str, Any], method: str, path: str, operation: dict[str, Any], answers: dict[str, Any]
) -> str:
    status, answer = next(iter(answers.items()))
    schemes = document["components"]["securitySchemes"]
    proof = next((schemes[name] for choice in operation["security"] for name in choice), None)
    names = [p["name"] for p in operation["parameters"] if p["in"] == "query" and p.get("required")]
    if proof and proof.get("in") == "query" and proof["name"] not in names:
        names.append(proof["name"])
    query = "&".join(f"{name}=…" for name in names)
    header = [_shown(proof).strip("`")] if proof and proof.get("in") != "query" else []
    asked = [f"{method} {path}{'?' if query else ''}{query}", *header]
    told = [f"HTTP/1.1 {status} {HTTPStatus(int(status)).phrase}"]
    sent = operation.get("requestBody", {}).get("content", {})
    lines = [*asked, *_content(sent), "", *told, *_content(answer.get("content", {}))]
    return "\n".join(["```http", *lines, "```", ""])


def _content(content: dict[str, Any]) -> list[str]:
    types = [f"Content-Type: {media}" for media in content if media != "*/*"]
    return [*types, *_example(content)]


def _example(content: dict[str, Any]) -> list[str]:
    for one in content.values():
        if "example" in one:
            return ["", json.dumps(one["example"], indent=2, ensure_ascii=False)]
        if one["schema"].get("format") == "binary":
            return ["", "…the file's bytes…"]
    return []
