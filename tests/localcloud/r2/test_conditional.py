"""Conditions on what is stored, by RFC 9110's rules."""

from __future__ import annotations

import pytest

from localcloud.r2.conditional import Conditional, Etag
from localcloud.r2.stored import StoredObject

STORED = StoredObject("k", "v", 1, "e", 5_500, {}, {}, {})
THIS, OTHER, WEAK, ANY = Etag("strong", "e"), Etag("strong", "x"), Etag("weak", "e"), Etag("wildcard")


@pytest.mark.parametrize(
    ("condition", "stored", "absent"),
    [
        (Conditional(), True, True),
        (Conditional(etag_matches=(OTHER,)), False, False),
        (Conditional(etag_matches=(OTHER, THIS)), True, False),
        (Conditional(etag_matches=(WEAK,)), False, False),
        (Conditional(etag_matches=(ANY,)), True, False),
        (Conditional(etag_does_not_match=(THIS,)), False, True),
        (Conditional(etag_does_not_match=(WEAK,)), False, True),
        (Conditional(etag_does_not_match=(ANY,)), False, True),
        (Conditional(etag_does_not_match=(OTHER,)), True, True),
        (Conditional(uploaded_before=5_500), False, True),
        (Conditional(uploaded_before=5_501), True, True),
        (Conditional(uploaded_before=5_999, seconds=True), False, True),
        (Conditional(uploaded_after=5_500), False, False),
        (Conditional(uploaded_after=5_499), True, False),
        (Conditional(uploaded_after=5_000, seconds=True), False, False),
        # An etag outweighs the date that goes with it.
        (Conditional(etag_matches=(THIS,), uploaded_before=1), True, False),
        (Conditional(etag_does_not_match=(OTHER,), uploaded_after=9_999), True, False),
        (Conditional(etag_matches=(THIS,), uploaded_after=9_999), False, False),
    ],
)
def test_a_condition_holds_as_http_says(condition: Conditional, *, stored: bool, absent: bool) -> None:
    assert condition.holds(STORED) is stored
    assert condition.holds(None) is absent
