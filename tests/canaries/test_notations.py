from __future__ import annotations

import base64
import html
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.canaries.notations import SHORTEST, Search

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET = 'plantedCanary-key-0123456789+/="\\&<%20 '
SEARCH = Search({"key": SECRET})
WRITTEN = {
    "clear": SECRET,
    "a path": quote(f"/a/{SECRET}"),
    "a query": urlencode({"key": SECRET}),
    "a form": quote_plus(SECRET),
    "lower-case escapes": re.sub(r"%\w\w", lambda escape: escape[0].lower(), quote(SECRET, safe="")),
    "an address in a query": quote(f"https://api/?token={quote(SECRET, safe='')}", safe=""),
    "JSON": json.dumps({"a": [SECRET]}),
    "JSON in JSON": json.dumps({"message": json.dumps({"a": SECRET})}),
    "JSON with escaped slashes": json.dumps(SECRET).replace("/", "\\/"),
    "Go's JSON": json.dumps(SECRET).replace("&", "\\u0026").replace("<", "\\u003c"),
    "Python's repr": repr({"headers": [SECRET]}),
    "HTML": html.escape(SECRET),
    "hex": SECRET.encode().hex(),
    "capital hex": SECRET.encode().hex().upper(),
}


def found(search: Search, content: bytes) -> list[tuple[str, str]]:
    return [(leak.secret, leak.place) for leak in search.leaks([("here", content)])]


@pytest.mark.parametrize("notation", WRITTEN)
def test_a_secret_is_found_in_every_notation(notation: str) -> None:
    assert found(SEARCH, f"before {WRITTEN[notation]} after".encode()) == [("key", "here")]


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@given(before=st.binary(max_size=9), secret=st.text(min_size=SHORTEST), after=st.binary(max_size=9))
def test_any_secret_is_found_wherever_it_begins_in_base64(
    encode: Callable[[bytes], bytes], before: bytes, secret: str, after: bytes
) -> None:
    content = encode(before + secret.encode() + after)
    assert found(Search({"any": secret}), content) == [("any", "here")]


@pytest.mark.parametrize(
    "text", ["", "plantedCanary-key-012345678", "nothing", base64.b64encode(b"x" * 99).decode()]
)
def test_what_is_not_the_secret_is_not_found(text: str) -> None:
    assert found(SEARCH, text.encode()) == []


def test_a_find_says_which_secret_where_and_what_stands_around_it() -> None:
    search = Search({"key": SECRET, "other": "another-secret-of-length"})
    [leak] = search.leaks([("clean", b"nothing"), ("edge.log", b"it was another-secret-of-length there")])
    assert (leak.secret, leak.place) == ("other", "edge.log")
    assert leak.around == "it was another-secret-of-length there"


@pytest.mark.parametrize("secret", ["", "short"])
def test_a_text_that_would_be_found_anywhere_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="key"):
        Search({"key": secret})
