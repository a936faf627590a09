"""The calls that each route makes, counted by the upstreams' own logs; files pass the database by."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from bench.deployment import Deployment
    from bench.stand_ins import StandIns

PATIENCE_SECONDS = 30
SETTLE_SECONDS = 0.05  # a log line is written when its answer is out, and a record follows it
DATABASE_AIM = 1
WISHES: dict[str, dict[str, Any]] = {
    "image": {"prompt": "a lighthouse", "num_images": 1},
    "video": {"prompt": "a lighthouse", "duration_seconds": 1},
}


class Routes:
    """Asks one route after another, and counts."""

    def __init__(self, real: StandIns, edge: Deployment) -> None:
        self._real = real
        self._client = httpx.Client(base_url=edge.api, timeout=PATIENCE_SECONDS)
        secrets = real.settings.secrets
        self._user = {"authorization": f"Bearer {real.token}"}
        self._admin = {"authorization": f"Bearer {secrets.app_admin_token}"}
        self._secret = {"x-webhook-secret": secrets.webhook_secret}
        self.counted: list[dict[str, Any]] = []

    def count(self) -> list[dict[str, Any]]:
        """Ask every route but those of files."""
        self._client.get("/me", headers=self._user)  # fetches the issuer's keys, which are then kept
        self._alphogenai()
        self._cineweave()
        for kind in WISHES:
            self._sorami(kind)
        self._notifications()
        return self.counted

    def _alphogenai(self) -> None:
        for path in ("/health", "/openapi.json"):
            self._ask("AlphoGenAI", "GET", path, {})
        self._ask("AlphoGenAI", "POST", "/webhooks/test", self._secret, {"test": True})
        told = self._ask("AlphoGenAI", "POST", "/jobs", self._admin, WISHES["video"])
        job = {"{id}": told["job_id"]}
        self._ask("AlphoGenAI", "GET", "/jobs", self._admin)
        self._ask("AlphoGenAI", "GET", "/jobs/{id}", self._admin, names=job)
        self._ask("AlphoGenAI", "POST", "/jobs/{id}/cancel", self._admin, names=job)
        self._ask("AlphoGenAI", "GET", "/metrics", self._admin)
        self._ask("AlphoGenAI", "GET", "/me", self._user)

    def _cineweave(self) -> None:
        wish = {"prompt": "a lighthouse", "durationSec": 1}
        job = {"{id}": self._ask("CineWeave", "POST", "/jobs/create", self._user, wish)["jobId"]}
        self._ask("CineWeave", "GET", "/jobs/{id}", self._user, names=job)
        self._ask("CineWeave", "GET", "/credits", self._user)
        report = {"id": "unknown-to-all", "status": "COMPLETED", "output": {"files": []}}
        self._ask("CineWeave", "POST", "/webhooks/runpod", self._secret, report)

    def _sorami(self, kind: str) -> None:
        path = f"/api/{kind}s"
        job_id = self._ask("Sorami", "POST", f"{path}/generate", self._user, WISHES[kind])["job_id"]
        job = {"{id}": job_id}
        self._ask("Sorami", "GET", f"{path}/status/{{id}}", self._user, names=job)
        self._ask("Sorami", "GET", f"{path}/{{id}}/status", self._user, names=job)
        self._ask(
            "Sorami", "POST", f"/api/webhooks/{kind}-completion", self._secret, _completed(kind, job_id)
        )
        self._ask("Sorami", "GET", f"{path}/{{id}}/result", self._user, names=job)
        self._ask("Sorami", "GET", f"{path}/user", self._user)

    def _notifications(self) -> None:
        told = self._ask("Sorami", "GET", "/api/notifications", self._user)
        note = {"{id}": told["notifications"][0]["id"]}
        self._ask("Sorami", "POST", "/api/notifications/{id}/read", self._user, names=note)

    def _ask(  # noqa: PLR0913, PLR0917 - a request's parts
        self,
        family: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: Any = None,
        names: dict[str, str] | None = None,
    ) -> Any:
        before = self._real.asked()
        address = path
        for name, value in (names or {}).items():
            address = address.replace(name, value)
        answer = self._client.request(method, address, headers=headers, json=body)
        if not answer.is_success:
            told = f"{answer.status_code} {answer.text[:200]}"
            raise SystemExit(f"{method} {path} was answered {told}. Nothing was counted.")
        time.sleep(SETTLE_SECONDS)
        after = self._real.asked()
        database, provider = (after[name][len(before[name]) :] for name in ("supabase", "runpod"))
        self.counted.append(
            {
                "family": family,
                "route": f"{method} {path}",
                "database": [call.rpartition("/")[2] for call in database],
                "provider": [call.split("/")[3] for call in provider],
            }
        )
        return answer.json()


def _completed(kind: str, job_id: str) -> dict[str, Any]:
    """What Sorami's backend reports of a job that is done."""
    file = {"url": "https://backend.example.com/0", "format": "PNG" if kind == "image" else "MP4"}
    data = {"job_id": job_id, "status": "COMPLETED", f"{kind}s": [file]}
    stamp = {"timestamp": "2026-11-21T09:30:00Z", "environment": "development"}
    return {"job_id": job_id, "status": "completed", **stamp, "data": data}


def is_within(row: dict[str, Any]) -> bool:
    """Tell whether a route makes one call to the database at most, beside the record of a submission."""
    return len([call for call in row["database"] if call != "job_submitted"]) <= DATABASE_AIM
