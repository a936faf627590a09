"""The bytes of objects: one file each, written aside and moved into place when whole and on disk."""

from __future__ import annotations

import hashlib
import os
import secrets
from typing import TYPE_CHECKING, BinaryIO

from localcloud.r2.errors import BadDigestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


class Draft:
    """A file that is being written; `keep` or `discard` ends it."""

    def __init__(self, folder: Path, algorithms: Iterable[str]) -> None:
        self.version = secrets.token_hex(16)
        self.size = 0
        self._path = folder / f"{self.version}.draft"
        self._place = folder / self.version
        # MD5 is R2's etag, not a protection.
        self._digests = {name: hashlib.new(name, usedforsecurity=False) for name in {"md5", *algorithms}}
        self._file = self._path.open("xb")

    def write(self, piece: bytes) -> None:
        """Add bytes at the end."""
        for digest in self._digests.values():
            digest.update(piece)
        self._file.write(piece)
        self.size += len(piece)

    def checksums(self, expected: Mapping[str, str]) -> dict[str, str]:
        """The hex digests of what was written.

        Raises:
            BadDigestError: one is not the expected one.
        """
        found = {name: digest.hexdigest() for name, digest in self._digests.items()}
        for name, value in expected.items():
            if found[name] != value.lower():
                raise BadDigestError(
                    f"The {name.upper()} checksum you specified did not match what we received.\n"
                    f"You provided a {name.upper()} checksum with value: {value}\n"
                    f"Actual {name.upper()} was: {found[name]}"
                )
        return found

    def keep(self) -> None:
        """Put the file into place; it survives a crash from here on."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._path.rename(self._place)
        _sync_folder(self._place.parent)

    def discard(self) -> None:
        """Remove what was written, in place or not."""
        self._file.close()
        self._path.unlink(missing_ok=True)
        self._place.unlink(missing_ok=True)


class Blobs:
    """The folder of the files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def draft(self, algorithms: Iterable[str]) -> Draft:
        """Begin a file whose digests are taken on the way."""
        return Draft(self._folder, algorithms)

    def open(self, version: str) -> BinaryIO:
        """Open the bytes of one version for reading.

        Raises:
            FileNotFoundError: the version was replaced or deleted.
        """
        return (self._folder / version).open("rb")

    def remove(self, versions: Iterable[str]) -> None:
        """Remove files; who has one open reads on."""
        for version in versions:
            (self._folder / version).unlink(missing_ok=True)

    def names(self) -> set[str]:
        """Every file there is, drafts among them."""
        return {path.name for path in self._folder.iterdir()}


def _sync_folder(folder: Path) -> None:
    """A rename lives in its folder, which has to reach the disk as well."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
