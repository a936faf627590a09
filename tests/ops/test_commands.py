from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from ops.__main__ import root
from ops.example import Command
from ops.lazy import LazyGroup

CHECKOUT = Path(__file__).resolve().parents[2]
FASTEST_OF = 5
HELP_SECONDS = 0.2


def leaves(group: LazyGroup, path: str) -> dict[str, tuple[click.Command, str]]:
    found: dict[str, tuple[click.Command, str]] = {}
    for name, (_, about) in group.lazy.items():
        child = group.get_command(click.Context(group), name)
        assert child is not None
        if isinstance(child, LazyGroup):
            found |= leaves(child, f"{path} {name}")
        else:
            found[f"{path} {name}"] = (child, about)
    return found


COMMANDS = leaves(root, "ops")


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_has_help_and_an_example_that_begins_with_its_name(path: str) -> None:
    command, _ = COMMANDS[path]
    assert command.help
    assert isinstance(command, Command)
    assert any(path in line for line in command.examples)


@pytest.mark.parametrize("path", COMMANDS)
def test_every_option_has_help(path: str) -> None:
    for parameter in COMMANDS[path][0].params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


@pytest.mark.parametrize("path", COMMANDS)
def test_the_line_in_the_list_of_commands_is_the_commands_own_first_sentence(path: str) -> None:
    command, about = COMMANDS[path]
    assert command.help is not None
    first = command.help.split("\n\n")[0].replace("\n", " ").strip()
    assert re.sub(r" \(.*?\)| for SHELL", "", first) == about


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_and_its_options_are_documented(path: str) -> None:
    documentation = (CHECKOUT / "docs" / "ops.md").read_text()
    heading = f"## `{path}`"
    assert heading in documentation
    section = documentation.split(heading, 1)[1].split("\n## ", 1)[0]
    for parameter in COMMANDS[path][0].params:
        if isinstance(parameter, click.Option):
            assert parameter.opts[-1] in section, parameter.opts


def test_help_is_instant_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; from ops.__main__ import main; main(['--help']);"
        "heavy = {'rich', 'psutil', 'requests', 'yaml', 'psycopg', 'pulumi'} & set(sys.modules);"
        "sys.exit(bool(heavy))"
    )
    seconds = []
    for _ in range(FASTEST_OF):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=CHECKOUT)
        seconds.append(time.perf_counter() - began)
    assert min(seconds) < HELP_SECONDS
