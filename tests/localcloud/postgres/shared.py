"""One local cloud for all the tests of a pytest process: a start costs a second, a copied database little."""

from __future__ import annotations

import pytest

from tests.localcloud.postgres.throwaway import Cloud

_KEY = pytest.StashKey[Cloud]()


def cloud(configuration: pytest.Config) -> Cloud:
    """The shared cloud, Postgres up; database `bare` is what a project has before its first migration."""
    if _KEY not in configuration.stash:
        made = configuration.stash[_KEY] = Cloud()
        configuration.add_cleanup(made.end)
        made.start("postgres")
        made.copy("postgres", "bare")
    return configuration.stash[_KEY]


def serving(configuration: pytest.Config) -> Cloud:
    """The shared cloud with the whole schema, and the Supabase stand-in on it."""
    made = cloud(configuration)
    if "supabase" not in made.processes:
        made.migrate("postgres")
        made.start("supabase")
    return made
