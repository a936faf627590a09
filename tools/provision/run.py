"""The steps of set-up, in order, those that are independent side by side."""

from __future__ import annotations

import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from provision import node, places, pulumi, python
from provision.command import SetupError, end_all, notice_interruptions, pause
from provision.lock import held
from provision.record import Record
from provision.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from provision.places import Places

USAGE = """Brings what the platform needs into this checkout.

  python3 tools/setup.py                 what `make up` needs
  python3 tools/setup.py --test          what `make test` needs too
  python3 tools/setup.py --clean-tools   empty the folder of built tools that checkouts share
"""


LISTEN_SECONDS = 0.1
REMEDY = (
    "  What is done is kept. It writes into this checkout and into the folder of built tools, which\n"
    "  XDG_CACHE_HOME moves: make room or mend the permissions there, then run the same command again."
)


def main(arguments: Sequence[str]) -> int:
    """Exit code: 0 done, 1 a step failed, 2 wrong usage, 130 interrupted."""
    here = places.here()
    if arguments in ([], ["--test"]):
        level = python.TEST if arguments else python.PLATFORM
        return _guarded(lambda screen: _set_up(here, level, screen))
    if arguments == ["--clean-tools"]:
        return _guarded(lambda screen: _clean(here, screen))
    sys.stderr.write(USAGE)
    return 0 if arguments in (["-h"], ["--help"]) else 2


def _guarded(work: Callable[[Screen], None]) -> int:
    screen = Screen()
    notice_interruptions()
    try:
        work(screen)
    except SetupError as error:
        screen.note(f"\nSet-up stopped. {error}")
        return 1
    except OSError as error:
        screen.note(f"\nSet-up stopped. {error}.\n{REMEDY}")
        return 1
    except KeyboardInterrupt:
        screen.note("\nSet-up was interrupted. What is done is kept: run the same command to go on.")
        return 130
    return 0


def _set_up(here: Places, level: str, screen: Screen) -> None:
    started = time.monotonic()
    record = Record(here.local / "setup.json")
    if _is_done(here, record, level):
        screen.note(f"✓ set-up is complete ({time.monotonic() - started:.2f} s)")
        return
    with held(here.local / "setup.lock", screen.note):
        _side_by_side(_first(here, record, level, screen))
        _side_by_side(_then(here, record, screen))


def _is_done(here: Places, record: Record, level: str) -> bool:
    return python.is_done(here, record, level) and node.is_done(here, record) and pulumi.is_done(here, record)


def _first(here: Places, record: Record, level: str, screen: Screen) -> list[Callable[[], None]]:
    def install_python() -> None:
        with screen.step("Python packages") as step:
            python.install(here, record, level, step)

    return [] if python.is_done(here, record, level) else [install_python]


def _then(here: Places, record: Record, screen: Screen) -> list[Callable[[], None]]:
    """Node's packages and the engine have nothing in common but the record, whose writes are short."""

    def install_node() -> None:
        with screen.step("Node packages") as step:
            node.install(here, record, step)

    def install_pulumi() -> None:
        with screen.step("Pulumi engine") as step:
            pulumi.install(here, record, step)

    return [
        *([] if node.is_done(here, record) else [install_node]),
        *([] if pulumi.is_done(here, record) else [install_pulumi]),
    ]


def _side_by_side(steps: Sequence[Callable[[], None]]) -> None:
    """Run steps in threads, while the main one listens for an interruption."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        try:
            for future in [pool.submit(step) for step in steps]:
                while not wait([future], LISTEN_SECONDS).done:
                    pause(0)
                future.result()
        except BaseException:
            end_all()
            raise


def _clean(here: Places, screen: Screen) -> None:
    shutil.rmtree(here.tool_cache, ignore_errors=True)
    screen.note(f"✓ {here.tool_cache} is empty; the next set-up builds the tools again")
