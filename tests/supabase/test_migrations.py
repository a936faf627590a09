"""The migrations as files: applied by the real CLI, linted, with a seed that can be repeated."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from localcloud import config
from tests.localcloud.postgres.throwaway import MIGRATIONS, Cloud

if TYPE_CHECKING:
    from tests.supabase.conftest import Database

SEED = MIGRATIONS.parent / "seed.sql"


def test_the_supabase_cli_applies_each_migration_once() -> None:
    own = Cloud()
    try:
        own.start("postgres")
        first = own.push()
        assert first.returncode == 0, first.stderr
        with own.connect() as connection:
            applied = connection.execute(
                "select version from supabase_migrations.schema_migrations order by 1"
            )
            versions = [row[0] for row in applied]
        assert versions == sorted(path.name.split("_")[0] for path in MIGRATIONS.glob("*.sql"))
        second = own.push()
        assert second.returncode == 0
        assert "up to date" in second.stdout + second.stderr
    finally:
        own.end()


def test_the_seed_applies_twice(database: Database) -> None:
    for _ in range(2):
        database.connection.execute(SEED.read_bytes())
    row = database.connection.execute("select count(*) from public.jobs").fetchone()
    assert row == (2,)


def test_the_sql_is_clean() -> None:
    command = [sys.executable, "-m", "sqlfluff", "lint", "supabase"]
    done = subprocess.run(command, cwd=config.CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_migration_needs_what_a_real_project_does_not_have() -> None:
    text = "\n".join(path.read_text() for path in MIGRATIONS.glob("*.sql")).lower()
    for word in ("supabase_admin", "create extension", "pg_input_is_valid", "alphogen.localhost"):
        assert word not in text
