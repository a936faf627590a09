"""What is sent and what came back, in the API's words and in Pulumi's; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from localcloud.provider.values import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localcloud.provider.table import Resource

_CAMEL = re.compile(r"[a-z]+[a-z0-9]*([A-Z][a-z0-9]*)+")
_SNAKE = re.compile(r"[a-z0-9]+(_[a-z0-9]+)+")


def with_defaults(resource: Resource, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs as the API will keep them: silent fields filled in, lists of named things sorted."""
    filled = _filled(resource.defaults, inputs)
    for key in resource.sorted_lists:
        if isinstance(filled.get(key), list) and UNKNOWN not in filled[key]:
            filled[key] = sorted(filled[key], key=lambda item: str(item.get("name")))
    return filled


def _filled(defaults: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    filled = dict(given)
    for key, default in defaults.items():
        if key not in filled:
            filled[key] = default
        elif isinstance(default, dict) and isinstance(filled[key], dict):
            filled[key] = _filled(default, filled[key])
    return filled


def address(template: str, inputs: Mapping[str, Any], resource_id: str = "") -> str:
    """A path with its inputs and id filled in, each percent-encoded."""
    names: dict[str, Any] = {**inputs, "id": resource_id}
    return re.sub(r"\{(\w+)\}", lambda match: quote(str(names[match[1]]), safe=""), template)


def body(resource: Resource, inputs: Mapping[str, Any]) -> Any:
    """The JSON body for some inputs: all but those that travel in the path or in a header."""
    if resource.bare_body:
        return _sent(resource, inputs[resource.bare_body])
    elsewhere = set(re.findall(r"\{(\w+)\}", resource.path)) | set(resource.headers)
    return {
        resource.sent_as.get(key) or _sent_name(resource, key): _sent(resource, value)
        for key, value in inputs.items()
        if key not in elsewhere
    }


def headers(resource: Resource, inputs: Mapping[str, Any]) -> dict[str, str]:
    """The headers for inputs that travel so."""
    return {header: str(inputs[key]) for key, header in resource.headers.items() if key in inputs}


def answered(resource: Resource, result: Any) -> Any:
    """An answer with Pulumi's names."""
    if isinstance(result, dict):
        return {_pulumi_name(resource, key): answered(resource, value) for key, value in result.items()}
    if isinstance(result, list):
        return [answered(resource, value) for value in result]
    return result


def refreshed(kept: Any, found: Any) -> Any:
    """What was kept, brought up to date with what was found.

    Only what is kept is compared: an API may answer more than it was told. Where it answers less, as for the
    text of a secret, the kept value stays.
    """
    if isinstance(kept, dict) and isinstance(found, dict):
        return {key: refreshed(value, found[key]) if key in found else value for key, value in kept.items()}
    if isinstance(kept, list) and isinstance(found, list):
        if len(kept) != len(found):
            return found
        return [refreshed(one, other) for one, other in zip(kept, found, strict=True)]
    return kept if found is None else found


def _sent(resource: Resource, value: Any) -> Any:
    if isinstance(value, dict):
        return {_sent_name(resource, key): _sent(resource, item) for key, item in value.items()}
    if isinstance(value, list):
        return [_sent(resource, item) for item in value]
    return value


def _sent_name(resource: Resource, key: str) -> str:
    """The user's own keys (names of variables, annotations) do not look like a property, and stay."""
    if resource.snake_case and _CAMEL.fullmatch(key):
        return re.sub(r"[A-Z]", lambda match: f"_{match[0].lower()}", key)
    return key


def _pulumi_name(resource: Resource, key: str) -> str:
    if (resource.snake_case or key in {"creation_date", "storage_class"}) and _SNAKE.fullmatch(key):
        return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), key)
    return key
