"""What a job made: its files, as the renderer reported them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from api.domain import ids, keys

if TYPE_CHECKING:
    from collections.abc import Iterable

_LARGEST_SIDE = 2**31 - 1  # PostgreSQL's `integer`
_LARGEST_SIZE = 2**53 - 1  # the largest integer that every client reads exactly
_LONGEST_TEXT = 4000


@dataclass(frozen=True)
class MediaFile:
    """A row of `public.media_files`: in our storage under `key`, or elsewhere at `url`; sizes in pixels."""

    ordinal: int
    key: str | None
    url: str | None = None
    content_type: str | None = None
    format: str | None = None
    size_bytes: int | None = None
    width: int | None = None
    height: int | None = None
    duration_seconds: float | None = None
    sha256: str | None = None
    description: str | None = None
    id: str | None = None  # the database's, once it is stored

    @classmethod
    def parse(cls, document: dict[str, Any]) -> MediaFile:
        """Read the file JSON that the database's functions answer with.

        Raises:
            KeyError: a field is missing.
        """
        return cls(**{field.name: document[field.name] for field in fields(cls)})

    def to_json(self) -> dict[str, Any]:
        """Give the file JSON back."""
        return asdict(self)


def of_output(job_id: str, output: Any) -> tuple[MediaFile, ...]:
    """Read the files that a renderer's output names; what makes no sense in one is left out of it.

    Only files under the job's own keys count: a renderer that names another job's file must neither make us
    sign an address to it nor take it from its owner.
    """
    return own(job_id, (_file(file) for file in _named(output)))


def owner(output: Any) -> str | None:
    """Give the job that the first file of a renderer's output is stored for."""
    for file in _named(output):
        job_id = str(file["key"]).removeprefix(keys.PRIVATE_PREFIX).partition("/")[0]
        if ids.is_uuid(job_id):
            return job_id
    return None


def own(job_id: str, files: Iterable[MediaFile]) -> tuple[MediaFile, ...]:
    """Give the files that may be this job's, numbered anew: its own in our storage, any stored elsewhere."""
    kept = [file for file in files if file.key is None or keys.is_of_job(file.key, job_id)]
    return tuple(replace(file, ordinal=ordinal) for ordinal, file in enumerate(kept))


def _named(output: Any) -> list[dict[str, Any]]:
    files = output.get("files") if isinstance(output, dict) else None
    return [
        file
        for file in (files if isinstance(files, list) else [])
        if isinstance(file, dict) and isinstance(file.get("key"), str)
    ]


def _file(file: dict[str, Any]) -> MediaFile:
    return MediaFile(
        ordinal=0,  # numbered when it is known which count
        key=file["key"],
        content_type=_text(file.get("content_type")),
        format=_text(file.get("format")),
        size_bytes=_integer(file.get("size_bytes"), 0, _LARGEST_SIZE),
        width=_integer(file.get("width"), 1, _LARGEST_SIDE),
        height=_integer(file.get("height"), 1, _LARGEST_SIDE),
        duration_seconds=_seconds(file.get("duration_seconds")),
        sha256=_text(file.get("sha256")),
        description=_text(file.get("description")),
    )


def _text(value: Any) -> str | None:
    return value[:_LONGEST_TEXT] if isinstance(value, str) else None


def _integer(value: Any, low: int, high: int) -> int | None:
    return value if type(value) is int and low <= value <= high else None


def _seconds(value: Any) -> float | None:
    return value if type(value) in {int, float} and 0 <= value < _LARGEST_SIDE else None
