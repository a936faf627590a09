"""The Pulumi engine and its language host for Python: from PATH, else installed, else built."""

from __future__ import annotations

import os
import re
import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from provision import cache
from provision.command import SetupError, run
from provision.go import Go
from provision.record import Record, fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable

    from provision.places import Places
    from provision.screen import Step

STEP = "pulumi"
VERSION = "3.259.0"
RECIPE = "1"  # another one where the way it is built changes: checkouts share what was built
OLDEST = (3, 200)
ENGINE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
LANGUAGE_HOST = "github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python"
SDK = "github.com/pulumi/pulumi/sdk/v3"
STAMP = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
PROGRAMS = ("pulumi", "pulumi-language-python", "pulumi-language-python-exec")
INSTALLER_ANSWERS_SECONDS = 5
INSTALLER_SECONDS = 240


def wanted(places: Places) -> str:
    """What should be there."""
    return fingerprint(VERSION, RECIPE, *_sources(places))


def is_done(places: Places, record: Record) -> bool:
    """Whether the engine is there, whole, and of the right version."""
    if record.get(STEP) != wanted(places):
        return False
    engine, *others = [places.tools / program for program in PROGRAMS]
    return all(link.exists() for link in others) and cache.is_linked(engine, places.tool_cache)


def install(places: Places, record: Record, step: Step) -> None:
    """Find, install or build the engine, and link it into the checkout.

    Raises:
        SetupError: none of the three worked.
    """
    record.begin(STEP)

    def say(text: str) -> None:
        step.doing = text

    folder = _on_path(places)
    if folder:
        step.doing = f"found in {folder}"
    else:
        entry = f"pulumi-{VERSION}-{wanted(places)}"
        folder = cache.obtain(places.tool_cache, entry, partial(_make, places, say), say) / "bin"
        step.doing = f"{VERSION} from the tool cache"
    cache.link(folder, places.tools)
    record.finish(STEP, wanted(places))


def _on_path(places: Places) -> Path | None:
    """The folder on PATH that holds an engine that will do, with its language host beside it."""
    elsewhere = os.pathsep.join(
        folder for folder in os.environ.get("PATH", "").split(os.pathsep) if folder != str(places.tools)
    )
    found = shutil.which("pulumi", path=elsewhere)
    if not found or not all((Path(found).parent / program).exists() for program in PROGRAMS):
        return None
    try:
        text = run(
            [found, "version"], {**places.environment(), "PULUMI_SKIP_UPDATE_CHECK": "1"}, places.checkout, 20
        )
    except SetupError:
        return None
    version = tuple(int(part) for part in re.findall(r"\d+", text)[:2])
    return Path(found).resolve().parent if OLDEST <= version < (OLDEST[0] + 1,) else None


def _make(places: Places, say: Callable[[str], None], folder: Path) -> None:
    say("asking Pulumi's installer")
    try:
        _from_installer(places, folder)
        _must_hold_programs(folder / "bin")
    except SetupError:
        say("the installer is out of reach: building from source")
        _from_source(places, say, folder / "bin")
        _must_hold_programs(folder / "bin")


def _must_hold_programs(folder: Path) -> None:
    missing = [program for program in PROGRAMS if not os.access(folder / program, os.X_OK)]
    if missing:
        raise SetupError(f"The engine came without {', '.join(missing)}: it cannot run a program in Python.")


def _from_installer(places: Places, folder: Path) -> None:
    """The official way; a machine without the internet is told apart in seconds."""
    probe = (
        "import urllib.request as r; "
        f"r.urlopen('https://get.pulumi.com/install.sh', timeout={INSTALLER_ANSWERS_SECONDS}).read(1)"
    )
    fetch = (
        "import semver, pulumi.automation as a; "
        f"a.PulumiCommand.install(root={str(folder)!r}, version=semver.Version.parse({VERSION!r}))"
    )
    environment = places.environment()
    run([places.python, "-c", probe], environment, places.checkout, seconds=2 * INSTALLER_ANSWERS_SECONDS)
    run([places.python, "-c", fetch], environment, places.checkout, INSTALLER_SECONDS)


def _from_source(places: Places, say: Callable[[str], None], output: Path) -> None:
    """Built as its own release is, but for the language host, whose last module is older and does as well."""
    output.mkdir(parents=True, exist_ok=True)
    go = Go(places, say)
    engine, host = places.checkout / "tools" / "engine", places.checkout / "tools" / "language-host"
    with go.cleaned():
        go.build(host, LANGUAGE_HOST, "-s -w", output)
        go.build(engine, ENGINE, f"-s -w -X {STAMP}=v{VERSION}", output)
        scripts = [
            go.folder_of(engine, SDK) / "python" / "cmd" / "pulumi-language-python-exec",
            go.folder_of(host, SDK) / "python" / "dist" / "pulumi-resource-pulumi-python",
            go.folder_of(host, SDK) / "python" / "dist" / "pulumi-analyzer-policy-python",
        ]
        for script in scripts:
            shutil.copyfile(script, output / script.name)
            (output / script.name).chmod(0o755)


def _sources(places: Places) -> list[Path]:
    modules = (places.checkout / "tools" / "engine", places.checkout / "tools" / "language-host")
    return [module / name for module in modules for name in ("go.mod", "go.sum")]
