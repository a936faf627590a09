from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from renderer.scene import compose


def test_the_same_prompt_and_seed_give_the_same_pixels() -> None:
    assert (
        compose("a fox", 7, 160, 90).frame(0.25).tobytes()
        == compose("a fox", 7, 160, 90).frame(0.25).tobytes()
    )


def test_another_seed_or_prompt_gives_another_picture() -> None:
    pictures = {
        compose(*wish, 160, 90).frame(0).tobytes() for wish in (("a fox", 7), ("a fox", 8), ("a hen", 7))
    }
    assert len(pictures) == 3


def test_a_style_changes_how_a_picture_looks_and_not_its_size() -> None:
    styles = ("photorealistic", "anime", "black_and_white", "Pixel art", "sketch", "watercolor")
    pictures = [compose("a fox", 7, 160, 90, style).frame(0) for style in styles]
    assert {picture.size for picture in pictures} == {(160, 90)}
    assert len({picture.tobytes() for picture in pictures}) == len(styles)


def test_a_style_that_is_not_known_is_drawn_as_it_is() -> None:
    assert compose("a fox", 7, 160, 90, "baroque").frame(0) == compose("a fox", 7, 160, 90).frame(0)


def test_a_scene_moves_and_comes_back_to_its_start() -> None:
    scene = compose("a fox", 7, 160, 90)
    assert scene.frame(0).tobytes() == scene.frame(1).tobytes() != scene.frame(0.5).tobytes()


@settings(max_examples=25, deadline=None)
@given(st.text(min_size=1, max_size=300), st.integers(), st.integers(16, 200), st.integers(16, 200))
def test_any_prompt_can_be_drawn_at_any_size(prompt: str, seed: int, width: int, height: int) -> None:
    assert compose(prompt, seed, width, height).frame(0.1).size == (width, height)
