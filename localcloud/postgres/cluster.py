"""The database's files: made whole or not at all, and brought to what a Supabase project starts with."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from localcloud.postgres import account
from localcloud.postgres.binaries import program
from localcloud.postgres.errors import ClusterError

SUPERUSER = "supabase_admin"
LOGIN_ROLES = (SUPERUSER, "postgres", "authenticator", "supabase_auth_admin")
BOOTSTRAP = Path(__file__).parent / "bootstrap"

# Passwords only, and only from this machine.
ACCESS = "host all all 127.0.0.1/32 scram-sha-256\n"

SINGLE_USER = (
    "--single",
    "-j",  # a statement ends with a semicolon and an empty line
    *("-c", "exit_on_error=on"),
    *("-c", "log_min_error_statement=panic"),  # a failing statement may hold the password
    *("-c", "unix_socket_directories="),
)


@dataclass(frozen=True)
class Cluster:
    """One database server's files below `folder`, and the account that owns them."""

    folder: Path
    owner: account.Account

    @classmethod
    def at(cls, folder: Path) -> Cluster:
        """The cluster whose files are, or will be, below `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder, account.choose(folder))

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.folder / "cluster"

    def prepare(self, password: str) -> None:
        """Make the files where there are none, and apply the bootstrap where it or the password changed.

        Raises:
            ClusterError: initdb or the bootstrap failed; the message carries PostgreSQL's own words.
        """
        if not self.data.exists():
            self._create()
        (self.data / "pg_hba.conf").write_text(ACCESS)
        statements = _bootstrap_statements(password)
        fingerprint = hashlib.sha256(statements.encode()).hexdigest()
        record = self.folder / "bootstrap.sha256"
        if not record.exists() or record.read_text() != fingerprint:
            self._run([program("postgres"), *SINGLE_USER, "-D", self.data, "postgres"], statements)
            record.write_text(fingerprint)

    def _create(self) -> None:
        draft = self.folder / "cluster.new"
        shutil.rmtree(draft, ignore_errors=True)  # an interrupted initdb left it
        (self.folder / "bootstrap.sha256").unlink(missing_ok=True)
        draft.mkdir(mode=0o700)
        os.chown(draft, self.owner.uid, self.owner.gid)
        options = (
            "--auth=reject",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        )
        self._run([program("initdb"), "-D", draft, "-U", SUPERUSER, *options, "--no-instructions"])
        draft.rename(self.data)

    def _run(self, command: list[str | Path], statements: str = "") -> None:
        done = subprocess.run(
            command,
            input=statements,
            text=True,
            capture_output=True,
            check=False,
            cwd=self.folder,
            preexec_fn=account.become(self.owner),
        )
        if done.returncode != 0:
            raise ClusterError(
                f"`{Path(command[0]).name}` failed: {done.stderr.strip() or done.stdout.strip()}.",
                f"The local database in {self.folder} cannot be used.",
                "Fix what it says (disk space, permissions), or run `ops local reset` to start afresh.",
            )


def _bootstrap_statements(password: str) -> str:
    """The bootstrap's SQL followed by the passwords of the roles that may log in."""
    files = [path.read_text() for path in sorted(BOOTSTRAP.glob("*.sql"))]
    quoted = password.replace("'", "''")
    passwords = [f"alter role {role} password '{quoted}';\n" for role in LOGIN_ROLES]
    return "\n".join([*files, *passwords]) + "\n"
