"""The worker's files as the modules of a version."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MAIN_MODULE = "entry.py"
# https://developers.cloudflare.com/workers/platform/limits/#worker-size (paid plan, compressed; this is
# before compression, and so on the safe side)
SIZE_LIMIT = 10 * 1024 * 1024  # bytes


class SourceError(Exception):
    """The folder cannot be made into a version; the message says why."""


@dataclass(frozen=True)
class Module:
    """One file; its name is its path in the worker's folder."""

    name: str
    content: bytes

    @property
    def content_base64(self) -> str:
        """The content as the API takes it."""
        return b64encode(self.content).decode()


def collect(folder: Path) -> tuple[Module, ...]:
    """Every Python file below a folder, in the order of their names.

    Raises:
        SourceError: there is no main module, or the files exceed Cloudflare's limit.
    """
    files = sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)
    modules = tuple(Module(path.relative_to(folder).as_posix(), path.read_bytes()) for path in files)
    if MAIN_MODULE not in {module.name for module in modules}:
        raise SourceError(f"{folder} has no {MAIN_MODULE}: there is nothing to deploy. Restore it with git.")
    size = sum(len(module.content) for module in modules)
    if size > SIZE_LIMIT:
        raise SourceError(
            f"{folder} holds {size:,} bytes of Python: Cloudflare refuses workers over {SIZE_LIMIT:,}. "
            "Remove what it need not ship."
        )
    return modules


def digest(modules: tuple[Module, ...]) -> str:
    """A short name for exactly this source: the same files give the same twelve characters."""
    whole = hashlib.sha256()
    for module in modules:
        whole.update(f"{module.name}\n{len(module.content)}\n".encode())
        whole.update(module.content)
    return whole.hexdigest()[:12]
