"""A picture drawn from a prompt: drifting light over a horizon, the prompt as its caption.

Pure and seeded: the same prompt, seed, size, style and moment give the same pixels.
"""

from __future__ import annotations

import colorsys
import math
import random
import textwrap
from dataclasses import dataclass
from functools import cache

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from renderer.style import treated

Colour = tuple[int, int, int]
CAPTION_SHARE = 26  # a line of caption is a 26th of the shorter side
CAPTION_LINES = 3
GRADIENT_AT_EDGE = 181  # Pillow's radial gradient, from 0, halfway along a side; 255 is in the corners


@dataclass(frozen=True)
class Light:
    """One soft glow, in its colour on black, that circles around a place; shares of the picture's sides."""

    glow: Image.Image
    x: float
    y: float
    orbit: float
    phase: float


@dataclass(frozen=True)
class Scene:
    """All that a frame needs but the moment."""

    width: int
    height: int
    caption: str
    sky: Image.Image
    lights: tuple[Light, ...]
    ridges: tuple[tuple[Colour, float, float, float], ...]  # colour, height, wavelength, phase
    style: str

    def frame(self, moment: float) -> Image.Image:
        """The picture at a moment from 0 to 1; 0 and 1 are alike, so that a video loops."""
        picture = self.sky.copy()
        for light in self.lights:
            self._shine(picture, light, moment)
        self._draw_ridges(picture, moment)
        picture = treated(picture, self.style)
        self._draw_caption(picture)
        return picture

    def _shine(self, picture: Image.Image, light: Light, moment: float) -> None:
        turn = 2 * math.pi * (moment + light.phase)
        side = light.glow.width
        x = int((light.x + light.orbit * math.cos(turn)) * self.width) - side // 2
        y = int((light.y + light.orbit * math.sin(turn)) * self.height) - side // 2
        # Only where the glow reaches: a video has 24 frames a second.
        lit = ImageChops.screen(picture.crop((x, y, x + side, y + side)), light.glow)
        picture.paste(lit, (x, y))

    def _draw_ridges(self, picture: Image.Image, moment: float) -> None:
        draw = ImageDraw.Draw(picture)
        step = max(2, self.width // 256)
        for colour, height, wavelength, phase in self.ridges:
            turn = 2 * math.pi * (phase + moment)
            outline = [
                (x, self.height * (height + 0.035 * _wave(x / self.width, wavelength, turn)))
                for x in range(0, self.width + step, step)
            ]
            draw.polygon([(0, self.height), *outline, (self.width, self.height)], fill=colour)

    def _draw_caption(self, picture: Image.Image) -> None:
        size = max(9, min(self.width, self.height) // CAPTION_SHARE)
        font = ImageFont.load_default(size)
        columns = max(8, int(self.width / (size * 0.56)) - 4)
        text = "\n".join(textwrap.wrap(self.caption, columns, max_lines=CAPTION_LINES, placeholder=" …"))
        draw = ImageDraw.Draw(picture)
        place = (self.width / 2, self.height - 1.4 * size)
        draw.multiline_text(
            place,
            text,
            (255, 255, 255),
            font,
            anchor="md",
            align="center",
            stroke_width=1,
            stroke_fill=(12, 12, 24),
        )


def compose(prompt: str, seed: int, width: int, height: int, style: str = "") -> Scene:
    """Choose colours, lights and ridges for a prompt; the style changes how they look, not where they are."""
    dice = random.Random(f"{seed}\n{prompt}")  # noqa: S311 - a picture, not a secret
    hue = dice.random()
    return Scene(
        width=width,
        height=height,
        caption=" ".join(prompt.split()),
        sky=_sky(hue, width, height),
        lights=tuple(_light(dice, hue, max(width, height)) for _ in range(5)),
        ridges=tuple(
            (
                _colour(hue + 0.08, 0.55, 0.30 - 0.09 * row),
                0.62 + 0.11 * row,
                dice.uniform(1.5, 4.0),
                dice.random(),
            )
            for row in range(3)
        ),
        style=style,
    )


def _sky(hue: float, width: int, height: int) -> Image.Image:
    low, high = (
        Image.new("RGB", (width, height), _colour(hue + turn, 0.7, value))
        for turn, value in ((0.12, 0.75), (0, 0.16))
    )
    blend = Image.linear_gradient("L").resize((width, height))
    return Image.composite(low, high, blend).filter(ImageFilter.GaussianBlur(2))


@cache
def _falloff() -> Image.Image:
    """A disc of light that is dark before its square's edge."""
    levels = [round(255 * max(0.0, 1 - level / GRADIENT_AT_EDGE) ** 1.6) for level in range(256)]
    return Image.radial_gradient("L").point(levels)


def _light(dice: random.Random, hue: float, longest: int) -> Light:
    colour = _colour(hue + dice.uniform(-0.2, 0.35), dice.uniform(0.45, 0.8), dice.uniform(0.5, 0.95))
    x, y = dice.random(), dice.uniform(0.05, 0.7)
    radius = int(dice.uniform(0.18, 0.42) * longest)
    orbit, phase = dice.uniform(0.03, 0.14), dice.random()
    return Light(_glow(colour, 2 * radius), x, y, orbit, phase)


def _glow(colour: Colour, side: int) -> Image.Image:
    glow = Image.new("RGB", (side, side))
    glow.paste(colour, mask=_falloff().resize((side, side)))
    return glow


def _colour(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def _wave(x: float, wavelength: float, turn: float) -> float:
    return math.sin(2 * math.pi * wavelength * x + turn) + 0.5 * math.sin(
        2 * math.pi * 2.7 * wavelength * x - turn
    )
