"""What `GET /metrics` answers."""

from __future__ import annotations

from api.document import Schema  # noqa: TC001 - documentation is not on any hot path
from api.operations import FLAG, record

NUMBER: Schema = {"type": ["number", "null"]}  # null: no job has ended yet
PERCENTILES = record(p50=NUMBER, p95=NUMBER, p99=NUMBER)
METRICS = record(
    ok=FLAG,
    jobs={"type": "object", "description": "How many there are, by state"},
    credits_consumed={"type": "integer", "description": "By completed jobs of users"},
    success_rate={**NUMBER, "description": "Of the jobs that ended in the last 24 hours"},
    queue_seconds=PERCENTILES,
    render_seconds=PERCENTILES,
)
COUNTED = {
    "ok": True,
    "jobs": {"completed": 970, "failed": 30, "running": 2},
    "credits_consumed": 4100,
    "success_rate": 0.97,
    "queue_seconds": {"p50": 0.4, "p95": 1.9, "p99": 4.2},
    "render_seconds": {"p50": 3.1, "p95": 8.8, "p99": 12.5},
}
