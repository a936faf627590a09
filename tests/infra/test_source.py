from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra import source

if TYPE_CHECKING:
    from pathlib import Path


def worker(folder: Path, **files: str) -> Path:
    for name, content in {"entry.py": "x = 1", **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


def test_a_folder_without_a_main_module_is_refused(tmp_path: Path) -> None:
    with pytest.raises(source.SourceError, match=r"no entry\.py"):
        source.collect(tmp_path)


def test_a_worker_over_cloudflares_limit_is_refused(tmp_path: Path) -> None:
    worker(tmp_path, **{"big.py": "#" * source.SIZE_LIMIT})
    with pytest.raises(source.SourceError, match="Cloudflare refuses workers over"):
        source.collect(tmp_path)


def test_modules_are_named_by_their_path_and_sorted(tmp_path: Path) -> None:
    worker(tmp_path, **{"api/jobs.py": "y = 2", "api/__init__.py": ""})
    assert [module.name for module in source.collect(tmp_path)] == [
        "api/__init__.py",
        "api/jobs.py",
        "entry.py",
    ]


def test_caches_and_other_files_are_not_deployed(tmp_path: Path) -> None:
    worker(tmp_path, **{"README.md": "hi", "__pycache__/entry.cpython-311.py": "z = 3"})
    assert [module.name for module in source.collect(tmp_path)] == ["entry.py"]


def test_the_digest_follows_content_and_names_and_nothing_else(tmp_path: Path) -> None:
    one = source.digest(source.collect(worker(tmp_path / "one", **{"a.py": "1"})))
    same = source.digest(source.collect(worker(tmp_path / "same", **{"a.py": "1"})))
    edited = source.digest(source.collect(worker(tmp_path / "edited", **{"a.py": "2"})))
    renamed = source.digest(source.collect(worker(tmp_path / "renamed", **{"b.py": "1"})))
    assert one == same
    assert len({one, edited, renamed}) == 3
