"""Draws what a command shows on a terminal: `python tools/picture.py docs/images/make-up.svg make up`."""

from __future__ import annotations

import os
import pty
import re
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pyte
from rich.console import Console
from rich.text import Text

COLUMNS, LINES = 100, 200


def screen_of(command: list[str]) -> pyte.Screen:
    """The screen once the command has ended."""
    screen = pyte.Screen(COLUMNS, LINES)
    stream = pyte.ByteStream(screen)
    home = str(Path.home()).encode()  # whose machine it was drawn on is nobody's business

    def read(terminal: int) -> bytes:
        chunk = os.read(terminal, 65_536)
        stream.feed(chunk.replace(home, b"~"))
        return chunk

    os.environ.update(COLUMNS=str(COLUMNS), LINES=str(LINES), TERM="xterm-256color")
    status = pty.spawn(command, read)
    if status:
        sys.exit(os.waitstatus_to_exitcode(status))
    return screen


def lines_of(screen: pyte.Screen) -> list[Text]:
    """What the screen shows, coloured, without the empty rest."""
    lines = [_line([screen.buffer[row][column] for column in range(COLUMNS)]) for row in range(LINES)]
    while lines and not lines[-1].plain:
        lines.pop()
    return lines


def _line(characters: list[Any]) -> Text:
    text = Text()
    for character in characters:
        colour = "" if character.fg == "default" else character.fg.replace("brown", "yellow")
        text.append(character.data, f"{'bold ' if character.bold else ''}{colour}".strip())
    text.rstrip()
    return text


def main(target: str, *command: str) -> None:
    """Run, and write the picture."""
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True)
    console.print(Text.from_markup(f"[green]$[/green] {' '.join(command)}"))
    for line in lines_of(screen_of(list(command))):
        console.print(line)
    # Without the fonts it would fetch: a picture asks nothing of the network.
    picture = re.sub(
        r"@font-face \{.*?\}\s*", "", console.export_svg(title="AlphoGenAI platform"), flags=re.DOTALL
    )
    Path(target).write_text(picture)


if __name__ == "__main__":
    main(*sys.argv[1:])
