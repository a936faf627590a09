"""The database schema as a resource: which migrations a stack's database has applied."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import pulumi

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.migrations import Migration


class Schema(pulumi.CustomResource):
    """The migrations of `supabase/migrations/`, applied in order by the Supabase CLI.

    Its provider is `infra/plugin`, found by path in every stack. The database's address is no input: the
    provider takes `DATABASE_URL` from the environment, so that no password enters the state. It never undoes
    a migration: deleting the resource forgets the schema and leaves the database as it is.
    """

    applied: pulumi.Output[Sequence[dict[str, str]]]

    def __init__(
        self, name: str, *, migrations: Sequence[Migration], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        listed = [asdict(migration) for migration in migrations]
        super().__init__("alphogenai:index:Schema", name, {"migrations": listed, "applied": None}, opts)
