"""The real Pulumi engine with a home, a backend and a program of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from localcloud.environment import TOOLS


@dataclass
class Engine:
    """Runs `pulumi` in a copy of a program, on the stack `test`."""

    program: Path
    environment: dict[str, str]

    @classmethod
    def prepared(cls, folder: Path, program: Path, **variables: str) -> Engine:
        """A fresh engine under `folder`; `program` is copied there."""
        shutil.copytree(program, folder / "program", ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "backend").mkdir()
        engine = cls(
            folder / "program",
            {
                "PATH": os.pathsep.join([str(Path(sys.executable).parent), str(TOOLS), os.environ["PATH"]]),
                "HOME": str(folder),
                "PULUMI_HOME": str(folder / "home"),
                "PULUMI_BACKEND_URL": f"file://{folder / 'backend'}",
                "PULUMI_CONFIG_PASSPHRASE": "test",
                "PULUMI_SKIP_UPDATE_CHECK": "true",
                "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
                **variables,
            },
        )
        done = engine.run("stack", "init", "test")
        assert done.returncode == 0, done.stdout + done.stderr
        return engine

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """One command, its output as text; at most two minutes."""
        return subprocess.run(
            [str(shutil.which("pulumi", path=self.environment["PATH"])), *arguments, "--non-interactive"],
            cwd=self.program,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
