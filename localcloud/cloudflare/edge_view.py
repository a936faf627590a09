"""What the edge is to serve, derived from the records: routes, deployments, cron triggers and versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.cloudflare.cron import plain_cron

if TYPE_CHECKING:
    from localcloud.cloudflare.sealing import Seal
    from localcloud.cloudflare.store import Body, Records


def edge_view(records: Records, account_id: str) -> dict[str, Any]:
    """Routes of all zones; the active deployment and the cron triggers of each worker that has them."""
    workers = {worker["id"]: worker["name"] for worker in records.every("worker")}
    zones = {zone["id"]: zone["name"] for zone in records.every("zone")}
    return {
        "account_id": account_id,
        "routes": [
            {
                "id": route["id"],
                "zone": zones[route["zone_id"]],
                "pattern": route["pattern"],
                "script": workers.get(route["worker_id"]),
            }
            for route in records.every("route")
        ],
        "scripts": {
            name: {"deployment_id": deployment["id"], "versions": deployment["versions"]}
            for worker_id, name in workers.items()
            if (deployment := records.newest("deployment", worker_id))
        },
        "schedules": {
            workers[one["id"]]: {
                "version_id": version_id,
                "crons": [
                    {"cron": each["cron"], "plain": plain_cron(each["cron"])} for each in one["schedules"]
                ],
            }
            for one in records.every("schedules")
            if (version_id := _newest_deployed(records, one["id"]))
        },
    }


def _newest_deployed(records: Records, worker_id: str) -> str | None:
    """The id of the version with the highest number among those that serve."""
    deployment = records.newest("deployment", worker_id)
    serving = {one["version_id"] for one in deployment["versions"]} if deployment else set()
    # A worker's versions are listed in the order of their numbers.
    return next(
        (one["id"] for one in reversed(records.listed("version", worker_id)) if one["id"] in serving), None
    )


def version_view(records: Records, seal: Seal, version_id: str) -> dict[str, Any] | None:
    """One version with its code and its secrets in the clear: for the edge alone."""
    version = records.get("version", version_id)
    if version is None:
        return None
    worker = records.get("worker", version["worker_id"])
    modules = records.get("modules", version_id)
    sealed = records.get("secrets", version_id)
    if worker is None or modules is None or sealed is None:
        return None
    return {
        "version_id": version_id,
        "script": worker["name"],
        "main_module": version["main_module"],
        "compatibility_date": version["compatibility_date"],
        "compatibility_flags": version["compatibility_flags"],
        "modules": modules["modules"],
        "bindings": [_opened(binding, sealed["texts"], seal) for binding in version["bindings"]],
    }


def _opened(binding: Body, sealed: dict[str, str], seal: Seal) -> Body:
    if binding["type"] != "secret_text":
        return binding
    return {**binding, "text": seal.open(sealed[binding["name"]])}
