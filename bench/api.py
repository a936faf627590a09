"""Measures the API: what a submission costs beside its upstream calls, calls a route, and the worker's start.

    python bench/api.py [--json] [--rounds 200] [--starts 10]

The real edge serves our worker, with upstreams that take no time, with distant ones (fixed delays), and with
the local cloud's own Supabase and RunPod, whose renderer is held. A request and its upstream calls by
themselves, from the bench's own client, take turns, so that noise hits all alike.
Lasts a third of a second a round, ten seconds a start, and 30 s more.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import startup, submission, trips
from bench.deployment import deployed, workerd
from bench.stand_ins import stand_ins

if TYPE_CHECKING:
    from collections.abc import Sequence

SUBMISSION_AIM = 1.3  # a request's time over that of its upstream calls, at most
START_AIM = 1.2  # our worker's start over a bare Python worker's, at most


def measure(rounds: int, starts: int, folder: Path) -> dict[str, Any]:
    """Measure everything; the report as data."""
    submissions, bodies = submission.with_stand_in(folder / "stand-in", rounds, _say)
    with stand_ins(folder / "local-cloud") as real, deployed(real.settings, real.bindings) as edge:
        submissions["local cloud"] = submission.with_local_cloud(real, edge, bodies, rounds)
        _say("submission, upstreams: local cloud")
        counted = trips.Routes(real, edge).count()
    started = startup.measure(workerd(), folder / "starts", starts, _say)
    return {
        "submission": submissions,
        "routes": counted,
        "start": started,
        "load": [round(load, 1) for load in os.getloadavg()],
        "processors": os.cpu_count(),
    }


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def show(report: dict[str, Any]) -> None:
    """Print the report as tables."""
    _show_submissions(report["submission"])
    _show_routes(report["routes"])
    _show_starts(report["start"])
    print(f"\nload {report['load']} on {report['processors']} processors", end="")
    print(": the noise of other programs is in these figures" if _is_noisy(report) else "")


def _is_noisy(report: dict[str, Any]) -> bool:
    """Tell whether others wanted the processors too; the bench by itself takes little more than one."""
    return bool(report["load"][0] > report["processors"])


def _show_submissions(measured: dict[str, dict[str, float]]) -> None:
    names = ["request", submission.CREATE, submission.RUN, "adds", "adds at least"]
    print(f"{'POST /jobs/create, ms':24}{''.join(f'{name:>15}' for name in names)}{'ratio':>8}")
    for upstreams, row in measured.items():
        milliseconds = "".join(f"{row[name]:15.2f}" for name in names)
        print(f"{upstreams:24}{milliseconds}{row['ratio']:8.2f}")
    print(f"aim {SUBMISSION_AIM}; {submission.RECORD} follows the answer")


def _show_routes(counted: list[dict[str, Any]]) -> None:
    print(f"\n{'calls of a request':52}{'database':28}provider")
    for row in counted:
        calls = f"{', '.join(row['database']) or '-':28}{', '.join(row['provider']) or '-':8}"
        print(f"{row['family']:12}{row['route']:40}{calls}{'' if trips.is_within(row) else 'over the aim'}")


def _show_starts(started: dict[str, dict[str, float]]) -> None:
    print(f"\n{'start to first answer':24}{'ms':>8}{'ours is':>10}{'CPU ms':>9}{'ours is':>10}")
    for name, row in started.items():
        figures = f"{row['ms']:8.0f}{row['ratio']:10.2f}{row['cpu_ms']:9.0f}{row['cpu_ratio']:10.2f}"
        print(f"{name:24}{figures}")
    print(f"aim {START_AIM}")


def main(words: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="the report as one JSON object")
    parser.add_argument("--rounds", type=int, default=200, help="submissions, of each kind of upstreams")
    parser.add_argument("--starts", type=int, default=10, help="of each worker")
    arguments = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="alphogen-bench-") as folder:
        report = measure(arguments.rounds, arguments.starts, Path(folder))
    if arguments.json:
        print(json.dumps(report, indent=2))
    else:
        show(report)


if __name__ == "__main__":
    main()
