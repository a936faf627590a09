from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderer import order

UPLOAD = {"key": "media/1/0.png", "url": "http://127.0.0.1:1/x", "content_type": "image/png"}
GOOD = {
    "kind": "image",
    "prompt": "a fox",
    "size": "640x360",
    "num_images": 1,
    "seed": 7,
    "style": "sketch",
    "image_url": None,
    "uploads": [UPLOAD],
    "progress_url": "https://api.example.com/hook",
}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "audio"}, "kind"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": "  "}, "prompt"),
        ({"prompt": None}, "prompt"),
        ({"prompt": "x" * 4_001}, "prompt"),
        ({"size": "big"}, "size"),
        ({"size": "640x9"}, "size"),
        ({"size": "4096x4096"}, "size"),
        ({"size": 640}, "size"),
        ({"seed": "7"}, "seed"),
        ({"seed": True}, "seed"),
        ({"duration_seconds": 0}, "duration_seconds"),
        ({"duration_seconds": 31}, "duration_seconds"),
        ({"duration_seconds": "5"}, "duration_seconds"),
        ({"style": 5}, "style"),
        ({"image_url": ["x"]}, "image_url"),
        ({"image_url": "http://example.com/a.png"}, "image_url"),
        ({"image_url": "https://"}, "image_url"),
        ({"image_url": "https://localhost/a"}, "image_url"),
        ({"image_url": "https://printer.local/a"}, "image_url"),
        ({"image_url": "https://db.internal/a"}, "image_url"),
        ({"image_url": "https://10.0.0.1/a"}, "image_url"),
        ({"image_url": "https://169.254.169.254/a"}, "image_url"),
        ({"image_url": "https://127.1/a"}, "image_url"),
        ({"image_url": "https://2130706433/a"}, "image_url"),
        ({"image_url": "https://[::1]/a"}, "image_url"),
        ({"image_url": "https://[::ffff:127.0.0.1]/a"}, "image_url"),
        ({"image_url": "https://u:p@example.com/a"}, "image_url"),
        ({"progress_url": {}}, "progress_url"),
        ({"uploads": []}, "uploads"),
        ({"uploads": [{}]}, "uploads"),
        ({"uploads": ["x"]}, "uploads"),
        ({"num_images": 2}, "uploads"),
        ({"kind": "video", "uploads": [UPLOAD, UPLOAD]}, "uploads"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, Any], field: str) -> None:
    with pytest.raises(order.OrderError, match=f"^{field}:"):
        order.parse({**GOOD, **change})


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda part: st.lists(part) | st.dictionaries(st.text(), part),
    )
)
def test_anything_that_is_not_an_order_is_refused_and_never_crashes(document: Any) -> None:
    with pytest.raises(order.OrderError):
        order.parse(document)


def test_an_order_is_read_whole() -> None:
    assert order.parse(GOOD) == order.Order(
        "image",
        "a fox",
        640,
        360,
        7,
        5.0,
        "sketch",
        (order.Upload(**UPLOAD),),
        "https://api.example.com/hook",
    )


def test_without_a_seed_the_prompt_decides_it() -> None:
    one, same, other = (
        order.parse({**GOOD, "seed": None, "prompt": prompt}).seed for prompt in ("a", "a", "b")
    )
    assert one == same != other


@pytest.mark.parametrize("address", ["https://example.com/a.png?x=1", "https://1.1.1.1/a.png", None])
def test_a_public_picture_is_accepted(address: str | None) -> None:
    assert order.parse({**GOOD, "image_url": address}) == order.parse(GOOD)
