"""Writes docs/api.md from the routes that serve: `python tools/api_reference.py [--check]`.

With `--check` nothing is written, and the exit code is 1 when the page is not what the routes say.
"""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "worker"))

from reference import page, served  # noqa: E402 - the worker is no package: the line above makes it found

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE = ROOT / "docs" / "api.md"
MOST_LINES = 20  # of the difference: enough to see what changed


def compare(written: str, served_now: str) -> int:
    """Say how a page differs from what it should be; exit code 0 when it does not."""
    lines = difflib.unified_diff(
        written.splitlines(), served_now.splitlines(), "as written", "as served", lineterm=""
    )
    difference = list(lines)
    if not difference:
        return 0
    sys.stdout.writelines(f"{line}\n" for line in difference[:MOST_LINES])
    sys.stdout.write(
        "docs/api.md is not what the routes say.\n"
        "Whoever reads it would call the API wrongly.\n"
        "→ Run `.venv/bin/python tools/api_reference.py` and commit the page.\n"
    )
    return 1


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 when the page is written, or is as it should be."""
    text = page.write(served.document())
    if list(arguments) == ["--check"]:
        return compare(PAGE.read_text() if PAGE.exists() else "", text)
    PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
