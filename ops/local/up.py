"""`ops local up`."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ops.example import Command
from ops.session import current, is_terminal, json_option, print_json
from ops.stages import Stages, display

if TYPE_CHECKING:
    from localcloud.config import Config


@dataclass
class Outcome:
    """What the run came to."""

    config: Config
    changes: str


@click.command(
    cls=Command,
    examples={
        "ops local up": "start what does not run, provision, check",
        "ops local up --no-smoke": "leave the checks out",
        "ops local up --json": "progress on stderr, one JSON document at the end",
    },
)
@click.option("--smoke/--no-smoke", default=True, show_default=True, help="Run the smoke checks at the end.")
@json_option
def command(*, smoke: bool) -> None:
    """Start the local cloud, provision the local stack, run the smoke checks.

    Run it again at any time: it repairs what is down, applies what changed and says so when there is
    nothing to do. What was interrupted continues.
    """
    from localcloud import config, lock  # noqa: PLC0415 - help needs none of it

    stages = Stages(display(is_terminal=is_terminal(), as_json=current().json))
    state = config.state_dir()
    with lock.held(state, "ops local up", lambda who: stages.display.note(f"waiting for {who} to end")):
        outcome = _run(stages)
        if smoke:
            _smoke(stages)
    _tell(outcome, stages)


def _run(stages: Stages) -> Outcome:
    from localcloud import config, engine, settings, supervisor  # noqa: PLC0415 - help needs none of it
    from localcloud.provider import install  # noqa: PLC0415

    state = config.state_dir()
    with stages.stage("settings") as stage:
        prepared, moved = settings.prepare(state, supervisor.listening(state), stage.note)
        if moved:
            # Those that run know the old ports of their neighbours.
            supervisor.stop(state)
        stage.result = str(state)
    with stages.stage("processes") as stage:
        started = supervisor.start(prepared, stage.say)
        stage.result = f"{len(started)} started" if started else "all were running"
    with stages.stage("provider plugin") as stage:
        install.install(state / "pulumi-home")
        stage.result = f"cloudflare {install.VERSION}"
    with stages.stage("pulumi up") as stage:
        stage.result = engine.provision(prepared, stage.say)
        changes = stage.result
    return Outcome(prepared, changes)


def _smoke(stages: Stages) -> None:
    from ops import smoke  # noqa: PLC0415 - only this stage needs it
    from ops.checks import report  # noqa: PLC0415

    with stages.stage("smoke") as stage:
        results = smoke.results_of("local")
        for result in results:
            stage.note(report.line(result))
        failed = [result for result in results if not result.ok]
        if failed:
            raise smoke.failure(failed)
        stage.result = f"{len(results)} checks passed"


def _tell(outcome: Outcome, stages: Stages) -> None:
    ports = outcome.config.ports
    urls = {
        "API": f"http://127.0.0.1:{ports.api}",
        "Cloudflare API": f"http://127.0.0.1:{ports.cloudflare}/client/v4",
        "Supabase": f"http://127.0.0.1:{ports.supabase}",
        "RunPod": f"http://127.0.0.1:{ports.runpod}",
    }
    if current().json:
        print_json({"ok": True, "urls": urls, "changes": outcome.changes, "seconds": stages.seconds})
        return
    _panel(urls, sum(stages.seconds.values()))


def _panel(urls: dict[str, str], seconds: float) -> None:
    ops = _spelled()
    tries = {
        f"curl -s {urls['API']}/health": "the API's own word",
        f'eval "$({ops} local env)"': "point this shell at the local cloud",
        f"{ops} local token --email ada@example.com": "a user's token",
        f"{ops} local status": "what runs, and how much memory it takes",
        f"{ops} local logs -f": "watch it work",
        f"{ops} local down": "stop it; the data stays",
    }
    width = max(map(len, tries))
    lines = [f"{name:<15} {url}" for name, url in urls.items()]
    lines += ["", *(f"{line:<{width}}  # {about}" for line, about in tries.items())]
    title = f"AlphoGenAI runs on this machine ({seconds:.0f} s)"
    if is_terminal():
        _boxed(title, lines)
        return
    click.echo(f"\n{title}")
    click.echo("\n".join(lines))


def _spelled() -> str:
    """How this shell can call `ops`: by its path as long as the virtual environment is not on PATH."""
    ours = Path(sys.executable).parent / "ops"
    if shutil.which("ops") == str(ours):
        return "ops"
    return str(ours.relative_to(Path.cwd())) if ours.is_relative_to(Path.cwd()) else str(ours)


def _boxed(title: str, lines: list[str]) -> None:
    from rich.console import Console  # noqa: PLC0415 - a pipe does not need it
    from rich.panel import Panel  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    content: Any = Text("\n".join(lines))
    Console().print(Panel(content, title=title, border_style="green", expand=False))
