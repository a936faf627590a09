"""JSON Schemas as Markdown: every field by its path, and what holds of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Schema = dict[str, Any]


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out rows; a bar inside a cell does not end it."""
    escaped = ([cell.replace("|", r"\|") for cell in row] for row in rows)
    lines = [heading, ["---"] * len(heading), *escaped]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def described(schema: Schema) -> str:
    """Describe a value: a table where there is something to say of its fields, else a line."""
    rows = [(f"`{path}`", kind(part), notes(part, needed=needed)) for path, part, needed in _fields(schema)]
    if not any(note for _, _, note in rows):
        return f"{', '.join(f'{path} ({named})' for path, named, _ in rows)}.\n"
    text = table(("Field", "Type", "Meaning"), rows)
    return f"{text}\n{_condition(schema)}" if "if" in schema else text


def _fields(schema: Schema, prefix: str = "") -> Iterator[tuple[str, Schema, bool]]:
    """Give each field below a schema as path, schema and whether it is always there."""
    if "items" in schema:
        yield from _fields(schema["items"], f"{prefix.removesuffix('.')}[].")
    for name, part in schema.get("properties", {}).items():
        yield prefix + name, part, name in schema.get("required", ())
        yield from _fields(part, f"{prefix}{name}.")


def kind(schema: Schema) -> str:
    """Name the type of a value."""
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("format") == "binary":
        return "bytes"
    names = schema.get("type", "anything")
    text = names if isinstance(names, str) else " or ".join(names)
    return text.replace("array", f"array of {kind(schema['items'])}") if "items" in schema else text


def notes(schema: Schema, *, needed: bool) -> str:
    """Say what a value means, whether it may be missing, and what it must keep to."""
    is_plain = needed or "default" in schema
    example = f"such as `{schema['example']}`" if "example" in schema else ""
    found = [schema.get("description", ""), example, "" if is_plain else "optional", *_limits(schema)]
    text = "; ".join(note for note in found if note)
    return text[:1].upper() + text[1:]


def _limits(schema: Schema) -> Iterator[str]:
    if "minimum" in schema:
        yield (
            f"{schema['minimum']} to {schema['maximum']}"
            if "maximum" in schema
            else f"from {schema['minimum']}"
        )
    if "maxLength" in schema:
        yield f"at most {schema['maxLength']} characters"
    if "maxItems" in schema:
        yield f"at most {schema['maxItems']} items"
    if "pattern" in schema:
        yield f"matches `{schema['pattern']}`"
    if "default" in schema:
        yield f"`{json.dumps(schema['default'])}` where left out"


def _condition(schema: Schema) -> str:
    cases = [f"`{name}` is `{part['const']}`" for name, part in schema["if"]["properties"].items()]
    needed = [f"`{path}`" for path, _, is_needed in _fields(schema["then"]) if is_needed]
    return f"Where {' and '.join(cases)}, {' and '.join(needed)} must be there.\n"
