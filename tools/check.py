"""Every check and every test: `python tools/check.py [--lint]`. Run by `make test` and `make lint`.

The checks run side by side and all of them run, whatever fails; the tests come last, so that their closing
line is what stays on the screen.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
NODE = ROOT / "node_modules" / ".bin"
ROOMS = ("bench", "infra", "localcloud", "ops", "renderer", "smoke", "stacks", "tests", "tools", "worker")
CHECK_SECONDS = 900
TEST_SECONDS = 4_500  # under the 90 minutes that CI has


@dataclass(frozen=True)
class Check:
    """One command that passes or fails."""

    name: str
    command: tuple[str | Path, ...]


def checks() -> tuple[Check, ...]:
    """All checks but the tests."""
    scripts = _tracked("*.sh", ".ci/run")
    return (
        Check("types (mypy)", (BIN / "mypy", *ROOMS)),
        Check("style (ruff)", (BIN / "ruff", "check", "--quiet", ".")),
        Check("format (ruff)", (BIN / "ruff", "format", "--check", "--quiet", ".")),
        Check("edge types (tsc)", (NODE / "tsc", "--project", "localcloud/edge/tsconfig.json")),
        Check("SQL (sqlfluff)", (BIN / "sqlfluff", "lint", "--nocolor", "supabase", "localcloud")),
        Check("shell (shellcheck)", (BIN / "shellcheck", *scripts)),
        Check("YAML (yamllint)", (BIN / "yamllint", "--strict", *_tracked("*.yaml", "*.yml"))),
        Check("API's reference", (BIN / "python", "tools/api_reference.py", "--check")),
        Check("links of the docs", (BIN / "python", "tools/links.py")),
    )


def _tracked(*patterns: str) -> list[str]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [name for name in names if (ROOT / name).exists()]


def environment() -> dict[str, str]:
    """The checkout's own tools first; nothing of a local cloud that this shell points at."""
    path = os.pathsep.join([str(BIN), str(ROOT / ".local" / "tools" / "bin"), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "PYTHONPATH": ""}


def run(check: Check) -> bool:
    """Run one check and say how it went; what it printed is shown when it fails."""
    started = time.monotonic()
    try:
        done = subprocess.run(
            [str(part) for part in check.command],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=CHECK_SECONDS,
            check=False,
        )
        passed, said = done.returncode == 0, done.stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        passed, said = False, f"{error}\n"
    mark = "✓" if passed else "✗"
    sys.stdout.write(f"{mark} {check.name} ({time.monotonic() - started:.1f} s)\n{'' if passed else said}")
    sys.stdout.flush()
    return passed


def tests() -> bool:
    """The tests, on both cores; pytest says itself how it went."""
    command = [str(BIN / "pytest"), "-n", "2", "-q"]
    return (
        subprocess.run(command, cwd=ROOT, env=environment(), timeout=TEST_SECONDS, check=False).returncode
        == 0
    )


def main() -> int:
    """Exit code 0 when all passed."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        failed = [name for name in pool.map(_name_if_failed, checks()) if name]
    if sys.argv[1:] != ["--lint"] and not tests():
        failed.append("tests (pytest)")
    if failed:
        sys.stderr.write(f"Did not pass: {', '.join(failed)}. What each said stands above.\n")
    return 1 if failed else 0


def _name_if_failed(check: Check) -> str:
    return "" if run(check) else check.name


if __name__ == "__main__":
    sys.exit(main())
