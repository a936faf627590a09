"""docs/api.md is what the routes say, whichever they are."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import api_reference
import links
from reference import page, served
from tests.conftest import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return served.document()


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(api_reference, "PAGE", tmp_path / "api.md")
    return tmp_path / "api.md"


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def section(text: str, heading: str) -> str:
    return text.split(f"### `{heading}`\n", 1)[1].split("\n### ", 1)[0]


def test_a_page_that_is_missing_is_stale(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert api_reference.main(["--check"]) == 1
    assert not written.exists()
    assert "+# The API" in capsys.readouterr().out


def test_a_page_that_says_something_else_is_stale_and_the_difference_is_shown(
    written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert api_reference.main([]) == 0
    stale = written.read_text().replace("`POST /jobs/create`", "`POST /jobs/make`")
    written.write_text(stale)
    assert api_reference.main(["--check"]) == 1
    assert written.read_text() == stale
    said = capsys.readouterr().out
    assert "POST /jobs/make" in said
    assert said.endswith(
        "docs/api.md is not what the routes say.\n"
        "Whoever reads it would call the API wrongly.\n"
        "→ Run `.venv/bin/python tools/api_reference.py` and commit the page.\n"
    )


def test_a_page_that_was_just_written_is_right(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert api_reference.main([]) == 0
    assert api_reference.main(["--check"]) == 0
    assert capsys.readouterr().out == ""
    assert links.broken(written.parent, [written]) == []


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_page_in_the_repository_is_right_in_any_process(seed: str) -> None:
    command = [sys.executable, "tools/api_reference.py", "--check"]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run(
        command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_every_operation_has_its_section_with_all_that_is_known_of_it(document: dict[str, Any]) -> None:
    text = page.write(document)
    for heading, operation in operations(document):
        told = section(text, heading)
        assert operation["summary"] in told
        for parameter in operation["parameters"]:
            assert f"| `{parameter['name']}` | {parameter['in']}" in told
        for status, answer in operation["responses"].items():
            assert f"**{status}** {answer['description']}." in told or (
                f"| {status} | {answer['description']} |" in told
            )


def test_every_family_shows_how_it_refuses(document: dict[str, Any]) -> None:
    text = page.write(document)
    for family in document["tags"]:
        told = text.split(f"## {family['name']}\n", 1)[1].split("\n### ", 1)[0]
        assert "A refusal of this family is `{" in told


def _of_one_family() -> dict[str, Any]:
    """A family that does not exist, with one operation of each kind of trouble."""
    refusal = {"schema": {"$ref": "#/components/schemas/MoonError"}}
    shape = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^x|y$"}}}
    operation = {
        "operationId": "moon",
        "tags": ["Moon"],
        "summary": "Ask the moon",
        "parameters": [{"in": "query", "name": "when", "schema": {"type": "string"}, "example": "now"}],
        "security": [{"tide": []}],
        "requestBody": {"content": {"application/json": {"schema": shape, "example": {"a": "é"}}}},
        "responses": {
            "200": {"description": "It shines", "content": {"application/json": {"schema": shape}}},
            "202": {"description": "It will", "content": {"application/json": {"schema": shape}}},
            "404": {"description": "No moon", "content": {"application/json": refusal}},
        },
    }
    errors = {"MoonError": {"type": "object", "properties": {}, "example": {"moon": None}}}
    schemes = {"tide": {"type": "apiKey", "in": "query", "name": "tide"}}
    return {
        "tags": [{"name": "Moon"}],
        "paths": {"/moon": {"post": operation}},
        "components": {"schemas": errors, "securitySchemes": schemes},
    }


def test_any_family_is_written_alike() -> None:
    told = section(page.write(_of_one_family()), "POST /moon")
    assert told.strip() == MOON.strip()


MOON = r"""
Ask the moon. For `tide`.

| Parameter | In | Type | Meaning |
| --- | --- | --- | --- |
| `when` | query, optional | string | Such as `now` |

The body:

| Field | Type | Meaning |
| --- | --- | --- |
| `a` | string | Optional; matches `^x\|y$` |

**200** It shines.

| Field | Type | Meaning |
| --- | --- | --- |
| `a` | string | Optional; matches `^x\|y$` |

**202** It will.

The same fields.

| Refused | When |
| --- | --- |
| 404 | No moon |

```http
POST /moon?tide=…
Content-Type: application/json

{
  "a": "é"
}

HTTP/1.1 200 OK
Content-Type: application/json
```
"""
