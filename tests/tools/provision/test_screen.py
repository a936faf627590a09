from __future__ import annotations

import fcntl
import io
import os
import pty
import struct
import termios
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyte
import pytest

from provision import screen
from provision.screen import Screen
from tests.tools.checkout import ENOUGH_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.tools.checkout import Checkout

COLUMNS = 40


class Terminal:
    """A terminal without a screen, whose rows can be read."""

    def __init__(self, columns: int = COLUMNS) -> None:
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        os.set_blocking(self.master, False)
        self.bytes = b""
        self.screen = pyte.Screen(COLUMNS, 24)
        self.stream = pyte.ByteStream(self.screen)

    def read(self) -> list[str]:
        try:
            while chunk := os.read(self.master, 65_536):
                self.bytes += chunk
                self.stream.feed(chunk)
        except (BlockingIOError, OSError):
            pass
        return [row.rstrip() for row in self.screen.display if row.strip()]

    def until(self, shown: Callable[[list[str]], bool]) -> list[str]:
        late = time.monotonic() + ENOUGH_SECONDS
        while not shown(rows := self.read()):
            assert time.monotonic() < late, rows
            time.sleep(0.01)
        return rows


@contextmanager
def terminal(columns: int = COLUMNS) -> Iterator[tuple[Terminal, Screen]]:
    shown = Terminal(columns)
    with os.fdopen(shown.slave, "w") as stream:
        yield shown, Screen(stream)
    os.close(shown.master)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen, "REDRAW_SECONDS", 0.01)
    monkeypatch.setattr(screen, "PLAIN_SECONDS", 0.05)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_a_terminal_shows_what_moves_and_keeps_only_how_it_ended() -> None:
    with terminal() as (shown, on):
        with on.step("Node packages") as step:
            step.doing = "npm ci"
            shown.until(lambda rows: rows == ["… Node packages      npm ci 0 s"])
            on.note("a note stands above")
            step.doing = "node_modules"
            shown.until(lambda rows: rows == ["a note stands above", "… Node packages      node_modules 0 s"])
        [note, ended] = shown.until(lambda rows: rows[-1].startswith("✓"))
        assert note == "a note stands above"
        assert ended.startswith("✓ Node packages      node_modules 0.")
        assert f"{screen.GREEN}✓{screen.RESET}".encode() in shown.bytes


def test_steps_side_by_side_have_a_line_each() -> None:
    with terminal() as (shown, on), on.step("one"):
        with on.step("two"):
            shown.until(lambda rows: [row[:5] for row in rows] == ["… one", "… two"])
        shown.until(lambda rows: [row[:5] for row in rows] == ["✓ two", "… one"])


def test_a_line_that_is_too_long_is_cut_so_that_it_can_be_drawn_over() -> None:
    with terminal() as (shown, on):
        with on.step("one") as step:
            step.doing = "x" * 200
            rows = shown.until(lambda rows: "x" in "".join(rows))
            assert len(rows) == 1
            assert len(rows[0]) < COLUMNS
            step.doing = ""
        shown.until(lambda rows: len(rows) == 1 and rows[0].startswith("✓ one"))


def test_a_terminal_that_does_not_know_its_width_shows_the_line_whole() -> None:
    with terminal(columns=0) as (shown, on), on.step("one") as step:
        step.doing = "doing"
        shown.until(lambda rows: rows == ["… one                doing 0 s"])


def test_a_failed_step_is_marked_in_red() -> None:
    with terminal() as (shown, on):
        with pytest.raises(ValueError, match="no"), on.step("one"):
            raise ValueError("no")
        shown.until(lambda rows: len(rows) == 1 and rows[0].startswith("✗ one"))
        assert f"{screen.RED}✗{screen.RESET}".encode() in shown.bytes


def test_no_colour_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    with terminal() as (shown, on):
        with on.step("one"):
            pass
        shown.until(lambda rows: len(rows) == 1 and rows[0].startswith("✓ one"))
        assert screen.GREEN.encode() not in shown.bytes


def test_a_dumb_terminal_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    with terminal() as (shown, on):
        with on.step("one"):
            pass
        shown.until(lambda rows: len(rows) == 1)
        assert b"\033" not in shown.bytes


def test_a_pipe_gets_a_plain_line_now_and_then_and_one_at_the_end() -> None:
    stream = io.StringIO()
    on = Screen(stream)
    with on.step("one") as step:
        step.doing = "compiling"
        late = time.monotonic() + ENOUGH_SECONDS
        while "compiling" not in stream.getvalue():
            assert time.monotonic() < late
            time.sleep(0.01)
    lines = stream.getvalue().splitlines()
    assert lines[0].startswith("  one                compiling 0.")
    assert lines[-1].startswith("✓ one                compiling 0.")
    assert "\033" not in stream.getvalue()


def test_set_up_in_a_pipe_is_plain_and_on_a_terminal_coloured(checkout: Checkout) -> None:
    code, said = checkout.set_up()
    assert code == 0
    assert "\033" not in said
    (checkout.folder / "package.json").write_text("[]")
    shown = Terminal()
    process = checkout.begin_on(shown.slave, TERM="xterm-256color")
    assert process.wait(ENOUGH_SECONDS) == 0
    shown.until(lambda rows: len(rows) == 1 and rows[0].startswith("✓ Node packages"))
    assert screen.GREEN.encode() in shown.bytes
    process.communicate()
    os.close(shown.slave)
    os.close(shown.master)
