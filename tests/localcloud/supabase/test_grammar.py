"""The query string's grammar: whatever comes in is parsed or refused, never a crash."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.supabase.rest import grammar, request
from localcloud.supabase.rest.errors import RestError
from localcloud.supabase.rest.grammar import Field, Filter, Logic
from localcloud.supabase.rest.statement import array

QUERY_TEXT = st.text(st.sampled_from('abc.,()"\\:->*{}1 eqinorandnotselect'), max_size=40) | st.text(
    max_size=20
)


@given(
    st.lists(
        st.tuples(st.sampled_from(["select", "order", "or", "not.and", "limit", "columns", "a"]), QUERY_TEXT)
    ),
    QUERY_TEXT,
)
def test_any_query_string_is_parsed_or_refused(pairs: list[tuple[str, str]], header: str) -> None:
    try:
        request.parse_query(pairs, header)
    except RestError as error:
        assert error.status in {400, 416}  # noqa: PT017 - either outcome is right


@given(QUERY_TEXT, QUERY_TEXT)
def test_any_header_is_understood_or_ignored(accept: str, prefer: str) -> None:
    request.parse_preferences([prefer])
    try:
        request.parse_accept(accept)
    except RestError as error:
        assert error.status == 406  # noqa: PT017 - either outcome is right


@given(st.lists(st.text(st.characters(exclude_characters="\x00")), min_size=1, max_size=5))
def test_quoted_values_of_a_list_come_back_as_they_were(values: list[str]) -> None:
    quoted = ["".join(f"\\{c}" if c in '"\\' else c for c in value) for value in values]
    text = "(" + ",".join(f'"{value}"' for value in quoted) + ")"
    assert grammar.parse_list(text) == tuple(values)


def test_a_nested_condition_is_a_tree() -> None:
    parsed = grammar.parse_logic("or", "(a.eq.1,not.and(b->>c.gt.2,d.in.(3,4)))")
    assert parsed == Logic(
        "or",
        (
            Filter(Field("a"), "eq", "1"),
            Logic(
                "and",
                (Filter(Field("b", (("->>", "c"),)), "gt", "2"), Filter(Field("d"), "in", "(3,4)")),
                negated=True,
            ),
        ),
    )


@pytest.mark.parametrize(
    ("values", "text"), [([], "{}"), (["a", 'b"c', "d\\e", "f,g"], '{"a","b\\"c","d\\\\e","f,g"}')]
)
def test_arrays_are_written_as_postgres_reads_them(values: list[str], text: str) -> None:
    assert array(values) == text
