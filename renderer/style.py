"""What a `style` does to a picture: a treatment for each known word, nothing for any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

if TYPE_CHECKING:
    from collections.abc import Callable

    Treatment = Callable[[Image.Image], Image.Image]

VIGNETTE = 90  # of 255: how far a photograph's corners darken
LETTERBOX_SHARE = 9  # each black bar is a ninth of the height
PIXELS_ACROSS = 96  # pixel art's blocks along the longer side
PAPER = (250, 244, 230)


def treated(picture: Image.Image, style: str) -> Image.Image:
    """Give the picture its style; case and separators of the name make no difference."""
    words = style.lower().replace("-", " ").replace("_", " ").split()
    known = next((TREATMENTS[word] for word in words if word in TREATMENTS), None)
    return known(picture) if known else picture


def _photograph(picture: Image.Image) -> Image.Image:
    corners = Image.radial_gradient("L").point([255 - level * VIGNETTE // 255 for level in range(256)])
    shade = corners.resize(picture.size).convert("RGB")
    return ImageChops.multiply(ImageEnhance.Contrast(picture).enhance(1.1), shade)


def _film(picture: Image.Image) -> Image.Image:
    graded = Image.blend(picture, _inked(picture, (4, 28, 36), (255, 214, 160), (40, 120, 130)), 0.5)
    bar = picture.height // LETTERBOX_SHARE
    graded.paste((0, 0, 0), (0, 0, picture.width, bar))
    graded.paste((0, 0, 0), (0, picture.height - bar, picture.width, picture.height))
    return graded


def _cartoon(picture: Image.Image) -> Image.Image:
    return ImageOps.posterize(ImageEnhance.Color(picture).enhance(1.8), 2)


def _watercolour(picture: Image.Image) -> Image.Image:
    washed = ImageOps.posterize(picture, 3).filter(ImageFilter.BoxBlur(max(picture.size) // 160 + 1))
    return Image.blend(washed, Image.new("RGB", picture.size, PAPER), 0.4)


def _pencil(picture: Image.Image) -> Image.Image:
    lines = ImageOps.autocontrast(ImageOps.posterize(picture, 3).convert("L").filter(ImageFilter.CONTOUR))
    tone = ImageOps.colorize(picture.convert("L"), (150, 150, 150), (255, 255, 255))
    return ImageChops.multiply(tone, lines.convert("RGB"))


def _black_and_white(picture: Image.Image) -> Image.Image:
    return ImageEnhance.Contrast(picture.convert("L").convert("RGB")).enhance(1.6)


def _faded(picture: Image.Image) -> Image.Image:
    return _inked(picture, (46, 28, 16), (250, 232, 196), (150, 108, 66))


def _neon(picture: Image.Image) -> Image.Image:
    return _inked(picture, (10, 2, 34), (90, 250, 255), (236, 20, 140))


def _pixels(picture: Image.Image) -> Image.Image:
    block = max(2, max(picture.size) // PIXELS_ACROSS)
    small = (max(1, picture.width // block), max(1, picture.height // block))
    blocks = ImageOps.posterize(picture.resize(small, Image.Resampling.BOX), 3)
    return blocks.resize(picture.size, Image.Resampling.NEAREST)


def _inked(
    picture: Image.Image,
    dark: tuple[int, int, int],
    light: tuple[int, int, int],
    middle: tuple[int, int, int],
) -> Image.Image:
    return ImageOps.colorize(picture.convert("L"), dark, light, middle)


TREATMENTS: dict[str, Treatment] = {
    "photorealistic": _photograph,
    "realistic": _photograph,
    "photo": _photograph,
    "cinematic": _film,
    "anime": _cartoon,
    "cartoon": _cartoon,
    "comic": _cartoon,
    "watercolor": _watercolour,
    "watercolour": _watercolour,
    "painting": _watercolour,
    "sketch": _pencil,
    "pencil": _pencil,
    "noir": _black_and_white,
    "monochrome": _black_and_white,
    "black": _black_and_white,
    "vintage": _faded,
    "sepia": _faded,
    "neon": _neon,
    "cyberpunk": _neon,
    "pixel": _pixels,
}
