"""A worker's observability settings, with the defaults that the official provider sends."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localcloud.cloudflare.fields import Fields
    from localcloud.cloudflare.store import Body

POLICIES = ("authenticated", "accept")


def observability(fields: Fields) -> Body:
    """Read and complete them; what has no default is given back only when it was sent."""
    settings: Body = {
        "enabled": fields.flag("enabled", default=False),
        "head_sampling_rate": _rate(fields),
        "traces": _traces(fields.object("traces", {})),
    }
    settings |= fields.sent(redact_query_string=fields.flag)
    if fields.has("issues"):
        settings["issues"] = {"enabled": fields.object("issues").flag("enabled", default=False)}
    if fields.has("logs"):
        settings["logs"] = _logs(fields.object("logs"))
    return settings


def _rate(fields: Fields) -> float:
    rate: float = fields.number("head_sampling_rate", 1, most=1)
    return rate


def _logs(logs: Fields) -> Body:
    return {
        "enabled": logs.flag("enabled", default=False),
        "head_sampling_rate": _rate(logs),
        "invocation_logs": logs.flag("invocation_logs", default=True),
        "persist": logs.flag("persist", default=True),
        **logs.sent(destinations=logs.texts),
    }


def _traces(traces: Fields) -> Body:
    return {
        "enabled": traces.flag("enabled", default=False),
        "head_sampling_rate": _rate(traces),
        "persist": traces.flag("persist", default=True),
        **traces.sent(destinations=traces.texts, propagation_policy=partial(traces.choice, choices=POLICIES)),
    }
