from __future__ import annotations

import hashlib
import io
import re
import subprocess
from typing import TYPE_CHECKING, Any

import imageio_ffmpeg
import pytest
import runpod
from PIL import Image

from renderer.handler import handler

if TYPE_CHECKING:
    from pathlib import Path

    from tests.renderer.conftest import Shelf


@pytest.fixture
def progress(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the handler reports, kept here: there is no RunPod to send it to."""
    seen: list[dict[str, Any]] = []
    monkeypatch.setattr(runpod.serverless, "progress_update", lambda _job, report: seen.append(report))
    return seen


def job(shelf: Shelf, keys: list[str], **wishes: Any) -> dict[str, Any]:
    uploads = [{"key": key, "url": shelf.url(key), "content_type": "image/png"} for key in keys]
    return {
        "id": "job-1",
        "input": {
            "prompt": "a fox",
            "size": "320x180",
            "num_images": len(keys),
            "uploads": uploads,
            **wishes,
        },
    }


def test_bad_input_is_an_error_result_and_nothing_is_uploaded(
    shelf: Shelf, progress: list[dict[str, Any]]
) -> None:
    assert handler(job(shelf, ["0.png"], size="huge")) == {
        "error": "size: expected WIDTHxHEIGHT in pixels, such as 1024x1024"
    }
    assert handler({"id": "job-1"}) == {"error": "input: expected an object"}
    assert (shelf.tries, progress) == (0, [])


@pytest.mark.usefixtures("progress")
def test_a_refused_upload_is_an_error_result(shelf: Shelf) -> None:
    shelf.statuses = [403]
    assert "0.png was not stored" in handler(job(shelf, ["0.png"]))["error"]


def test_images_are_drawn_at_the_asked_size_and_count(shelf: Shelf, progress: list[dict[str, Any]]) -> None:
    result = handler(job(shelf, ["0.png", "1.png"], seed=3))
    assert [Image.open(io.BytesIO(shelf.stored[key])).size for key in ("0.png", "1.png")] == [(320, 180)] * 2
    assert shelf.stored["0.png"] != shelf.stored["1.png"]
    assert {(file["format"], file["dimensions"], file["description"]) for file in result["files"]} == {
        ("png", "320x180", "a fox")
    }
    assert [(file["key"], file["sha256"]) for file in result["files"]] == [
        (key, hashlib.sha256(shelf.stored[key]).hexdigest()) for key in ("0.png", "1.png")
    ]
    assert [report["phase"] for report in progress] == [
        "initializing",
        *["generating"] * 2,
        *["saving"] * 2,
    ]
    assert [report["progress"] for report in progress] == sorted(report["progress"] for report in progress)


@pytest.mark.usefixtures("progress")
def test_a_video_is_h264_of_the_asked_length(shelf: Shelf, tmp_path: Path) -> None:
    result = handler(job(shelf, ["0.mp4"], kind="video", duration_seconds=1.5, size="161x91"))
    assert [(file["format"], file["dimensions"]) for file in result["files"]] == [("mp4", "162x92")]
    file = tmp_path / "0.mp4"
    file.write_bytes(shelf.stored["0.mp4"])
    probe = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(file)], capture_output=True, text=True, check=False
    ).stderr
    assert re.search(r"Duration: 00:00:01\.50", probe)
    assert re.search(r"Video: h264 .*yuv420p.* 162x92", probe)
    assert file.read_bytes().index(b"moov") < file.read_bytes().index(b"mdat"), (
        "a player can start before the file is whole"
    )


@pytest.mark.usefixtures("progress")
def test_the_same_order_gives_the_same_video_bytes(shelf: Shelf) -> None:
    for key in ("a.mp4", "b.mp4"):
        handler(job(shelf, [key], kind="video", duration_seconds=0.5, size="64x64", seed=1))
    assert shelf.stored["a.mp4"] == shelf.stored["b.mp4"]
