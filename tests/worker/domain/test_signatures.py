from __future__ import annotations

import hashlib
import hmac
from urllib.parse import parse_qsl, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from api.domain import signatures

SECRET = "s" * 32
TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50)


def test_a_job_token_is_the_hmac_that_the_contract_says() -> None:
    expected = hmac.new(SECRET.encode(), b"job:42", hashlib.sha256).hexdigest()
    assert signatures.job_token(SECRET, "42") == expected


@given(TEXTS, st.integers(1, 10**11))
def test_a_signed_address_allows_its_own_method_and_key_until_it_expires(key: str, expires: int) -> None:
    address = signatures.media_address("https://api.example", SECRET, "GET", key, expires)
    query = dict(parse_qsl(urlsplit(address).query))
    assert signatures.media_allows(SECRET, "GET", key, query, expires - 1)
    assert not signatures.media_allows(SECRET, "GET", key, query, expires)
    assert not signatures.media_allows(SECRET, "PUT", key, query, expires - 1)
    assert not signatures.media_allows(SECRET, "GET", key + "x", query, expires - 1)
    assert not signatures.media_allows("t" * 32, "GET", key, query, expires - 1)


@given(TEXTS, st.integers(1, 10**11), st.integers(1, 10**11))
def test_the_time_of_expiry_cannot_be_changed(key: str, expires: int, later: int) -> None:
    signature = signatures.media_signature(SECRET, "GET", key, expires)
    allowed = signatures.media_allows(SECRET, "GET", key, {"expires": str(later), "signature": signature}, 0)
    assert allowed is (later == expires)


@given(st.text(), st.text())
def test_any_query_is_judged_without_failing(expires: str, signature: str) -> None:
    assert not signatures.media_allows(SECRET, "GET", "k", {"expires": expires, "signature": signature}, 0)


@given(st.text(), st.text())
def test_equal_texts_and_only_those_are_equal(one: str, other: str) -> None:
    assert signatures.equal(one, one)
    if one.isascii() and other.isascii():
        assert signatures.equal(one, other) is (one == other)
