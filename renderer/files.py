"""Finished files: PNG bytes from one frame, MP4 bytes from many."""

from __future__ import annotations

import contextlib
import io
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import imageio_ffmpeg

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL import Image

    from renderer.scene import Scene

FRAMES_PER_SECOND = 24
# Within the 600 s that a job may run, so that the failure is told in our words.
ENCODE_TIMEOUT_SECONDS = 540


class EncodingError(RuntimeError):
    """ffmpeg refused the frames; the message holds its last lines."""


def png(picture: Image.Image) -> bytes:
    """One picture as PNG."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def video_size(width: int, height: int) -> tuple[int, int]:
    """Width and height in pixels of the video made of such frames: an odd side is padded by one."""
    return width + width % 2, height + height % 2


def mp4(scene: Scene, seconds: float) -> bytes:
    """A loop of the scene as MP4: H.264, yuv420p, playable before it is whole (faststart).

    Raises:
        EncodingError: ffmpeg failed or took longer than nine minutes.
    """
    with tempfile.TemporaryDirectory(prefix="renderer-") as folder:
        target = Path(folder) / "video.mp4"
        _encode(_frames(scene, seconds), target, scene)
        return target.read_bytes()


def _frames(scene: Scene, seconds: float) -> Iterator[bytes]:
    count = max(1, round(seconds * FRAMES_PER_SECOND))
    return (scene.frame(index / count).tobytes() for index in range(count))


def _encode(frames: Iterator[bytes], target: Path, scene: Scene) -> None:
    """Feed ffmpeg frame by frame: a long video never stands whole in memory or on disk."""
    with tempfile.TemporaryFile() as complaints:
        with subprocess.Popen(_command(target, scene), stdin=subprocess.PIPE, stderr=complaints) as ffmpeg:
            _feed(ffmpeg, frames)
        if ffmpeg.returncode:
            complaints.seek(0)
            last = complaints.read()[-500:].decode(errors="replace").strip()
            raise EncodingError(f"ffmpeg ended with {ffmpeg.returncode}: {last}")


def _feed(ffmpeg: subprocess.Popen[bytes], frames: Iterator[bytes]) -> None:
    pipe = cast("IO[bytes]", ffmpeg.stdin)
    deadline = time.monotonic() + ENCODE_TIMEOUT_SECONDS
    with contextlib.suppress(BrokenPipeError):  # ffmpeg ended early: its exit code and words say why
        for frame in frames:
            pipe.write(frame)
            if time.monotonic() > deadline:
                ffmpeg.kill()
        pipe.close()
    try:
        ffmpeg.wait(max(1.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        ffmpeg.kill()


def _command(target: Path, scene: Scene) -> list[str]:
    size = f"{scene.width}x{scene.height}"
    rate = str(FRAMES_PER_SECOND)
    return [
        imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-y",
        "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", rate, "-i", "-",
        # yuv420p halves the colour planes: an odd side is padded by a pixel.
        "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-pix_fmt", "yuv420p",
        "-c:v", "libx264", "-preset", "veryfast", "-threads", "2",
        # The same frames give the same bytes.
        "-fflags", "+bitexact", "-flags:v", "+bitexact",
        "-movflags", "+faststart", str(target),
    ]  # fmt: skip
