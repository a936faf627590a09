"""What `GET /health` answers."""

from __future__ import annotations

from api.operations import FLAG, INTEGER, TEXT, record

FEATURES = (
    *("clerk_auth_configured", "supabase_configured", "s3_storage_configured", "r2_storage_configured"),
    *("runpod_configured", "webhook_enabled", "image_generation_available", "video_generation_available"),
    "secure_api_available",
)
HEALTH = record(
    ok=FLAG,
    ts=INTEGER,
    status=TEXT,
    environment=TEXT,
    version=TEXT,
    python_version=TEXT,
    **dict.fromkeys(FEATURES, FLAG),
    features={"type": "array", "items": TEXT},
)
HEALTHY = {
    "ok": True,
    "ts": 1795253400000,
    "status": "healthy",
    "environment": "prod",
    "version": "3f9c2d1760ab",
    "python_version": "3.12.1",
    **dict.fromkeys(FEATURES, True),
    "s3_storage_configured": False,
    "features": [
        *("clerk_auth", "supabase", "r2_storage", "runpod", "webhook_enabled"),
        *("image_generation", "video_generation", "secure_api"),
    ],
}
