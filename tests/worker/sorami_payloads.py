"""What Sorami's rendering backend sends, as its documentation shows it."""

from __future__ import annotations

from typing import Any

TIME = "2026-11-21T09:30:00Z"


def completed(kind: str, job_id: str, count: int = 1, **file: Any) -> dict[str, Any]:
    extension = {"image": "png", "video": "mp4"}[kind]
    files = [
        {
            "file_path": f"generated/{index}.{extension}",
            "url": f"https://backend.example.com/{index}.{extension}",
            "description": "a lighthouse",
            "format": extension.upper(),
            "size_bytes": 2048,
            "dimensions": "1024x768",
            **file,
        }
        for index in range(count)
    ]
    metadata = {
        "model_name": "renderer",
        "version": "1.0",
        "generation_time_seconds": 4.2,
        "input_tokens": 3,
        "output_size_bytes": 2048,
        "timestamp": TIME,
    }
    data = {"job_id": job_id, f"{kind}s": files, "metadata": metadata}
    return {
        "job_id": job_id,
        "status": "completed",
        "timestamp": TIME,
        "environment": "development",
        "data": {**data, "status": "COMPLETED", "generated_at": TIME},
    }


def failed(job_id: str, **fields: Any) -> dict[str, Any]:
    return {"job_id": job_id, "status": "failed", "timestamp": TIME, "environment": "development", **fields}


def progress(job_id: str, status: str, **fields: Any) -> dict[str, Any]:
    return {"job_id": job_id, "status": status, "timestamp": TIME, "environment": "development", **fields}
