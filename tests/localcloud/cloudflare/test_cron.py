from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.cloudflare.cron import InvalidCronError, plain_cron


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "* * * *",
        "* * * * * *",
        " * * * * *",
        "* * * * * ",
        "*\n* * * *",
        "@daily",
        "60 * * * *",
        "-1 * * * *",
        "1.5 * * * *",
        "256 * * * *",
        "\u0661 * * * *",
        "* 24 * * *",
        "23 59 LW * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 13 *",
        "* * * jann *",
        "* * * * 0",
        "* * * * 8",
        "0 22 * * 0",
        "* * * * mond",
        "? * * * *",
        "*,5 * * * *",
        "5,* * * * *",
        "5, * * * *",
        "*-5 * * * *",
        "*/0 * * * *",
        "*/60 * * * *",
        "* * */31 * *",
        "* * l * *",
        "* * W * *",
        "* * 32W * *",
        "* * 1W,15 * *",
        "* * 1,L * *",
        "* * * * friLL",
        "* * * * mon#0",
        "* * * * mon#6",
        "* * * * mon#",
        "* * * * 2,mon#1",
    ],
)
def test_what_cloudflare_would_not_take_is_refused_in_its_words(expression: str) -> None:
    with pytest.raises(InvalidCronError) as refused:
        plain_cron(expression)
    assert refused.value.errors == [{"code": 10100, "message": "invalid cron string"}]


@pytest.mark.parametrize("day", ["L-3", "L-3W"])
def test_counting_back_from_a_months_end_is_refused_as_not_offered_here(day: str) -> None:
    with pytest.raises(InvalidCronError, match="the local cloud does not"):
        plain_cron(f"0 0 {day} * *")


@pytest.mark.parametrize(
    ("expression", "plain"),
    [
        ("* * * * *", "* * * * *"),
        ("*/30 *\t*  * *", "0,30 * * * *"),
        ("007 5/9 * * *", "7 5,14,23 * * *"),
        ("58-2 22-4/3 * * *", "0,1,2,58,59 1,4,22 * * *"),
        ("0 0 1,15-17,*/20 * *", "0 0 1,15,16,17,21 * *"),
        ("0 0 * JAN,Oct-feb *", "0 0 * 1,2,10,11,12 *"),
        ("0 17 * * sun", "0 17 * * 0"),
        ("0 17 * * 1", "0 17 * * 0"),
        ("10 7 * * MON-fri", "10 7 * * 1,2,3,4,5"),
        ("10 7 * * 2-6", "10 7 * * 1,2,3,4,5"),
        ("0 0 * * sat-mon", "0 0 * * 0,1,6"),
        ("0 18 * * 6L", "0 18 * * 5#L"),
        ("0 18 * * friL", "0 18 * * 5#L"),
        ("0 0 * * L", "0 0 * * 6"),
        ("0 0 * * 2#2", "0 0 * * 1#2"),
        ("59 23 LW * *", "59 23 LW * *"),
        ("59 23 L * *", "59 23 L * *"),
        ("0 0 015W * *", "0 0 15W * *"),
    ],
)
def test_times_are_written_out_in_numbers(expression: str, plain: str) -> None:
    assert plain_cron(expression) == plain


@given(st.text(alphabet="*/,-#LW0123456789 monjafri", max_size=24))
def test_any_text_is_refused_or_has_five_fields(text: str) -> None:
    try:
        plain = plain_cron(text)
    except InvalidCronError:
        return
    assert len(plain.split(" ")) == 5


@given(st.sets(st.integers(0, 59), min_size=1), st.sets(st.integers(1, 12), min_size=1))
def test_lists_are_kept_sorted_and_whole(minutes: set[int], months: set[int]) -> None:
    expression = f"{','.join(map(str, minutes))} * * {','.join(map(str, months))} *"
    minute, _, _, month, _ = plain_cron(expression).split(" ")
    assert [int(number) for number in minute.split(",")] == sorted(minutes)
    assert [int(number) for number in month.split(",")] == sorted(months)


@given(st.integers(0, 23), st.integers(0, 23))
def test_a_range_goes_from_one_end_to_the_other_also_past_midnight(start: int, end: int) -> None:
    hours = [int(number) for number in plain_cron(f"0 {start}-{end} * * *").split(" ")[1].split(",")]
    assert len(hours) == (end - start) % 24 + 1
    assert {start, end} <= set(hours)
