from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from rich.terminal_theme import SVG_EXPORT_THEME

import picture
from tests.tools.checkout import TOOLS

if TYPE_CHECKING:
    from pathlib import Path

COLOURED = r"""
printf '\033[32mgreen\033[0m \033[1;31mboldred\033[0m \033[93mbright\033[0m \033[38;5;208morange\033[0m\n'
printf 'moving\033[1G\033[Kended [up]\n'
"""
PLACES = """
printf '%s' "${HOME%????}"; sleep 0.1; echo "${HOME#"${HOME%????}"}/file"
echo "$TMPDIR/other $CHECKOUT/docs"
"""


def draw(folder: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    (folder / "secretive").mkdir(exist_ok=True)
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder / "secretive"), **variables}
    return subprocess.run(
        [sys.executable, TOOLS / "picture.py", folder / "picture.svg", *command],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def words(svg: str) -> str:
    """What can be read in a picture."""
    lines = re.findall(r'<text class="terminal-[^"]*"[^>]*>(.*?)</text>', svg)
    return html.unescape("".join(lines)).replace("\xa0", " ")


def colour_of(word: str, svg: str) -> str:
    shown = re.search(rf'<text class="(terminal-[^"]*)"[^>]*>{word}</text>', svg)
    assert shown, word
    style = re.search(rf"\.{shown[1]} \{{ fill: (#[0-9a-f]+)", svg)
    assert style, shown[1]
    return style[1]


def test_a_coloured_terminal_is_drawn_as_it_looks(tmp_path: Path) -> None:
    done = draw(tmp_path, "sh", "-c", COLOURED)
    assert done.returncode == 0, done.stderr
    svg = (tmp_path / "picture.svg").read_text()
    colours = SVG_EXPORT_THEME.ansi_colors
    for word, number in (("green", 2), ("boldred", 1), ("bright", 11)):
        assert colour_of(word, svg) == "#{:02x}{:02x}{:02x}".format(*colours[number])
    assert colour_of("orange", svg) == "#ff8700"
    assert "ended [up]" in words(svg)
    assert "moving" not in words(svg).replace("printf 'moving", "")
    assert "AlphoGenAI platform" in words(svg)


def test_a_picture_names_no_place_of_the_machine_and_asks_nothing_of_the_network(tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    home = tmp_path / "secretive"
    done = draw(
        tmp_path,
        *("sh", "-c", f"{PLACES} # {home}/typed"),
        TMPDIR=str(temporary),
        CHECKOUT=str(TOOLS.parent),
    )
    assert done.returncode == 0, done.stderr
    svg = (tmp_path / "picture.svg").read_text()
    said = words(svg)
    for place in (str(tmp_path), "secretive", "temporary", str(TOOLS.parent)):
        assert place not in said.replace("\n", "")
    assert "~/file" in said
    assert "~/tmp/other ~/platform/docs" in said
    assert "~/typed" in said
    assert "@font-face" not in svg


def test_a_command_that_fails_is_not_drawn(tmp_path: Path) -> None:
    done = draw(tmp_path, "sh", "-c", "exit 3")
    assert done.returncode == 3
    assert not (tmp_path / "picture.svg").exists()


@pytest.mark.parametrize(
    ("name", "colour"),
    [
        ("default", ""),
        ("brown", "yellow"),
        ("brightbrown", "bright_yellow"),
        ("brightmagenta", "bright_magenta"),
        ("0087ff", "#0087ff"),
    ],
)
def test_colours_have_the_names_that_the_drawing_knows(name: str, colour: str) -> None:
    assert picture._colour(name) == colour


def test_a_home_at_the_root_does_not_eat_every_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/")
    assert picture._without_places("/etc/hosts and/or") == "/etc/hosts and/or"


def test_a_longer_name_is_not_taken_for_the_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    assert picture._without_places("/home/ann /home/anna /home/ann/x") == "~ /home/anna ~/x"
