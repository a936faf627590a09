"""Serves the Schema resource to the Pulumi engine."""

from __future__ import annotations

import asyncio
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pulumi.provider.experimental import provider as protocol
from pulumi.provider.experimental.property_value import PropertyValue

from infra.migrations import Migration, rewritten
from infra.plugin import database
from infra.plugin.serving import serve

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

VERSION = "0.1.0"
Properties = dict[str, PropertyValue]


class SchemaProvider(protocol.Provider):
    """`migrations` is what should be applied; `applied`, the state, is what the database says it has."""

    async def get_schema(self, request: protocol.GetSchemaRequest) -> protocol.GetSchemaResponse:  # noqa: ARG002
        """Nothing is generated from this provider: its only class is written by hand in `infra/schema.py`."""
        return protocol.GetSchemaResponse('{"name": "alphogenai", "version": "0.1.0", "resources": {}}')

    async def check_config(self, request: protocol.CheckRequest) -> protocol.CheckResponse:
        """It takes no configuration."""
        return protocol.CheckResponse(request.new_inputs, [])

    async def diff_config(self, request: protocol.DiffRequest) -> protocol.DiffResponse:  # noqa: ARG002
        """It takes no configuration."""
        return protocol.DiffResponse(changes=False)

    async def configure(self, request: protocol.ConfigureRequest) -> protocol.ConfigureResponse:  # noqa: ARG002
        """The database's address is read at each operation: a preview needs none."""
        return protocol.ConfigureResponse(accept_secrets=True, accept_outputs=False)

    async def check(self, request: protocol.CheckRequest) -> protocol.CheckResponse:
        """Refuse migrations that were edited or removed after they were applied."""
        problems = rewritten(_read(request.old_inputs, "migrations"), _read(request.new_inputs, "migrations"))
        failures = [
            protocol.CheckFailure(
                "migrations",
                f"{problem}: databases would differ from each other. Restore it, and write a new migration.",
            )
            for problem in problems
        ]
        return protocol.CheckResponse(request.new_inputs, failures)

    async def diff(self, request: protocol.DiffRequest) -> protocol.DiffResponse:
        """Name each migration that would be applied."""
        old = {migration.version for migration in _read(request.old_state, "applied")}
        pending = [
            index
            for index, migration in enumerate(_read(request.new_inputs, "migrations"))
            if migration.version not in old
        ]
        added = protocol.PropertyDiff(protocol.PropertyDiffKind.ADD, input_diff=True)
        return protocol.DiffResponse(
            changes=bool(pending), diffs=["migrations"] if pending else [],
            detailed_diff={f"migrations[{index}]": added for index in pending},
        )  # fmt: skip

    async def create(self, request: protocol.CreateRequest) -> protocol.CreateResponse:
        """Apply what is pending; a database that has it all already is adopted as it is."""
        return protocol.CreateResponse("schema", await _apply(request.properties, preview=request.preview))

    async def update(self, request: protocol.UpdateRequest) -> protocol.UpdateResponse:
        """Apply what is pending."""
        return protocol.UpdateResponse(await _apply(request.news, preview=request.preview))

    async def read(self, request: protocol.ReadRequest) -> protocol.ReadResponse:
        """Ask the database what it has applied."""
        wanted = _read(request.inputs, "migrations")
        applied = await _applied(database.address(os.environ), wanted)
        return protocol.ReadResponse(
            request.resource_id, {**request.inputs, "applied": _written(applied)}, request.inputs
        )

    async def delete(self, request: protocol.DeleteRequest) -> None:
        """Leave the database as it is: dropping a schema with its data is nobody's clean-up."""


async def _apply(inputs: Properties, *, preview: bool) -> Properties:
    wanted = _read(inputs, "migrations")
    if preview:
        return {**inputs, "applied": _written(wanted)}
    url = database.address(os.environ)
    await asyncio.to_thread(database.push, url)
    return {**inputs, "applied": _written(await _applied(url, wanted))}


async def _applied(url: str, known: Iterable[Migration]) -> list[Migration]:
    """The known migrations that the database has; what others applied to it is not this stack's to list."""
    versions = await asyncio.to_thread(database.applied_versions, url)
    return [migration for migration in known if migration.version in versions]


def _read(properties: Mapping[str, PropertyValue], key: str) -> list[Migration]:
    listed: Any = properties.get(key, PropertyValue(())).value or ()
    return [Migration(**{name: str(field.value) for name, field in item.value.items()}) for item in listed]


def _written(migrations: Iterable[Migration]) -> PropertyValue:
    return PropertyValue(
        [
            PropertyValue({name: PropertyValue(text) for name, text in asdict(migration).items()})
            for migration in migrations
        ]
    )


def main() -> None:
    """Serve until the engine ends."""
    serve(SchemaProvider(), VERSION)
