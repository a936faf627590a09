"""Finds secrets in whatever a program gives out, in every notation in which programs write a text."""

from __future__ import annotations

import base64
import html
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SHOWN = 60  # bytes around a find
SHORTEST = 12  # characters; a shorter one also turns up by chance
GROUP = 3  # base64 writes three bytes in four characters
_ESCAPE = re.compile(r"%[0-9A-F]{2}")
# What Go's JSON escapes beside all others: the Pulumi engine writes it.
_GO = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def notations(secret: str) -> frozenset[bytes]:
    """Give the secret as it may stand in an answer, a log, a file or a database."""
    texts = {secret, html.escape(secret), repr(secret)[1:-1], *_in_address(secret), *_in_json(secret)}
    raw = secret.encode()
    encoded = {text.encode() for text in texts} | {raw.hex().encode(), raw.hex().upper().encode()}
    return frozenset(encoded | set(_in_base64(raw)))


def _in_address(secret: str) -> Iterator[str]:
    for once in (quote(secret), quote(secret, safe=""), quote_plus(secret)):
        yield once
        yield _ESCAPE.sub(lambda escape: escape[0].lower(), once)
        yield quote(once, safe="")  # an address in another one's query


def _in_json(secret: str) -> Iterator[str]:
    once = json.dumps(secret)[1:-1]
    yield once
    yield json.dumps(once)[1:-1]  # JSON as a string in JSON
    yield once.replace("/", "\\/")
    yield once.translate(_GO)


def _in_base64(raw: bytes) -> Iterator[bytes]:
    """Give the characters that depend on nothing but the secret, wherever in a longer text it begins."""
    for before in range(GROUP):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(bytes(before) + raw)
            begin = (0, 2, 3)[before]
            # A group that the secret does not fill shares its last character with what follows.
            end = {0: len(text), 1: len(text) - 3, 2: len(text) - 2}[(before + len(raw)) % GROUP]
            yield text[begin:end]


@dataclass(frozen=True)
class Leak:
    """A secret where it has no business to be."""

    secret: str  # its name
    place: str
    around: str


class Search:
    """Looks for secrets, each under its name."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        if short := [name for name, secret in secrets.items() if len(secret) < SHORTEST]:
            raise ValueError(f"too short to be looked for: {', '.join(short)}")
        self._sought = [(name, form) for name, secret in secrets.items() for form in notations(secret)]

    def leaks(self, places: Iterable[tuple[str, bytes]]) -> list[Leak]:
        """Give each secret once a place that holds it."""
        return [leak for place, content in places for leak in self._in(place, content)]

    def _in(self, place: str, content: bytes) -> Iterator[Leak]:
        found: set[str] = set()
        for name, form in self._sought:
            if name not in found and (at := content.find(form)) >= 0:
                found.add(name)
                around = content[max(at - SHOWN, 0) : at + len(form) + SHOWN]
                yield Leak(name, place, around.decode("latin-1"))
