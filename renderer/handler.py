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

MODEL = {"model_name": "procedural", "version": "1"}


def handler(job: dict[str, Any]) -> dict[str, Any]:
    """Render and upload one job.

    Returns:
        `{"files": [...], "metadata": {...}}`, or `{"error": message}`, which RunPod reports as FAILED.
    """
    started = time.monotonic()
    try:
        wish = order.parse(job.get("input"))
        reporter = Reporter(job, wish.progress_url)
        reporter.tell("initializing", 0)
        made = [_finish(wish, index, reporter) for index in range(len(wish.uploads))]
    except (order.OrderError, files.EncodingError, DeliveryError) as error:
        return {"error": str(error)}
    seconds = round(time.monotonic() - started, 3)
    return {"files": made, "metadata": {**MODEL, "generation_time_seconds": seconds}}


def _finish(wish: order.Order, index: int, reporter: Reporter) -> dict[str, Any]:
    """Draw, encode and upload the file at an index; each further image of a job gets the next seed."""
    share = 100 / len(wish.uploads)
    reporter.tell("generating", round((index + 0.1) * share))
    scene = compose(wish.prompt, wish.seed + index, wish.width, wish.height, wish.style)
    video = wish.kind == "video"
    content = files.mp4(scene, wish.seconds) if video else files.png(scene.frame(0))
    reporter.tell("saving", round((index + 0.9) * share))
    upload = wish.uploads[index]
    deliver(upload, content)
    return {
        "key": upload.key,
        "content_type": upload.content_type,
        "format": "mp4" if video else "png",
        "size_bytes": len(content),
        "width": wish.width,
        "height": wish.height,
        "duration_seconds": wish.seconds if video else None,
        "sha256": hashlib.sha256(content).hexdigest(),
        "description": wish.prompt,
    }


if __name__ == "__main__":
    runpod.serverless.start({"handler": handler})
