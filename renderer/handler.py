"""RunPod serverless handler: draws what a job asks for and uploads it.

Run by RunPod's SDK. `python renderer/handler.py --rp_serve_api` serves it alone.
"""

from __future__ import annotations

import hashlib
import sys
import time
from pathlib import Path
from typing import Any

# RunPod starts this file by its path, from any folder.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import runpod

from renderer import files, order
from renderer.delivery import DeliveryError, deliver
from renderer.progress import Reporter
from renderer.scene import compose

# Per cent of a job; how long each part takes depends on the machine and the network.
DRAWING_FROM, SAVING_FROM = 5, 85
MODEL = {"model_name": "procedural", "version": "1"}


def handler(job: dict[str, Any]) -> dict[str, Any]:
    """Render and upload one job.

    Returns:
        `{"files": [...], "metadata": {...}}`, or `{"error": message}`, which RunPod reports as FAILED.
    """
    started = time.monotonic()
    try:
        wish = order.parse(job.get("input"))
        made = _make(wish, Reporter(job, wish.progress_url))
    except (order.OrderError, files.EncodingError, DeliveryError) as error:
        return {"error": str(error)}
    seconds = round(time.monotonic() - started, 3)
    return {"files": made, "metadata": {**MODEL, "generation_time_seconds": seconds}}


def _make(wish: order.Order, reporter: Reporter) -> list[dict[str, Any]]:
    """Draw every file, then store every file: a job's phase never goes back."""
    reporter.tell("initializing", 0)
    count = len(wish.uploads)
    drawn = []
    for index in range(count):
        reporter.tell("generating", DRAWING_FROM + (SAVING_FROM - DRAWING_FROM) * index // count)
        drawn.append(_draw(wish, index))
    for index, (upload, content) in enumerate(zip(wish.uploads, drawn, strict=True)):
        reporter.tell("saving", SAVING_FROM + (100 - SAVING_FROM) * index // count)
        deliver(upload, content)
    return [_described(wish, upload, content) for upload, content in zip(wish.uploads, drawn, strict=True)]


def _draw(wish: order.Order, index: int) -> bytes:
    """Draw and encode one file; each further image of a job gets the next seed."""
    scene = compose(wish.prompt, wish.seed + index, wish.width, wish.height, wish.style)
    return files.mp4(scene, wish.seconds) if wish.kind == "video" else files.png(scene.frame(0))


def _described(wish: order.Order, upload: order.Upload, content: bytes) -> dict[str, Any]:
    video = wish.kind == "video"
    width, height = files.video_size(wish.width, wish.height) if video else (wish.width, wish.height)
    return {
        "key": upload.key,
        "content_type": upload.content_type,
        "format": "mp4" if video else "png",
        "size_bytes": len(content),
        "width": width,
        "height": height,
        "dimensions": f"{width}x{height}",
        "duration_seconds": wish.seconds if video else None,
        "sha256": hashlib.sha256(content).hexdigest(),
        "description": wish.prompt,
    }


if __name__ == "__main__":
    runpod.serverless.start({"handler": handler})
