"""Metrics as Prometheus' text format, https://prometheus.io/docs/instrumenting/exposition_formats/."""

from __future__ import annotations

from typing import Any

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_QUANTILES = {"p50": "0.5", "p95": "0.95", "p99": "0.99"}


def render(metrics: dict[str, Any]) -> str:
    """Write every number of the metrics as a gauge; what is not known yet (null) is left out."""
    lines: list[str] = []
    for name, value in metrics.items():
        samples = _samples(value)
        if samples:
            metric = f"alphogenai_{name}"
            lines.append(f"# TYPE {metric} gauge")
            lines += [f"{metric}{label} {number}" for label, number in samples]
    return "\n".join(lines) + "\n"


def _samples(value: Any) -> list[tuple[str, float]]:
    if isinstance(value, dict):
        return [(_label(key), number) for key, number in value.items() if _is_number(number)]
    return [("", value)] if _is_number(value) else []


def _label(key: str) -> str:
    return f'{{quantile="{_QUANTILES[key]}"}}' if key in _QUANTILES else f'{{state="{key}"}}'


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
