"""How patient the stand-in is; each default is RunPod's own where RunPod states one."""

from __future__ import annotations

import os
from dataclasses import dataclass

from localcloud.errors import SettingsError

IDLE_VARIABLE = "ALPHOGEN_RUNPOD_IDLE_SECONDS"
WEBHOOK_VARIABLE = "ALPHOGEN_RUNPOD_WEBHOOK_PAUSE_SECONDS"


@dataclass(frozen=True)
class Settings:
    """All in seconds.

    Attributes:
        idle: a worker without work ends after this long; RunPod's default
            (https://docs.runpod.io/serverless/endpoints/endpoint-configurations, read 2026-11).
        webhook_pause: between two tries of a webhook; RunPod waits 10 s.
        poll: how long a worker's question for work is held open; its SDK gives up after 90 s.
        stop_grace: a worker that was told to drop a job is killed unless it asks for work within this time.
        start: a worker that has not asked for work by then is killed.
        crash_pause: before a new start when a worker ended without asking for work; doubled each time.
    """

    idle: float = 5.0
    webhook_pause: float = 10.0
    poll: float = 20.0
    stop_grace: float = 1.5
    start: float = 120.0
    crash_pause: float = 1.0


def read() -> Settings:
    """Take what the environment sets, the defaults for the rest.

    Raises:
        SettingsError: a value is not a positive number.
    """
    return Settings(
        idle=_seconds(IDLE_VARIABLE, Settings.idle),
        webhook_pause=_seconds(WEBHOOK_VARIABLE, Settings.webhook_pause),
    )


def _seconds(variable: str, default: float) -> float:
    text = os.environ.get(variable) or str(default)
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < float("inf"):
        raise SettingsError(
            f"{variable} is {text!r}, not a positive number of seconds.",
            "The RunPod stand-in cannot start.",
            f"Set it to a number such as {default:g}, or unset it.",
        )
    return seconds
