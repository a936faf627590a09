"""Draws what a command shows on a terminal: `python tools/picture.py docs/images/make-up.svg make up`."""

from __future__ import annotations

import os
import pty
import re
import sys
import tempfile
from io import StringIO
from itertools import groupby
from pathlib import Path
from typing import Any

import pyte
from rich.console import Console
from rich.text import Text

CHECKOUT = Path(__file__).resolve().parent.parent
COLUMNS, LINES = 100, 200


def screen_of(command: list[str]) -> pyte.Screen:
    """The screen once the command has ended."""
    shown = bytearray()

    def read(terminal: int) -> bytes:
        chunk = os.read(terminal, 65_536)
        shown.extend(chunk)
        return chunk

    os.environ.update(COLUMNS=str(COLUMNS), LINES=str(LINES), TERM="xterm-256color")
    status = pty.spawn(command, read)
    if status:
        sys.exit(os.waitstatus_to_exitcode(status))
    screen = pyte.Screen(COLUMNS, LINES)
    pyte.ByteStream(screen).feed(_without_places(bytes(shown).decode(errors="replace")).encode())
    return screen


def _without_places(text: str) -> str:
    """Whose machine it was drawn on is nobody's business."""
    places = {CHECKOUT: "~/platform", Path(tempfile.gettempdir()): "~/tmp", Path.home(): "~"}
    names = {str(path): name for place, name in places.items() for path in (place, place.resolve())}
    for path in sorted(names.keys() - {"/"}, key=len, reverse=True):
        text = re.sub(re.escape(path) + r"(?![\w.-])", names[path], text)
    return text


def lines_of(screen: pyte.Screen) -> list[Text]:
    """What the screen shows, coloured, without the empty rest."""
    lines = [_line([screen.buffer[row][column] for column in range(COLUMNS)]) for row in range(LINES)]
    while lines and not lines[-1].plain:
        lines.pop()
    return lines


def _line(characters: list[Any]) -> Text:
    text = Text()
    for style, group in groupby(characters, key=_style):
        text.append("".join(character.data for character in group), style)
    text.rstrip()
    return text


def _style(character: Any) -> str:
    return f"{'bold ' if character.bold else ''}{_colour(character.fg)}".strip()


def _colour(name: str) -> str:
    """A colour of pyte's as rich names it: `brightbrown` is `bright_yellow`, `ff8700` is `#ff8700`."""
    if name == "default":
        return ""
    if re.fullmatch(r"[0-9a-f]{6}", name):
        return f"#{name}"
    return name.replace("brown", "yellow").replace("bright", "bright_")


def main(target: str, *command: str) -> None:
    """Run, and write the picture."""
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True)
    console.print(Text.assemble(("$", "green"), " ", _without_places(" ".join(command))))
    for line in lines_of(screen_of(list(command))):
        console.print(line)
    # Without the fonts it would fetch: a picture asks nothing of the network.
    picture = re.sub(
        r"@font-face \{.*?\}\s*", "", console.export_svg(title="AlphoGenAI platform"), flags=re.DOTALL
    )
    Path(target).write_text(picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
