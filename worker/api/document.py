"""JSON documents: parsed so that every document that passes can be stored, and checked by their schemas.

One schema serves three times: it checks the request, it is published in OpenAPI, and its defaults fill the
gaps. The keywords understood are those that the API's schemas use: `type`, `enum`, `default`, `required`,
`properties`, `items`, `maxItems`, `minLength`, `maxLength`, `pattern`, `minimum` and `maximum`.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from api.errors import InvalidError

Schema = dict[str, Any]

MAX_DEPTH = 64  # far beyond any real body, and far below what overflows a WebAssembly stack
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.DOTALL)
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}


def dump(value: Any) -> str:
    """Write JSON without needless spaces."""
    return json.dumps(value, separators=(",", ":"))


def parse(body: bytes) -> Any:
    """Read JSON that Postgres' `jsonb` can hold too.

    Raises:
        InvalidError: not JSON, nested too deep, or with a NUL, half a character, or an endless number.
    """
    if _depth(body) > MAX_DEPTH:
        raise InvalidError(
            f"the body is nested deeper than {MAX_DEPTH} levels", code="invalid_json", field="body"
        )
    try:
        value = json.loads(body.decode(), parse_constant=_refuse_constant)
    except ValueError:
        raise InvalidError("the body is not valid JSON", code="invalid_json", field="body") from None
    if not _is_storable(value):
        message = "the body holds a NUL character, half a surrogate pair, or a number out of range"
        raise InvalidError(message, code="invalid_json", field="body")
    return value


def _depth(body: bytes) -> int:
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return 0
    depth = deepest = 0
    for token in _TOKENS.finditer(body):
        if token[0] in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif token[0] in b"]}":
            depth -= 1
    return deepest


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _is_storable(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= c <= "\udfff" for c in value)
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(_is_storable(key) and _is_storable(item) for key, item in value.items())
    if isinstance(value, list):
        return all(_is_storable(item) for item in value)
    return True


def storable(value: Any) -> Any:
    """Give an upstream's document as `jsonb` can hold it: what cannot be stored must not cost the rest."""
    if isinstance(value, str):
        return value.replace("\0", "?").encode(errors="replace").decode()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    return [storable(item) for item in value] if isinstance(value, list) else value


def check(schema: Schema, value: Any, field: str = "body") -> Any:
    """Give the value as its schema wants it, defaults filled in; what the schema does not name is left out.

    Raises:
        InvalidError: naming the field that is wrong.
    """
    if "enum" in schema:
        if value not in schema["enum"]:
            raise _wrong(field, f"must be one of: {', '.join(map(str, schema['enum']))}")
        return value
    value = _whole(schema, value)
    _check_type(schema, value, field)
    if isinstance(value, str):
        _check_text(schema, value, field)
    elif isinstance(value, dict) and "properties" in schema:
        return _check_object(schema, value, field)
    elif isinstance(value, list) and "items" in schema:
        return _check_list(schema, value, field)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
        if not low <= value <= high:
            raise _wrong(field, f"must be from {low} to {high}")
    return value


def _whole(schema: Schema, value: Any) -> Any:
    """Read `5.0` as 5 where a whole number is wanted: to JSON they are the same."""
    is_wanted = "integer" in schema.get("type", ()) and isinstance(value, float)
    return int(value) if is_wanted and value.is_integer() else value


def _check_type(schema: Schema, value: Any, field: str) -> None:
    names = schema.get("type", list(_TYPES))
    names = [names] if isinstance(names, str) else names
    is_flag = isinstance(value, bool)  # which Python also counts as an integer
    if not any(isinstance(value, _TYPES[name]) and (not is_flag or name == "boolean") for name in names):
        raise _wrong(field, f"must be {' or '.join(names)}")


def _check_text(schema: Schema, value: str, field: str) -> None:
    if len(value) > schema.get("maxLength", math.inf):
        raise _wrong(field, f"is {len(value)} characters long; {schema['maxLength']} are allowed")
    if len(value) < schema.get("minLength", 0) or not _matches(schema.get("pattern", ""), value):
        raise _wrong(field, "is empty or not of the expected form")


def _matches(pattern: str, value: str) -> bool:
    # JSON Schema's `$` is the end of the text; Python's is also the place before a last line break.
    return re.search(pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern, value) is not None


def _check_object(schema: Schema, value: dict[str, Any], field: str) -> dict[str, Any]:
    prefix = "" if field == "body" else f"{field}."
    checked = {}
    for name, part in schema["properties"].items():
        if name in value:
            checked[name] = check(part, value[name], prefix + name)
        elif name in schema.get("required", ()):
            raise _wrong(prefix + name, "is required")
        elif "default" in part:
            checked[name] = part["default"]
    return checked


def _check_list(schema: Schema, value: list[Any], field: str) -> list[Any]:
    if len(value) > schema.get("maxItems", math.inf):
        raise _wrong(field, f"has {len(value)} items; {schema['maxItems']} are allowed")
    return [check(schema["items"], item, f"{field}[{index}]") for index, item in enumerate(value)]


def check_query(schema: Schema, query: dict[str, str]) -> dict[str, Any]:
    """Give a query's values as their schema wants them; numbers arrive as text.

    Raises:
        InvalidError: naming the parameter that is wrong.
    """
    values: dict[str, Any] = dict(query)
    for name, part in schema["properties"].items():
        if part.get("type") == "integer" and re.fullmatch(r"[0-9]{1,9}", values.get(name, ""), re.ASCII):
            values[name] = int(values[name])
    return check(schema, values)  # type: ignore[no-any-return]  # an object's check gives an object


def _wrong(field: str, why: str) -> InvalidError:
    return InvalidError(f"{field} {why}", code="invalid_field", field=field)
