"""Reads YAML so that every complaint names the file, the line and the key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar

import yaml

from ops.errors import WrongUsageError

_T = TypeVar("_T")


class CheckFileError(WrongUsageError):
    """A check's file says something that the engine does not understand."""


@dataclass
class Section:
    """A mapping of a YAML file, read key by key; keys that nobody asked for are errors."""

    file: str
    line: int
    where: str
    nodes: dict[str, yaml.Node] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def take(self, key: str, *kinds: type[_T]) -> _T:
        """Take a key that must be there, as one of the given types."""
        if key not in self.nodes:
            raise self.error(f"the key `{key}` is missing", self.line)
        value = _plain(self.nodes.pop(key))
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            names = " or ".join(kind.__name__ for kind in kinds)
            raise self.error(f"`{key}` must be {names}, not {value!r}", self.lines[key])
        return value

    def take_or(self, key: str, default: _T, *kinds: type[Any]) -> _T:
        """Take a key that may be left out."""
        if key not in self.nodes:
            return default
        taken: _T = self.take(key, *(kinds or (type(default),)))
        return taken

    def any(self, key: str) -> Any:
        """Take a key that may hold anything; None where it is left out."""
        return _plain(self.nodes.pop(key)) if key in self.nodes else None

    def section(self, key: str) -> Section:
        """Take a key that holds a mapping; an empty one where it is left out."""
        if key not in self.nodes:
            return Section(self.file, self.line, f"{self.where}.{key}")
        return opened(self.nodes.pop(key), self.file, f"{self.where}.{key}")

    def sections(self, key: str) -> list[Section]:
        """Take a key that holds a list of mappings, at least one."""
        node = self.nodes.pop(key, None)
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            raise self.error(
                f"`{key}` must be a list with at least one entry", self.lines.get(key, self.line)
            )
        return [opened(item, self.file, f"{self.where}.{key}[{i}]") for i, item in enumerate(node.value)]

    def finish(self) -> None:
        """Complain about the first key that nobody took."""
        for key in self.nodes:
            raise self.error(f"there is no key `{key}` here", self.lines[key])

    def error(self, problem: str, line: int) -> CheckFileError:
        """Word a complaint about this section."""
        return CheckFileError(
            f"{self.file}:{line}: {problem} (in {self.where}).",
            "The file's checks were not run, nor any other.",
            "Correct the file; docs/smoke.md lists the keys.",
        )


def read(text: str, file: str) -> Section:
    """Open the mapping that a file holds.

    Raises:
        CheckFileError: it is not YAML, or not a mapping.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Section(file, line, "the file").error(f"this is not YAML: {error.problem}", line) from error
    return opened(node, file, "the file")


def opened(node: yaml.Node | None, file: str, where: str) -> Section:
    """Open one mapping."""
    line = node.start_mark.line + 1 if node else 1
    section = Section(file, line, where)
    if not isinstance(node, yaml.MappingNode):
        raise section.error("here must be a mapping", line)
    for key_node, value_node in node.value:
        key = str(_plain(key_node))
        if key in section.nodes:
            raise section.error(f"the key `{key}` stands twice", key_node.start_mark.line + 1)
        section.nodes[key] = value_node
        section.lines[key] = key_node.start_mark.line + 1
    return section


def _plain(node: yaml.Node) -> Any:
    return yaml.constructor.SafeConstructor().construct_object(node, deep=True)
