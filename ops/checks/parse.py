"""Turns a YAML file into a check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ops.checks.check import Check, Eventually, Request, Step
from ops.checks.document import Section, read
from ops.checks.matchers import MATCHERS, Expectation
from ops.checks.stack import STACKS

if TYPE_CHECKING:
    from pathlib import Path

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
EVERY_SECONDS = 0.5


def load(folder: Path) -> list[Check]:
    """Read every check of a folder, by file name."""
    return [
        parse(path.read_text(), str(path.relative_to(folder.parent)))
        for path in sorted(folder.glob("*.yaml"))
    ]


def parse(text: str, file: str) -> Check:
    """Read one check.

    Raises:
        CheckFileError: naming file, line and key.
    """
    document = read(text, file)
    check = Check(
        name=document.take("name", str),
        about=document.take("about", str),
        secrets=tuple(document.take_or("secrets", [], list)),
        stacks=_stacks(document),
        steps=tuple(_step(section) for section in document.sections("steps")),
    )
    document.finish()
    return check


def _stacks(document: Section) -> tuple[str, ...]:
    line = document.lines.get("stacks", document.line)
    names: tuple[str, ...] = tuple(document.take_or("stacks", [], list))
    for name in names:
        if name not in STACKS:
            raise document.error(f"there is no stack `{name}`; there are {', '.join(STACKS)}", line)
    return names


def _step(section: Section) -> Step:
    step = Step(
        name=section.take("name", str),
        request=_request(section.section("request")),
        expectations=_expectations(section.section("expect")),
        capture=section.take_or("capture", dict[str, str](), dict),
        eventually=_eventually(section.section("eventually")) if "eventually" in section.nodes else None,
    )
    section.finish()
    return step


def _request(section: Section) -> Request:
    line = section.lines.get("method", section.line)
    request = Request(
        method=section.take("method", str),
        path=section.take("path", str),
        headers=section.take_or("headers", dict[str, str](), dict),
        body=section.take_or("body", None, str, bytes),
        json=section.any("json"),
    )
    if request.method not in METHODS:
        raise section.error(f"`method` must be one of {', '.join(sorted(METHODS))}", line)
    section.finish()
    return request


def _expectations(section: Section) -> tuple[Expectation, ...]:
    found = []
    for key in list(section.nodes):
        if key not in MATCHERS:
            raise section.error(
                f"there is no matcher `{key}`; there are {', '.join(MATCHERS)}", section.lines[key]
            )
        found.append(_expectation(section, key))
    if not found:
        raise section.error(
            "`expect` must name at least one matcher: a check must be able to fail", section.line
        )
    return tuple(found)


def _expectation(section: Section, key: str) -> Expectation:
    line = section.lines[key]
    expected: Any = section.any(key)
    problem = MATCHERS[key].problem(expected)
    if problem:
        raise section.error(f"`{key}` {problem}, not {expected!r}", line)
    return Expectation(key, expected)


def _eventually(section: Section) -> Eventually:
    eventually = Eventually(
        within=float(section.take("within", int, float)),
        every=float(section.take_or("every", EVERY_SECONDS, int, float)),
        unless=section.take_or("unless", None, dict),
    )
    section.finish()
    return eventually
