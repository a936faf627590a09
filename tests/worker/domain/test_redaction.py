from __future__ import annotations

import json
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.redaction import Redactor

SECRET = "canary-secret-0001"
REDACTOR = Redactor([SECRET, SECRET + "-longer", "", "short"])


@given(
    st.recursive(
        st.text() | st.just(SECRET), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_a_secret_is_found_however_deep_it_lies(value: object) -> None:
    assert SECRET not in repr(REDACTOR.value(value))


def test_a_secret_inside_another_leaves_no_tail() -> None:
    assert REDACTOR.text(f"a {SECRET}-longer b") == "a [redacted] b"


@pytest.mark.parametrize("secret", [SECRET, 'a+b/c="d\\e f&<%20'])
def test_a_secret_is_taken_out_of_addresses_and_of_json_in_a_text(secret: str) -> None:
    forms = (f"/a/{quote(secret)}", urlencode({"key": secret}), quote(secret, safe=""), json.dumps([secret]))
    for form in forms:
        hidden = Redactor([secret]).own(f"failed: {form}")
        assert "[redacted]" in hidden
        assert not [part for part in (secret, quote(secret), quote_plus(secret)) if part in hidden]


def test_tokens_and_signatures_in_addresses_are_taken_out() -> None:
    text = "https://api/webhooks/runpod?job=1&token=abc and /media/k?expires=1&signature=def#x"
    assert "abc" not in REDACTOR.text(text)
    assert "def" not in REDACTOR.text(text)
    assert "job=1" in REDACTOR.text(text)
    at_s3 = "https://s3/b/k?X-Amz-Expires=60&X-Amz-Security-Token=ghi&X-Amz-Signature=jkl"
    assert REDACTOR.text(at_s3).endswith(
        "?X-Amz-Expires=60&X-Amz-Security-Token=[redacted]&X-Amz-Signature=[redacted]"
    )


def test_secret_headers_lose_their_values_and_others_keep_theirs() -> None:
    headers = {
        "Authorization": "Bearer x",
        "cookie": "c",
        "apikey": "k",
        "X-Webhook-Secret": "s",
        "accept": "*/*",
    }
    assert REDACTOR.headers(headers) == {**dict.fromkeys(headers, "[redacted]"), "accept": "*/*"}


def test_a_very_short_secret_does_not_tear_words_apart() -> None:
    assert REDACTOR.text("a short word") == "a short word"


def test_of_somebody_elses_address_only_our_own_secrets_are_taken_out() -> None:
    address = f"https://pictures.example.com/{SECRET}/a.png?token=theirs"
    assert REDACTOR.own(address) == "https://pictures.example.com/[redacted]/a.png?token=theirs"
