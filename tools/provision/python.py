"""The virtual environment: hashed packages, and this project's own commands."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from provision.command import SetupError, run
from provision.record import Record, fingerprint

if TYPE_CHECKING:
    from provision.places import Places
    from provision.screen import Step

STEP = "python"
PLATFORM, TEST = "platform", "test"  # the second holds the first
INSTALL_SECONDS = 900


def wanted(places: Places, record: Record, level: str) -> str:
    """What should be installed: never less than what already is."""
    kept = TEST if record.get(STEP).startswith(TEST) else level
    requirements = places.checkout / "requirements"
    files = (requirements / "bootstrap.txt", requirements / f"{kept}.txt", places.checkout / "pyproject.toml")
    return f"{kept} {fingerprint(*files, sys.version, str(places.checkout))}"


def is_done(places: Places, record: Record, level: str) -> bool:
    """Whether the environment is complete and up to date."""
    command = places.venv / "bin" / "ops"
    return record.get(STEP) == wanted(places, record, level) and command.exists() and places.python.exists()


def install(places: Places, record: Record, level: str, step: Step) -> None:
    """Make or complete the virtual environment.

    Raises:
        SetupError: Python has no venv module, or a package cannot be installed.
    """
    target = wanted(places, record, level)
    record.begin(STEP)
    environment = places.environment()
    if not _works(places, environment):
        step.doing = "making .venv"
        _make(places, environment)
    requirements = places.checkout / "requirements" / f"{target.partition(' ')[0]}.txt"
    count = sum("==" in line for line in requirements.read_text().splitlines())
    step.doing = f"installing {count} packages"
    uv = [places.python, "-m", "uv", "pip"]
    run([*uv, "sync", "-q", "--require-hashes", requirements], environment, places.checkout, INSTALL_SECONDS)
    own = ["install", "-q", "--no-deps", "--no-build-isolation", "--no-index", "-e", "."]
    run([*uv, *own], environment, places.checkout, INSTALL_SECONDS)
    step.doing = f"{count} packages in .venv"
    record.finish(STEP, target)


def _works(places: Places, environment: dict[str, str]) -> bool:
    try:
        check = "import sys, uv; sys.exit(sys.prefix == sys.base_prefix)"
        run([places.python, "-c", check], environment, places.checkout, seconds=20)
    except SetupError:
        return False
    return True


def _make(places: Places, environment: dict[str, str]) -> None:
    try:
        run([sys.executable, "-m", "venv", "--clear", places.venv], environment, places.checkout, seconds=120)
    except SetupError as error:
        raise SetupError(
            f"{error}\n  Without a virtual environment nothing can be installed. On Debian and Ubuntu: "
            f"apt install python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        ) from error
    bootstrap = places.checkout / "requirements" / "bootstrap.txt"
    pip = [places.python, "-m", "pip", "install", "-q", "--require-hashes", "-r", bootstrap]
    run(pip, environment, places.checkout, INSTALL_SECONDS)
