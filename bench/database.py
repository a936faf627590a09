"""Measures the database: the API's reads at two sizes, and creating jobs by one call or by many statements.

    python bench/database.py [--json] [--small 10000] [--large 5000000] [--rounds 5] [--seconds 5]

A Postgres of its own is started and filled: two databases that differ in nothing but the number of jobs, of
1,000 users, take turns. Filling the large one takes some minutes and 5 GB of disk.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import creation, reads
from bench.postgres import Server

if TYPE_CHECKING:
    from collections.abc import Sequence

GROWTH_AIM = 1.5  # p99 at the large size over p99 at the small one, at most
CREATION_AIM = 3.0  # jobs a second by one call over jobs a second by statements, at least


def measure(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Fill the databases and measure."""
    with Server(folder) as server:
        for name in ("small", "large", "called", "stated"):
            server.copy(name)
        for name, jobs in (("small", arguments.small), ("large", arguments.large)):
            reads.fill(server, name, jobs, _say)
        growth = reads.compare(server, "small", "large", arguments.rounds, _say)
        throughput = creation.compare(server, arguments.rounds, arguments.seconds, _say)
    return {"jobs": [arguments.small, arguments.large], "reads": growth, "creation": throughput}


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def show(measured: dict[str, Any]) -> str:
    """Lay the figures out as two tables."""
    small, large = (f"{jobs:,} jobs" for jobs in measured["jobs"])
    lines = [f"{'p99, ms':<16}{small:>16}{large:>18}{'ratio':>8}"]
    for name, row in measured["reads"].items():
        lines.append(f"{name:<16}{row['small']:>16.2f}{row['large']:>18.2f}{row['ratio']:>8.2f}")
    lines.append(f"aim: at most {GROWTH_AIM}\n")
    creating = measured["creation"]
    lines.append(f"{'jobs/s, 64 clients':<24}{'one call':>12}{'statements':>12}{'ratio':>8}")
    figures = (creating["called"], creating["stated"], creating["ratio"])
    lines.append(f"{'':<24}{figures[0]:>12.0f}{figures[1]:>12.0f}{figures[2]:>8.2f}")
    lines.append(f"aim: at least {CREATION_AIM}")
    return "\n".join(lines)


def main(words: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--small", type=int, default=10_000, help="jobs in the small database")
    parser.add_argument("--large", type=int, default=5_000_000, help="jobs in the large database")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each round of creating jobs")
    arguments = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="alphogen-bench-") as folder:
        measured = measure(arguments, Path(folder))
    print(json.dumps(measured) if arguments.json else show(measured))


if __name__ == "__main__":
    main()
