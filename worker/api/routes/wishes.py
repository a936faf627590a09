"""What may be wished for: one schema a field, whatever a family calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.domain import addresses
from api.errors import InvalidError

if TYPE_CHECKING:
    from api.document import Schema

PROMPT: Schema = {"type": "string", "minLength": 1, "maxLength": 2000, "pattern": r"\S"}
DEFAULT_SIZE = "1024x1024"
# Sizes that the renderer draws and H.264 encodes without scaling.
SIZE: Schema = {
    "type": "string",
    "enum": [
        *("256x256", "512x512", "768x768", DEFAULT_SIZE, "1280x720", "720x1280"),
        *("1792x1024", "1024x1792", "1920x1080", "1080x1920"),
    ],
    "default": DEFAULT_SIZE,
}
NUM_IMAGES: Schema = {"type": "integer", "minimum": 1, "maximum": 4, "default": 1}
SECONDS: Schema = {"type": "integer", "minimum": 1, "maximum": 30, "default": 5}
SEED: Schema = {"type": ["integer", "null"], "minimum": 0, "maximum": 4294967295, "default": None}
STYLE: Schema = {
    "type": "string",
    "pattern": "^[A-Za-z0-9 _-]+$",
    "maxLength": 64,
    "default": "photorealistic",
}
IMAGE_URL: Schema = {
    "type": ["string", "null"],
    "pattern": "^https://[!-~]+$",
    "maxLength": 2048,
    "default": None,
    "description": "An address of the public internet",
}


def check_address(url: str | None, field: str) -> None:
    """Check the address of a picture to start from.

    Raises:
        InvalidError: it is not https, or leads to a private or loopback address.
    """
    try:
        if url is not None:
            addresses.check_public_https(url)
    except addresses.InvalidAddressError as error:
        raise InvalidError(f"{field} {error}", code="invalid_field", field=field) from error
