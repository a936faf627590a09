"""What a version is made from, read from a request and checked; pure."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from localcloud.cloudflare.bindings import parse_bindings
from localcloud.cloudflare.errors import BodyTooLargeError, InvalidVersionError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from localcloud.cloudflare.fields import Fields
    from localcloud.cloudflare.store import Body

OLDEST_COMPATIBILITY_DATE = "2021-11-02"  # what a worker without a date runs with
WORKER_BYTES = 10 * 10**6  # developers.cloudflare.com/workers/platform/limits: worker size, paid
MOST_MODULES = 2000
USAGE_MODELS = ("standard", "bundled", "unbound")
ANNOTATIONS = ("workers/message", "workers/tag")
# They change nothing on one machine, and are given back as they were sent.
WITHOUT_EFFECT = ("placement", "cache_options", "limits")
NOT_SERVED = ("assets", "containers", "exports", "migrations")


@dataclass(frozen=True)
class Draft:
    """A version before it is stored; its bindings still hold secret texts in the clear."""

    main_module: str
    modules: list[Body]
    bindings: list[Body] = field(repr=False)
    compatibility_date: str
    compatibility_flags: list[str]
    usage_model: str
    annotations: Body
    extras: Body


def draft_of(fields: Fields, modules: list[Body], now: datetime) -> Draft:
    """Read everything of a version but its modules.

    Raises:
        InvalidRequestError, InvalidVersionError, BindingNameTakenError: it cannot be a version.
    """
    for name in NOT_SERVED:
        if fields.document.get(name):
            raise InvalidVersionError(
                f"{name} has no place in the local cloud, so the version would not run. Leave it out."
            )
    return Draft(
        main_module=main_module(fields.text("main_module"), modules),
        modules=modules,
        bindings=parse_bindings(fields.objects("bindings", [])),
        compatibility_date=compatibility_date(
            fields.text("compatibility_date", OLDEST_COMPATIBILITY_DATE), now
        ),
        compatibility_flags=fields.texts("compatibility_flags", []),
        usage_model=fields.choice("usage_model", USAGE_MODELS, "standard"),
        annotations=annotations_of(fields, ANNOTATIONS),
        extras={name: fields.object(name).document for name in WITHOUT_EFFECT if fields.has(name)},
    )


def modules_of(given: Sequence[Fields]) -> list[Body]:
    """Read the modules of a JSON body.

    Raises:
        InvalidRequestError: a field is wrong.
        InvalidVersionError: a name or the content of a module cannot be used.
        BodyTooLargeError: together they are over 10 MB.
    """
    modules = [
        {
            name: module.text(name, longest=2 * WORKER_BYTES)
            for name in ("name", "content_type", "content_base64")
        }
        for module in given
    ]
    check_modules(modules)
    return modules


def check_modules(modules: list[Body]) -> None:
    """Refuse modules that no runtime could load."""
    names = [module["name"] for module in modules]
    if len(names) != len(set(names)):
        raise InvalidVersionError("Two modules have the same name.")
    if len(names) > MOST_MODULES:
        raise InvalidVersionError(f"A version holds at most {MOST_MODULES} modules.")
    for name in names:
        _check_name(name)
    if sum(_size(module) for module in modules) > WORKER_BYTES:
        raise BodyTooLargeError(WORKER_BYTES)


def _check_name(name: str) -> None:
    # The name becomes a path inside the runtime's folder.
    if not re.fullmatch(r"[^\x00-\x1f\\]{1,512}", name) or {"", ".", ".."} & set(
        name.removeprefix("./").split("/")
    ):
        raise InvalidVersionError(f"Module name {name[:80]!r} is not a relative path.")


def _size(module: Body) -> int:
    try:
        return len(b64decode(module["content_base64"], validate=True))
    except (binascii.Error, ValueError):
        raise InvalidVersionError(f"Module {module['name']!r}: content_base64 is not Base64.") from None


def main_module(name: str, modules: list[Body]) -> str:
    """See that the main module is there."""
    if all(module["name"] != name for module in modules):
        raise InvalidVersionError(f'No such module "{name[:200]}": main_module must be the name of a module.')
    return name


def compatibility_date(text: str, now: datetime) -> str:
    """See that a date is one, and not in the future."""
    try:
        day = date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII) else None
    except ValueError:
        day = None
    if day is None:
        raise InvalidVersionError(f"compatibility_date {text[:40]!r} is not a date such as 2024-11-01.")
    if day > now.date():
        raise InvalidVersionError(f"Can't set compatibility date in the future: {text}")
    return text


def annotations_of(fields: Fields, names: Sequence[str]) -> Body:
    """Those annotations that a caller may set."""
    annotations = fields.object("annotations", {})
    return {name: annotations.text(name, longest=1000) for name in names if annotations.has(name)}
