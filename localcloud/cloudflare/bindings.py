"""Bindings of a version: variables, secrets and buckets, some taken over from an earlier version."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from localcloud.cloudflare.errors import (
    BindingNameTakenError,
    BoundBucketNotFoundError,
    InvalidRequestError,
    VersionNotFoundError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localcloud.cloudflare.fields import Fields
    from localcloud.cloudflare.sealing import Seal
    from localcloud.cloudflare.store import Body, Records

JURISDICTIONS = ("default", "eu", "us", "fedramp", "fedramp-high")
MOST_BINDINGS = 128  # developers.cloudflare.com/workers/platform/limits: variables per worker, paid
TEXT_BYTES = 5 * 1024  # the same page: size of a variable or secret
NAME = r"[A-Za-z_$][A-Za-z0-9_$]*"


class InvalidInheritError(InvalidRequestError):
    """A binding is to be taken over that the earlier version lacks."""

    code = 10057

    def __init__(self, name: str) -> None:
        super().__init__(
            f"inherit binding '{name}' is invalid, the previous version does not have binding named '{name}'"
        )


@dataclass(frozen=True)
class Bound:
    """Resolved bindings as the API gives them back, and the sealed texts of the secrets among them."""

    bindings: list[Body] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)

    @property
    def by_name(self) -> dict[str, Body]:
        """The bindings, by name."""
        return {binding["name"]: binding for binding in self.bindings}


def parse_bindings(given: Sequence[Fields]) -> list[Body]:
    """Read the bindings of a request; pure.

    Raises:
        InvalidRequestError: a field is wrong, or the local cloud does not run bindings of this type.
        BindingNameTakenError: two bindings have one name.
    """
    if len(given) > MOST_BINDINGS:
        raise InvalidRequestError(f"A version holds at most {MOST_BINDINGS} bindings.")
    bindings = [_binding(fields) for fields in given]
    names: set[str] = set()
    for binding in bindings:
        if binding["name"] in names:
            raise BindingNameTakenError(binding["name"])
        names.add(binding["name"])
    return bindings


def _binding(fields: Fields) -> Body:
    kind = fields.text("type")
    base = {"name": fields.text("name", pattern=NAME), "type": kind}
    if kind in {"plain_text", "secret_text"}:
        return {**base, "text": _text(base["name"], fields.text("text"))}
    if kind == "json":
        return {**base, "json": _json(base["name"], fields.document.get("json"))}
    if kind == "r2_bucket":
        named = {"bucket_name": fields.text("bucket_name")}
        return base | named | fields.sent(jurisdiction=lambda name: fields.choice(name, JURISDICTIONS))
    if kind == "inherit":
        return base | fields.sent(old_name=fields.text, version_id=fields.text)
    raise InvalidRequestError(
        f"{fields.where}.type is {kind[:60]!r}: the local cloud has no such binding and cannot run it. "
        "Use plain_text, secret_text, json, r2_bucket or inherit."
    )


def _text(name: str, text: str) -> str:
    if len(text.encode()) > TEXT_BYTES:
        raise InvalidRequestError(f"The text of binding '{name}' is larger than {TEXT_BYTES // 1024} KB.")
    return text


def _json(name: str, value: Any) -> Any:
    _text(name, json.dumps(value))
    return value


def bound_of(records: Records, version_id: str) -> Bound:
    """Read the bindings of a stored version."""
    version, secrets = records.get("version", version_id), records.get("secrets", version_id)
    if version is None or secrets is None:
        raise VersionNotFoundError
    return Bound(version["bindings"], secrets["texts"])


def resolve(records: Records, seal: Seal, worker: Body, account_id: str, given: list[Body]) -> Bound:
    """Seal new secrets, take over inherited bindings, and see that buckets exist.

    Raises:
        InvalidInheritError: there is nothing to inherit.
        BoundBucketNotFoundError: a bucket does not exist.
    """
    bound = Bound()
    for binding in given:
        if binding["type"] == "inherit":
            _inherit(records, worker, binding, bound)
        elif binding["type"] == "secret_text":
            bound.bindings.append({"name": binding["name"], "type": "secret_text"})
            bound.texts[binding["name"]] = seal.close(binding["text"])
        else:
            bound.bindings.append(binding)
    for binding in bound.bindings:
        if binding["type"] == "r2_bucket" and not records.named("bucket", account_id, binding["bucket_name"]):
            raise BoundBucketNotFoundError(binding["bucket_name"])
    return bound


def _inherit(records: Records, worker: Body, binding: Body, bound: Bound) -> None:
    name, old_name = binding["name"], str(binding.get("old_name", binding["name"]))
    source = records.newest("version", worker["id"])
    if "version_id" in binding:
        source = records.get("version", binding["version_id"])
    if source is None or source["worker_id"] != worker["id"]:
        raise InvalidInheritError(old_name)
    earlier = bound_of(records, source["id"])
    if old_name not in earlier.by_name:
        raise InvalidInheritError(old_name)
    bound.bindings.append({**earlier.by_name[old_name], "name": name})
    if old_name in earlier.texts:
        bound.texts[name] = earlier.texts[old_name]


def changed_secrets(seal: Seal, one: Bound, other: Bound) -> list[str]:
    """Names of the secrets that differ between two versions."""
    opened = [{name: seal.open(text) for name, text in bound.texts.items()} for bound in (one, other)]
    names = sorted({*opened[0], *opened[1]})
    return [name for name in names if opened[0].get(name) != opened[1].get(name)]
