"""What one job asks for, parsed once from RunPod's job input."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

PROMPT_LIMIT = 4_000  # characters; the API refuses longer prompts first
SIDES = range(16, 2_049)  # pixels; the longest keeps one frame under 13 MB of memory
SECONDS_LIMIT = 30
PRIVATE_ZONES = ("", "local", "localhost", "internal")
_SIZE = re.compile(r"([1-9]\d{1,3})x([1-9]\d{1,3})")


class OrderError(ValueError):
    """The job's input cannot be rendered; the message names the field."""


@dataclass(frozen=True)
class Upload:
    """Where one finished file goes: its key in the bucket and the signed address that stores it."""

    key: str
    url: str
    content_type: str


@dataclass(frozen=True)
class Order:
    """One job's wishes. Sizes in pixels, duration in seconds."""

    kind: str
    prompt: str
    width: int
    height: int
    seed: int
    seconds: float
    style: str
    uploads: tuple[Upload, ...]
    progress_url: str | None


def parse(document: Any) -> Order:
    """Read a job's `input`.

    Raises:
        OrderError: a field is missing or has a value that cannot be rendered.
    """
    if not isinstance(document, dict):
        raise OrderError("input: expected an object")
    kind = document.get("kind", "image")
    if kind not in ("image", "video"):
        raise OrderError(f"kind: expected image or video, got {kind!r}")
    prompt = document.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip() or len(prompt) > PROMPT_LIMIT:
        raise OrderError(f"prompt: expected 1 to {PROMPT_LIMIT} characters")
    _check_image(_text(document, "image_url"))
    width, height = _size(document.get("size", "1024x1024"))
    return Order(
        kind=kind,
        prompt=prompt,
        width=width,
        height=height,
        seed=_seed(document.get("seed"), prompt),
        seconds=_seconds(document.get("duration_seconds", 5)),
        style=_text(document, "style") or "",
        uploads=_uploads(document, kind),
        progress_url=_text(document, "progress_url"),
    )


def _size(value: Any) -> tuple[int, int]:
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise OrderError("size: expected WIDTHxHEIGHT in pixels, such as 1024x1024")
    width, height = int(match[1]), int(match[2])
    if width not in SIDES or height not in SIDES:
        raise OrderError(f"size: each side is {SIDES.start} to {SIDES.stop - 1} pixels, got {value}")
    return width, height


def _seed(value: Any, prompt: str) -> int:
    """A job without a seed gets the one its prompt hashes to, so that every picture can be made again."""
    if value is None:
        return int.from_bytes(hashlib.sha256(prompt.encode()).digest()[:4], "big")
    if isinstance(value, bool) or not isinstance(value, int):
        raise OrderError("seed: expected a whole number")
    return value


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= SECONDS_LIMIT:
        raise OrderError(f"duration_seconds: expected more than 0 and at most {SECONDS_LIMIT}")
    return float(value)


def _text(document: dict[str, Any], field: str) -> str | None:
    value = document.get(field)
    if value is not None and not isinstance(value, str):
        raise OrderError(f"{field}: expected text")
    return value


def _check_image(address: str | None) -> None:
    """Refuse what a model could not fetch; this renderer draws without it, and never opens it."""
    if address is not None and not _is_public(address):
        raise OrderError("image_url: expected an https address of the public internet")


def _is_public(address: str) -> bool:
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").removesuffix(".")
    except ValueError:
        return False
    if parts.scheme != "https" or "@" in parts.netloc or not address.isascii() or " " in address:
        return False
    try:
        literal = ip_address(host)
    except ValueError:
        labels = host.split(".")
        # A last label that begins with a digit is a part of an IPv4 address in one of its other notations.
        return len(labels) > 1 and labels[-1] not in PRIVATE_ZONES and not labels[-1][:1].isdigit()
    return literal.is_global and not literal.is_multicast


def _uploads(document: dict[str, Any], kind: str) -> tuple[Upload, ...]:
    listed = document.get("uploads")
    wanted = 1 if kind == "video" else document.get("num_images", 1)
    if not isinstance(listed, list) or len(listed) != wanted:
        raise OrderError(f"uploads: expected {wanted} (one a file)")
    try:
        return tuple(Upload(item["key"], item["url"], item["content_type"]) for item in listed)
    except (TypeError, KeyError) as error:
        raise OrderError(f"uploads: each needs key, url and content_type ({error})") from error
