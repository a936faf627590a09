"""The program: provisions the platform for the stack that is selected."""

from __future__ import annotations

import os
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))  # Pulumi runs this folder as a program, not as a package of the checkout

import pulumi  # noqa: E402 - the rooms are found only after the line above
from pulumi.runtime.config import CONFIG  # noqa: E402 - pulumi.Config can look up keys, but not list them

from infra.api import Api, ApiArgs  # noqa: E402
from infra.media import Media  # noqa: E402
from infra.migrations import MigrationError  # noqa: E402
from infra.migrations import collect as collect_migrations  # noqa: E402
from infra.schema import Schema  # noqa: E402
from infra.source import SourceError, collect  # noqa: E402
from stacks import settings  # noqa: E402


def main() -> None:
    """Declare every resource of the stack.

    Raises:
        pulumi.RunError: the settings, the worker's source or the migrations cannot be deployed.
    """
    try:
        stack = settings.parse(pulumi.get_stack(), _configuration(), os.environ)
        modules = collect(CHECKOUT / "worker")
        migrations = collect_migrations(CHECKOUT / "supabase" / "migrations")
    except (settings.SettingsError, SourceError, MigrationError) as error:
        raise pulumi.RunError(str(error)) from None
    # Without a database the schema is nobody's to change here, and the API runs without it.
    schema = [Schema("schema", migrations=migrations)] if os.environ.get("DATABASE_URL") else []
    media = Media(
        "media", account_id=stack.account_id, bucket=stack.media_bucket, location=stack.media_location
    )
    api = Api(
        "api",
        ApiArgs(
            account_id=stack.account_id,
            zone_id=stack.zone_id,
            worker=stack.worker,
            route=stack.route,
            compatibility_date=stack.compatibility_date,
            modules=modules,
            variables=stack.variables,
            secrets=stack.secrets,
            bucket_name=media.bucket_name,
            tags=(f"stack:{stack.stack}",),
        ),
        # The schema expands first: a new version never meets an old schema.
        pulumi.ResourceOptions(depends_on=schema),
    )
    pulumi.export("api", stack.api_origin)
    pulumi.export("worker", stack.worker)
    pulumi.export("version", api.version.id)
    pulumi.export("media_bucket", media.bucket_name)


def _configuration() -> dict[str, str]:
    """This project's values without their namespace."""
    namespace = f"{pulumi.get_project()}:"
    values: dict[str, str] = CONFIG.get()
    return {key.removeprefix(namespace): value for key, value in values.items() if key.startswith(namespace)}


main()
