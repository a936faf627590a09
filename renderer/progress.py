"""Tells how far a job is: to RunPod, and to the address that the job brought with it."""

from __future__ import annotations

from typing import Any

import requests
import runpod

TIMEOUT_SECONDS = (2, 3)  # to connect; between two bytes of the answer
TRIES = 2


class Reporter:
    """The voice of one job. Progress is a courtesy: that nobody hears it never fails the job."""

    def __init__(self, job: dict[str, Any], address: str | None) -> None:
        self._job = job
        self._address = address

    def tell(self, phase: str, progress: int) -> None:
        """Report a phase and how far the job is, in per cent."""
        said = {"phase": phase, "progress": progress}
        runpod.serverless.progress_update(self._job, said)
        if self._address:
            self._post({"id": self._job["id"], "status": "IN_PROGRESS", "output": said})

    def _post(self, report: dict[str, Any]) -> None:
        for _ in range(TRIES):
            try:
                status = _status(str(self._address), report)
            except requests.RequestException:
                continue
            if status < 500:  # noqa: PLR2004 - HTTP's server errors start here
                return
        self._address = None  # who did not answer twice is not kept waiting for with each phase


def _status(address: str, report: dict[str, Any]) -> int:
    """Post without reading the answer's body: the time limit is between bytes, and a body may drip."""
    with requests.post(
        address, json=report, timeout=TIMEOUT_SECONDS, allow_redirects=False, stream=True
    ) as answer:
        return answer.status_code
