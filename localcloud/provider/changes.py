"""What differs between a resource's state and what a program wants; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.provider.values import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localcloud.provider.table import Resource

ADD, DELETE, UPDATE = "add", "delete", "update"


def changes(state: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, str]:
    """Each property path that differs, such as `bindings[2].text`, with what happens to it.

    Only what the program sets is compared: the state holds what the API computed as well.
    """
    found: dict[str, str] = {}
    for key, value in wanted.items():
        if key in state:
            _compare(key, state[key], value, found)
        else:
            found[key] = ADD
    return found


def top(path: str) -> str:
    """The property at the root of a path."""
    return path.partition(".")[0].partition("[")[0]


def replaces(resource: Resource, changed: Mapping[str, str]) -> list[str]:
    """The top-level properties whose change makes a new resource."""
    tops = set(map(top, changed))
    return sorted(tops if resource.update is None else tops & resource.replaced_by)


def _compare(path: str, old: Any, new: Any, found: dict[str, str]) -> None:
    if new is UNKNOWN:
        found[path] = UPDATE
    elif isinstance(old, dict) and isinstance(new, dict):
        _compare_parts(
            {f"{path}.{key}": item for key, item in old.items()},
            {f"{path}.{key}": item for key, item in new.items()},
            found,
        )
    elif isinstance(old, list) and isinstance(new, list):
        _compare_parts(
            {f"{path}[{index}]": item for index, item in enumerate(old)},
            {f"{path}[{index}]": item for index, item in enumerate(new)},
            found,
        )
    elif old != new:
        found[path] = UPDATE


def _compare_parts(old: dict[str, Any], new: dict[str, Any], found: dict[str, str]) -> None:
    for place in old | new:
        if place not in new:
            found[place] = DELETE
        elif place not in old:
            found[place] = ADD
        else:
            _compare(place, old[place], new[place], found)
