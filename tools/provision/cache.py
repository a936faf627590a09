"""The tools that were built, shared by every checkout of one user.

An entry is a folder `<name>-<version>-<fingerprint>` with a manifest of its files' checksums. It appears
whole, by a rename, and is trusted only while the manifest holds.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from provision.lock import held

if TYPE_CHECKING:
    from collections.abc import Callable

MANIFEST = "manifest.json"
CHUNK = 1024 * 1024


def obtain(
    root: Path, entry: str, make: Callable[[Path], None], waiting: Callable[[str], None] = lambda _line: None
) -> Path:
    """The folder of an entry, made by `make` in an empty folder if it is missing or damaged.

    Two checkouts at once make it once: the second waits.
    """
    folder = root / entry
    if is_whole(folder):
        return folder
    with held(root / f"{entry}.lock", waiting):
        if not is_whole(folder):
            _remove_drafts(root, entry)
            draft = Path(tempfile.mkdtemp(prefix=f"{entry}.", dir=root))
            try:
                make(draft)
                _seal(draft)
                shutil.rmtree(folder, ignore_errors=True)
                draft.rename(folder)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
    return folder


def _remove_drafts(root: Path, entry: str) -> None:
    """What a killed set-up left, hundreds of megabytes; whoever holds the entry's lock has none yet."""
    for draft in root.glob(f"{entry}.*"):
        if draft.is_dir():
            shutil.rmtree(draft, ignore_errors=True)


def is_whole(folder: Path) -> bool:
    """Whether every file is as it was when the entry was made.

    Size and time of change are compared; only where they differ is a file read.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
        return bool(manifest) and all(_is_same(folder / name, kept) for name, kept in manifest.items())
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return False


def _is_same(path: Path, kept: dict[str, str | int]) -> bool:
    found = path.stat()
    if found.st_size != kept["size"]:
        return False
    return found.st_mtime_ns == kept["changed"] or _checksum(path) == kept["sha256"]


def _seal(folder: Path) -> None:
    manifest = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found = path.stat()
            manifest[path.relative_to(folder).as_posix()] = {
                "sha256": _checksum(path),
                "size": found.st_size,
                "changed": found.st_mtime_ns,
            }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2))
    os.sync()


def _checksum(path: Path) -> str:
    whole = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            whole.update(chunk)
    return whole.hexdigest()


def is_linked(program: Path, root: Path) -> bool:
    """Whether a link made by `link` leads to a program and, where that is in the cache, to a whole entry."""
    home = program.resolve().parent.parent
    return program.exists() and (root.resolve() not in home.parents or is_whole(home))


def link(folder: Path, into: Path) -> None:
    """Make every program of a folder reachable from another one, each by a link that appears whole."""
    into.mkdir(parents=True, exist_ok=True)
    for program in sorted(folder.iterdir()):
        if program.is_file() and os.access(program, os.X_OK):
            draft = into / f".{program.name}.new"
            draft.unlink(missing_ok=True)
            draft.symlink_to(program)
            draft.replace(into / program.name)
