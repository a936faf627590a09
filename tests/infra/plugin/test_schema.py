from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from localcloud.config import CHECKOUT
from localcloud.environment import database_url
from tests.engine import Engine
from tests.localcloud.postgres.throwaway import Cloud

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

FIXTURES = CHECKOUT / "tests" / "infra" / "plugin" / "fixtures"
MIGRATIONS = CHECKOUT / "supabase" / "migrations"
COUNT = len(list(MIGRATIONS.glob("*.sql")))


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    own = Cloud()
    own.start("postgres")
    yield own
    own.end()


@pytest.fixture
def pulumi(cloud: Cloud, tmp_path: Path) -> Engine:
    engine = Engine.prepared(
        tmp_path,
        FIXTURES,
        DATABASE_URL=database_url(cloud.config),
        PYTHONPATH=str(CHECKOUT),
        MIGRATIONS=str(MIGRATIONS),
    )
    plugin = f"plugins:\n  providers:\n    - name: alphogenai\n      path: {CHECKOUT / 'infra' / 'plugin'}\n"
    with (engine.program / "Pulumi.yaml").open("a") as project:
        project.write(plugin)
    return engine


def applied(pulumi: Engine) -> list[str]:
    state: dict[str, Any] = json.loads(pulumi.run("stack", "export").stdout)
    schema = next(item for item in state["deployment"]["resources"] if item["type"].endswith(":Schema"))
    return [migration["version"] for migration in schema["outputs"]["applied"]]


def up(pulumi: Engine, **variables: str) -> subprocess.CompletedProcess[str]:
    return pulumi.run("up", "--yes", "--skip-preview", **variables)


def test_the_schema_grows_as_files_are_added_and_a_second_up_changes_nothing(pulumi: Engine) -> None:
    first = up(pulumi, FIRST="1")
    assert first.returncode == 0, first.stdout
    assert len(applied(pulumi)) == 1
    preview = pulumi.run("preview", "--diff")
    assert "+ [1]:" in preview.stdout, preview.stdout
    assert up(pulumi).returncode == 0
    assert len(applied(pulumi)) == COUNT
    assert "2 unchanged" in up(pulumi).stdout
    assert pulumi.run("refresh", "--yes", "--skip-preview", "--expect-no-changes").returncode == 0


def test_a_database_that_lost_its_schema_gets_it_again(cloud: Cloud, pulumi: Engine) -> None:
    up(pulumi)
    with cloud.connect() as connection:
        connection.execute("drop schema supabase_migrations cascade")
        tables = (
            "select oid::regclass from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"
        )
        for (table,) in connection.execute(tables).fetchall():
            connection.execute(f"drop table {table} cascade")
        routines = "select oid::regprocedure from pg_proc where pronamespace = 'public'::regnamespace"
        for (routine,) in connection.execute(routines).fetchall():
            connection.execute(f"drop function if exists {routine} cascade")
    done = up(pulumi)
    assert "2 unchanged" in done.stdout, "only a refresh looks at the database"
    done = pulumi.run("up", "--yes", "--skip-preview", "--refresh")
    assert done.returncode == 0, done.stdout
    assert len(applied(pulumi)) == COUNT


def test_destroy_leaves_the_database_and_up_adopts_it(cloud: Cloud, pulumi: Engine) -> None:
    up(pulumi)
    assert pulumi.run("destroy", "--yes", "--skip-preview").returncode == 0
    with cloud.connect() as connection:
        assert connection.execute("select count(*) from public.jobs").fetchone() == (0,)
    assert up(pulumi).returncode == 0
    assert len(applied(pulumi)) == COUNT


def test_an_edited_migration_is_refused_and_nothing_is_applied(pulumi: Engine) -> None:
    up(pulumi, FIRST="1")
    done = up(pulumi, EDITED="1")
    assert done.returncode != 0
    assert "was edited after it was applied" in done.stdout
    assert "write a new migration" in done.stdout
    assert len(applied(pulumi)) == 1


def test_a_removed_migration_is_refused(pulumi: Engine) -> None:
    up(pulumi)
    done = up(pulumi, FIRST="1")
    assert "was applied, and is gone" in done.stdout


def test_the_password_is_neither_shown_nor_kept(cloud: Cloud, pulumi: Engine) -> None:
    shown = "".join(
        pulumi.run(*arguments).stdout
        for arguments in (("preview", "--diff"), ("up", "--yes"), ("stack", "export", "--show-secrets"))
    )
    assert cloud.config.secrets.postgres_password not in shown
    kept = "".join(path.read_text() for path in (pulumi.program.parent / "backend").rglob("*.json"))
    assert cloud.config.secrets.postgres_password not in kept


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "DATABASE_URL is not set"),
        ("mysql://db", "does not begin with postgresql://"),
        ("postgresql://postgres:canary@127.0.0.1:1/postgres?sslmode=disable", "failed to connect"),
    ],
)
def test_a_database_that_cannot_be_used_is_a_clear_error(pulumi: Engine, address: str, words: str) -> None:
    done = up(pulumi, DATABASE_URL=address)
    assert done.returncode != 0
    assert words in done.stdout
    assert "Unexpected <class" not in done.stdout
    assert "canary" not in done.stdout
