"""The root of the command line, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import TYPE_CHECKING

import click

from localcloud.errors import LocalCloudError
from ops.errors import OpsError, WrongUsageError, translated
from ops.lazy import LazyGroup
from ops.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED = 130  # what a shell reports for a command that Ctrl-C ended


@click.group(
    cls=LazyGroup,
    lazy={
        "local": ("ops.local", "The local cloud: up, down, status, logs, reset, env, token, user."),
        "smoke": ("ops.smoke", "Check a running stack against its success criteria."),
        "completion": ("ops.completion", "Print the shell completion script."),
    },
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 fine, 1 something failed, 2 wrong usage or settings, 3 a dependency is down.",
)
@click.version_option(package_name="alphogenai-platform", prog_name="ops", message="%(prog)s %(version)s")
def root() -> None:
    """Run AlphoGenAI's platform: start it on this machine, check it, look into it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended or interrupted: the same tidy way out
    session = Session()
    colour = False if os.environ.get("NO_COLOR") else None  # None: where a terminal shows it
    try:
        code = root.main(args=arguments, prog_name="ops", standalone_mode=False, obj=session, color=colour)
    except OpsError as error:
        return _tell(error, session)
    except LocalCloudError as error:
        return _tell(translated(error), session)
    except click.ClickException as error:
        return _tell(_usage(error), session)
    except (KeyboardInterrupt, click.Abort):
        click.echo("\nInterrupted. What was done is kept; the same command continues from here.", err=True)
        return INTERRUPTED
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code if isinstance(code, int) else 0


def _usage(error: click.ClickException) -> WrongUsageError:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "ops"
    return WrongUsageError(error.format_message(), "Nothing was done.", f"See `{path} --help`.")


def _tell(error: OpsError, session: Session) -> int:
    parts = {"happened": error.happened, "means": error.means, "remedy": error.remedy, "detail": error.detail}
    if session.json:
        click.echo(json.dumps({"error": {**parts, "exit_code": error.exit_code}}, indent=2))
        return error.exit_code
    colour = False if os.environ.get("NO_COLOR") else None
    if error.detail:
        click.echo(_indented(error.detail), err=True)
    click.echo(click.style(error.happened, fg="red", bold=True), err=True, color=colour)
    click.echo(error.means, err=True)
    click.echo(f"→ {error.remedy}", err=True)
    return error.exit_code


def _indented(text: str) -> str:
    return "\n".join(f"  │ {line}" for line in text.splitlines())


if __name__ == "__main__":
    sys.exit(main())
