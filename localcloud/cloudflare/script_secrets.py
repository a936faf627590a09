"""Secrets of a script: each change makes a new version and deploys it; the text is never given back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.cloudflare.bindings import Bound, bound_of, parse_bindings
from localcloud.cloudflare.call import Answer, Call, Resource
from localcloud.cloudflare.deployments import deployed_ids
from localcloud.cloudflare.errors import (
    BindingNameTakenError,
    InvalidRequestError,
    SecretEditError,
    SecretNotFoundError,
    WorkerNotFoundError,
)
from localcloud.cloudflare.fields import Fields
from localcloud.cloudflare.versions import amend
from localcloud.cloudflare.workers import worker_of

if TYPE_CHECKING:
    from localcloud.cloudflare.store import Body, Records


def parse_secret(fields: Fields) -> Body:
    """Read one secret; pure."""
    fields.choice("type", ("secret_text",))
    return parse_bindings([fields])[0]


def parse_bulk(fields: Fields) -> dict[str, Body | None]:
    """Read many at once; null takes one away."""
    secrets = fields.object("secrets", {})
    parsed: dict[str, Body | None] = {}
    for name, value in secrets.document.items():
        parsed[name] = None if value is None else parse_secret(Fields(value, f"secrets[{name[:60]!r}]"))
        if parsed[name] is not None and value.get("name") != name:
            raise InvalidRequestError(f"secrets[{name[:60]!r}].name must be the name it stands under.")
    return parsed


def editable(records: Records, worker: Body) -> Bound:
    """The newest version's bindings, where secrets may be changed.

    Raises:
        WorkerNotFoundError: the worker has no code yet.
        SecretEditError: the newest version is not the only one deployed.
    """
    newest = records.newest("version", worker["id"])
    if newest is None:
        raise WorkerNotFoundError
    if deployed_ids(records, worker["id"]) != {newest["id"]}:
        raise SecretEditError
    return bound_of(records, newest["id"])


def with_secrets(call: Call, bound: Bound, changes: dict[str, Body | None]) -> Bound:
    """Bindings after some secrets were set or taken away.

    Raises:
        BindingNameTakenError: a binding that is no secret holds the name.
        SecretNotFoundError: what is to be taken away is not there.
    """
    bindings, texts = bound.by_name, dict(bound.texts)
    for name, secret in changes.items():
        if name in bindings and name not in texts:
            raise BindingNameTakenError(name)
        if secret is not None:
            bindings[name] = answer_of(name)
            texts[name] = call.cloud.seal.close(secret["text"])
        elif name not in texts:
            raise SecretNotFoundError(name)
        else:
            del bindings[name], texts[name]
    return Bound(list(bindings.values()), texts)


def answer_of(name: str) -> dict[str, Any]:
    """A secret as the API gives it."""
    return {"name": name, "type": "secret_text"}


async def _change(call: Call, changes: dict[str, Body | None]) -> None:
    async with call.cloud.change() as records:
        worker = worker_of(call, records)
        bound = with_secrets(call, editable(records, worker), changes)
        await amend(call, records, worker, bound, "secret")


async def put(call: Call) -> Answer:
    """Set one secret."""
    secret = parse_secret(await call.fields())
    await _change(call, {secret["name"]: secret})
    return Answer(answer_of(secret["name"]))


async def put_bulk(call: Call) -> Answer:
    """Set and take away several in one new version."""
    changes = parse_bulk(await call.fields())
    if changes:
        await _change(call, changes)
    return Answer({name: answer_of(name) for name in _names(call)})


async def listing(call: Call) -> Answer:
    """Names of the newest version's secrets."""
    return Answer([answer_of(name) for name in _names(call)])


async def read(call: Call) -> Answer:
    """One secret's name."""
    name = call.params["secret_name"]
    if name not in _names(call):
        raise SecretNotFoundError(name)
    return Answer(answer_of(name))


async def delete(call: Call) -> Answer:
    """Take one secret away."""
    await _change(call, {call.params["secret_name"]: None})
    return Answer(None)


def _names(call: Call) -> list[str]:
    records = call.cloud.store.committed
    newest = records.newest("version", worker_of(call, records)["id"])
    return sorted(bound_of(records, newest["id"]).texts) if newest else []


RESOURCE: Resource = {
    "/accounts/{account_id}/workers/scripts/{script_name}/secrets": {"PUT": put, "GET": listing},
    "/accounts/{account_id}/workers/scripts/{script_name}/secrets/{secret_name}": {
        "GET": read,
        "DELETE": delete,
    },
    "/accounts/{account_id}/workers/scripts/{script_name}/secrets-bulk": {"PATCH": put_bulk},
}
