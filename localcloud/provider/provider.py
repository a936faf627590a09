"""The provider: create, read, update, delete and compare any resource of the table."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

from pulumi.provider.experimental import provider as protocol

from infra.plugin.serving import PluginError
from localcloud.provider import changes, shape
from localcloud.provider.client import CLOUDFLARE, Client, NotFoundError
from localcloud.provider.table import TABLE, Resource
from localcloud.provider.values import UNKNOWN, Properties, marked, plain, plain_all, sendable

if TYPE_CHECKING:
    from pulumi.provider.experimental.property_value import PropertyValue

_KINDS = {
    (changes.ADD, False): protocol.PropertyDiffKind.ADD,
    (changes.ADD, True): protocol.PropertyDiffKind.ADD_REPLACE,
    (changes.DELETE, False): protocol.PropertyDiffKind.DELETE,
    (changes.DELETE, True): protocol.PropertyDiffKind.DELETE_REPLACE,
    (changes.UPDATE, False): protocol.PropertyDiffKind.UPDATE,
    (changes.UPDATE, True): protocol.PropertyDiffKind.UPDATE_REPLACE,
}


class CloudflareProvider(protocol.Provider):
    """Serves the official classes of pulumi_cloudflare that the table knows.

    A property that came in as a secret goes out as one. Nothing is kept between calls but the way to the API.
    """

    def __init__(self) -> None:
        self.client = Client(CLOUDFLARE, "")

    async def check_config(self, request: protocol.CheckRequest) -> protocol.CheckResponse:
        """Any configuration of the official provider is accepted; two of its keys are used."""
        return protocol.CheckResponse(request.new_inputs, [])

    async def diff_config(self, request: protocol.DiffRequest) -> protocol.DiffResponse:  # noqa: ARG002
        """Another address or token is no reason to replace anything."""
        return protocol.DiffResponse(changes=False)

    async def configure(self, request: protocol.ConfigureRequest) -> protocol.ConfigureResponse:
        """Take address and token from the configuration, or from the environment as the official one."""
        given = {key: str(plain(value)) for key, value in request.args.items()}
        self.client = Client(
            given.get("baseUrl") or os.environ.get("CLOUDFLARE_BASE_URL") or CLOUDFLARE,
            given.get("apiToken") or os.environ.get("CLOUDFLARE_API_TOKEN", ""),
        )
        return protocol.ConfigureResponse(accept_secrets=True, supports_preview=True)

    async def check(self, request: protocol.CheckRequest) -> protocol.CheckResponse:
        """Fill in the API's defaults, so that state and answers are compared like with like."""
        filled = shape.with_defaults(_resource(request.type), plain_all(request.new_inputs))
        return protocol.CheckResponse(_like(request.new_inputs, filled), [])

    async def diff(self, request: protocol.DiffRequest) -> protocol.DiffResponse:
        """Compare the state with what is wanted, path by path."""
        resource = _resource(request.type)
        wanted = {
            key: value for key, value in request.new_inputs.items() if key not in request.ignore_changes
        }
        changed = changes.changes(plain_all(request.old_state), plain_all(wanted))
        replaced = changes.replaces(resource, changed)
        tops = sorted(set(map(changes.top, changed)))
        return protocol.DiffResponse(
            changes=bool(changed),
            replaces=replaced,
            diffs=tops,
            detailed_diff={
                path: protocol.PropertyDiff(_KINDS[kind, changes.top(path) in replaced], input_diff=False)
                for path, kind in changed.items()
            },
        )

    async def create(self, request: protocol.CreateRequest) -> protocol.CreateResponse:
        """Create one; in a preview, tell which properties only the API will know."""
        resource = _resource(request.type)
        inputs = plain_all(request.properties)
        if request.preview:
            return protocol.CreateResponse(
                None, _outputs(request.properties, dict.fromkeys(resource.computed, UNKNOWN))
            )
        self._need_token()
        result = await self._send(resource, resource.create, shape.address(resource.path, inputs), inputs)
        answer = _answer(resource, result)
        resource_id = str(answer.get(resource.id_field) or inputs[resource.id_field])
        return protocol.CreateResponse(resource_id, _outputs(request.properties, _computed(resource, answer)))

    async def read(self, request: protocol.ReadRequest) -> protocol.ReadResponse:
        """Read one, for a refresh or an import; what is gone is dropped from the state."""
        resource = _resource(request.type)
        kept = plain_all(request.inputs) or _imported(resource, request.resource_id)
        resource_id = str(kept.pop("id", request.resource_id))
        self._need_token()
        path = shape.address(resource.item, kept, resource_id)
        try:
            result = await asyncio.to_thread(
                self.client.call, "GET", path, None, shape.headers(resource, kept)
            )
        except NotFoundError:
            return protocol.ReadResponse("", {}, {})
        answer = _answer(resource, result)
        if not request.inputs:
            kept = _importable(resource, {**answer, **kept})
        inputs = _like(request.inputs, shape.refreshed(kept, answer))
        return protocol.ReadResponse(resource_id, _outputs(inputs, _computed(resource, answer)), inputs)

    async def update(self, request: protocol.UpdateRequest) -> protocol.UpdateResponse:
        """Change one in place."""
        resource = _resource(request.type)
        inputs = plain_all(request.news)
        computed = {key: value for key, value in plain_all(request.olds).items() if key in resource.computed}
        if request.preview:
            return protocol.UpdateResponse(_outputs(request.news, computed))
        self._need_token()
        path = shape.address(resource.item, inputs, request.resource_id)
        result = await self._send(resource, str(resource.update), path, inputs)
        computed |= _computed(resource, _answer(resource, result))
        return protocol.UpdateResponse(_outputs(request.news, computed))

    async def delete(self, request: protocol.DeleteRequest) -> None:
        """Delete one; what is already gone is fine."""
        resource = _resource(request.type)
        if not resource.deletable:
            return
        self._need_token()
        inputs = plain_all(request.properties)
        path = shape.address(resource.item, inputs, request.resource_id)
        try:
            await asyncio.to_thread(self.client.call, "DELETE", path, None, shape.headers(resource, inputs))
        except NotFoundError:
            return

    async def _send(self, resource: Resource, method: str, path: str, inputs: dict[str, Any]) -> Any:
        body, headers = shape.body(resource, inputs), shape.headers(resource, inputs)
        return await asyncio.to_thread(self.client.call, method, path, body, headers)

    def _need_token(self) -> None:
        if not self.client.token:
            raise PluginError(
                "CLOUDFLARE_API_TOKEN is not set: Cloudflare would refuse every request; nothing was sent. "
                'On the local stack run `eval "$(ops local env)"`; elsewhere set it to an API token.'
            )


def _resource(qualified: str) -> Resource:
    kind = qualified.rpartition("$")[2]  # inside components the URN holds the parents' types too
    if kind not in TABLE:
        raise PluginError(
            f"The local Cloudflare provider does not serve {kind}: this program cannot run on the local "
            f"stack. It serves {', '.join(sorted(name.rpartition(':')[2] for name in TABLE))}; add the type "
            "to localcloud/provider/table.py and its routes to localcloud/cloudflare/."
        )
    return TABLE[kind]


def _answer(resource: Resource, result: Any) -> dict[str, Any]:
    return dict(shape.answered(resource, result or {}))


def _computed(resource: Resource, answer: dict[str, Any]) -> dict[str, Any]:
    return {key: answer[key] for key in resource.computed if key in answer}


def _outputs(inputs: Properties, computed: dict[str, Any]) -> dict[str, PropertyValue]:
    kept = {key: sendable(value) for key, value in inputs.items()}
    return {**kept, **{key: marked(value) for key, value in computed.items()}}


def _like(marks: Properties, data: dict[str, Any]) -> dict[str, PropertyValue]:
    """Plain data as properties: its namesake where nothing differs, and secret where its namesake is."""
    properties = {}
    for key, value in data.items():
        old = marks.get(key)
        if old is not None and plain(old) == value:
            properties[key] = sendable(old)
        else:
            properties[key] = marked(value, secret=old is not None and old.contains_secret())
    return properties


def _imported(resource: Resource, given: str) -> dict[str, Any]:
    parts = given.split("/")
    if len(parts) != len(resource.import_id):
        raise PluginError(
            f'"{given}" cannot be imported: expected {"/".join(f"<{name}>" for name in resource.import_id)}.'
        )
    named = dict(zip(resource.import_id, parts, strict=True))
    return {**named, "id": named.get("id") or named[resource.id_field]}


def _importable(resource: Resource, found: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value
        for key, value in found.items()
        if key not in (*resource.computed, "id") and value is not None
    }
