from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra import migrations
from infra.migrations import Migration
from localcloud.config import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

ONE = Migration("20260101000000", "one", "a")
TWO = Migration("20260102000000", "two", "b")


def test_a_file_that_the_cli_would_pass_over_is_refused(tmp_path: Path) -> None:
    (tmp_path / "jobs.sql").write_text("select 1")
    with pytest.raises(migrations.MigrationError, match=r"jobs\.sql is not named like a migration"):
        migrations.collect(tmp_path)


def test_two_migrations_of_one_version_are_refused(tmp_path: Path) -> None:
    for name in ("20260101000000_a.sql", "20260101000000_b.sql"):
        (tmp_path / name).write_text("select 1")
    with pytest.raises(migrations.MigrationError, match="Two migrations have the version 20260101000000"):
        migrations.collect(tmp_path)


def test_migrations_come_oldest_first_with_their_checksum(tmp_path: Path) -> None:
    (tmp_path / "20260102000000_two.sql").write_text("select 2")
    (tmp_path / "20260101000000_one.sql").write_text("select 1")
    found = migrations.collect(tmp_path)
    assert [migration.name for migration in found] == ["one", "two"]
    assert len({migration.sha256 for migration in found}) == 2


def test_the_committed_migrations_are_well_named() -> None:
    assert migrations.collect(CHECKOUT / "supabase" / "migrations")


def test_what_was_applied_must_stay_as_it_was() -> None:
    edited = Migration(ONE.version, ONE.name, "changed")
    assert migrations.rewritten([ONE], [ONE, TWO]) == []
    assert migrations.rewritten([ONE, TWO], [edited]) == [
        "20260101000000_one.sql was edited after it was applied",
        "20260102000000_two.sql was applied, and is gone",
    ]
