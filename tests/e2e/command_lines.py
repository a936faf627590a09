"""What the person on call types, rightly and wrongly, while all is well and while much is down."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg

from localcloud import family
from localcloud.pidfile import PidFile
from localcloud.postgres.cluster import SUPERUSER
from tests.canaries.planted import SPECIAL, canary
from tests.conftest import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.conftest import Cloud

SECONDS = 120
AT_S3 = (
    "mediaStorage=s3",
    "s3Bucket=alphogenai-media",
    "s3Region=us-east-1",
    "s3Endpoint=env:AWS_ENDPOINT_URL",
)
SMOKE = ("smoke", "--stack", "local", "--only")
SMOKE_PROD = ("smoke", "--stack", "prod", "--only")  # takes its secrets from the environment
ADA = ("--email", "ada@example.com")


@dataclass
class CommandLines:
    """Commands run against one local cloud; what they said, by their words."""

    cloud: Cloud
    said: list[tuple[str, bytes]] = field(default_factory=list)

    def ops(self, code: int, *words: str, env: Mapping[str, str] | None = None) -> None:
        """Run `ops`, which must end with this code."""
        assert self._run([sys.executable, "-m", "ops", *words], ("ops", *words), env) == code, self.said[-1]

    def pulumi(self, *words: str, env: Mapping[str, str] | None = None, ok: bool = True) -> None:
        """Run `pulumi`, which must succeed or must not."""
        command = ["pulumi", *words, "--stack", "local", "--non-interactive"]
        assert (self._run(command, ("pulumi", *words), env) == 0) is ok, self.said[-1]

    def _run(self, command: list[str], name: tuple[str, ...], env: Mapping[str, str] | None) -> int:
        variables = {**self.cloud.env, **(env or {})}
        done = subprocess.run(
            command, check=False, cwd=CHECKOUT, env=variables, capture_output=True, timeout=SECONDS
        )
        self.said.append((f"output of {' '.join(name)}", done.stdout + b"\n" + done.stderr))
        return done.returncode

    def while_well(self) -> None:
        """Look at everything."""
        self.ops(0, "local", "env")
        self.ops(0, "local", "env", "--json")
        self.ops(0, "local", "status", "--json")
        self.ops(0, "local", "user", *ADA, "--credits", "75", "--json")
        self.ops(2, "local", "user", "--email", "nobody", "--json")
        self.ops(2, *SMOKE, "nothing", "--json")
        self.ops(1, *SMOKE_PROD, "assets", env=self._wrong("APP_ADMIN_TOKEN"))
        self.ops(1, *SMOKE_PROD, "webhooks", "--json", env=self._wrong("WEBHOOK_SECRET"))
        self.ops(0, *SMOKE, "refusal")

    def while_down(self) -> None:
        """See what is down."""
        self.ops(3, "local", "status")
        self.ops(3, "local", "status", "--json")
        self.ops(3, "local", "token", *ADA)
        self.ops(3, "local", "user", *ADA, "--json")
        self.ops(1, *SMOKE, "jobs", "--json")

    def logs(self) -> None:
        """Read every log to its beginning."""
        self.ops(0, "local", "logs", "-n", "1000000")
        self.ops(0, "local", "logs", "-n", "1000000", "--json")

    def provisioning(self) -> None:
        """See the stack and what would change, and fail to change it."""
        changed = self._wrong("WEBHOOK_SECRET")
        self.pulumi("stack", "export")
        self.pulumi("stack", "output", "--json", "--show-secrets")
        self.pulumi("preview", "--json", env=changed)
        refused = changed | self._wrong("CLOUDFLARE_API_TOKEN")
        self.pulumi("up", "--yes", "--skip-preview", env=refused, ok=False)

    def move_to_s3(self, settings: Path) -> None:
        """Deploy the worker that keeps its files at S3."""
        settings.write_text((CHECKOUT / "Pulumi.local.yaml").read_text())
        chosen = [word for value in AT_S3 for word in ("-c", value)]
        self.pulumi("up", "--yes", "--skip-preview", "--diff", "--config-file", str(settings), *chosen)

    def _wrong(self, name: str) -> dict[str, str]:
        return {name: canary(name, SPECIAL)}


def kill(cloud: Cloud, name: str) -> None:
    """End a process and all below it, its watcher too."""
    watcher = PidFile(cloud.config.state_dir, name).read()
    assert watcher is not None
    family.end(family.descendants(watcher), grace_seconds=0)


@contextmanager
def refusing(cloud: Cloud) -> Iterator[None]:
    """Have the database refuse the API whatever it asks while the block runs."""
    password, port = cloud.config.secrets.postgres_password, cloud.config.ports.postgres
    address = f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{port}/postgres?sslmode=disable"
    with psycopg.connect(address, autocommit=True) as owner:
        owner.execute("revoke usage on schema public from service_role")
        try:
            yield
        finally:
            owner.execute("grant usage on schema public to service_role")
