"""Deployments: which versions of a worker serve, and how much of the traffic each takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.cloudflare.bindings import bound_of, changed_secrets
from localcloud.cloudflare.call import Answer, Call, Resource
from localcloud.cloudflare.errors import (
    DeploymentNotFoundError,
    InvalidDeploymentError,
    SecretsChangedError,
    VersionNotFoundError,
)
from localcloud.cloudflare.identity import new_uuid, stamp
from localcloud.cloudflare.paging import paged
from localcloud.cloudflare.version_draft import annotations_of
from localcloud.cloudflare.workers import worker_of

if TYPE_CHECKING:
    from localcloud.cloudflare.fields import Fields
    from localcloud.cloudflare.store import Body, Records

MOST_VERSIONS = 2  # a gradual deployment splits traffic between two
WHOLE = 100
# developers.cloudflare.com/workers/configuration/versions-and-deployments/rollbacks
ROLLBACK_DEPTH = 100


def parse_split(fields: Fields) -> list[Body]:
    """Read the versions of a deployment and their shares; pure.

    Raises:
        InvalidDeploymentError: there are not one or two, or the shares do not add up to 100.
    """
    fields.choice("strategy", ("percentage",))
    split = [
        {"version_id": one.text("version_id"), "percentage": one.number("percentage", most=WHOLE)}
        for one in fields.objects("versions")
    ]
    ids = {one["version_id"] for one in split}
    if not 1 <= len(split) <= MOST_VERSIONS or len(ids) != len(split):
        raise InvalidDeploymentError("A deployment has one version, or two different ones.")
    # Shares have two decimals at most; floats do not add up exactly.
    if abs(sum(one["percentage"] for one in split) - WHOLE) > 1e-6:  # noqa: PLR2004 - see above
        raise InvalidDeploymentError("The percentages of a deployment's versions must add up to 100.")
    return split


def deployed_ids(records: Records, worker_id: str) -> set[str]:
    """Ids of the versions that serve now."""
    active = records.newest("deployment", worker_id)
    return {one["version_id"] for one in active["versions"]} if active else set()


def deploy(call: Call, records: Records, worker: Body, split: list[Body], annotations: Body) -> Body:
    """Store a deployment; it is the worker's active one from then on."""
    deployment: Body = {
        "id": new_uuid(),
        "worker_id": worker["id"],
        "created_on": stamp(call.now),
        "source": "api",
        "strategy": "percentage",
        "versions": split,
    }
    if annotations:
        deployment["annotations"] = annotations
    records.add("deployment", worker["id"], deployment)
    return deployment


def check_versions(call: Call, records: Records, worker: Body, split: list[Body]) -> None:
    """Refuse versions that do not exist, are too old, or are older than a secret's change.

    Raises:
        VersionNotFoundError, InvalidDeploymentError, SecretsChangedError: see there.
    """
    force = call.query.get("force") == "true"
    active = _numbered(records, worker, deployed_ids(records, worker["id"]))
    for version in _numbered(records, worker, {one["version_id"] for one in split}):
        if version["number"] <= worker["last_number"] - ROLLBACK_DEPTH:
            raise InvalidDeploymentError(f"Only the last {ROLLBACK_DEPTH} versions can be deployed.")
        newer = [one for one in active if one["number"] > version["number"]]
        if newer and not force:
            live = max(newer, key=lambda one: one["number"])
            bounds = [bound_of(records, one["id"]) for one in (version, live)]
            if names := changed_secrets(call.cloud.seal, *bounds):
                raise SecretsChangedError(names)


def _numbered(records: Records, worker: Body, ids: set[str]) -> list[Body]:
    versions = [records.get("version", identifier) for identifier in sorted(ids)]
    found = [version for version in versions if version and version["worker_id"] == worker["id"]]
    if len(found) < len(ids):
        raise VersionNotFoundError
    return found


def answer_of(deployment: Body) -> dict[str, Any]:
    """A deployment as the API gives it."""
    return {key: value for key, value in deployment.items() if key != "worker_id"}


def _deployment_of(call: Call, records: Records) -> Body:
    worker = worker_of(call, records)
    deployment = records.get("deployment", call.params["deployment_id"])
    if deployment is None or deployment["worker_id"] != worker["id"]:
        raise DeploymentNotFoundError
    return deployment


async def create(call: Call) -> Answer:
    """Let other versions serve; answered once the edge does."""
    fields = await call.fields()
    split, annotations = parse_split(fields), annotations_of(fields, ["workers/message"])
    async with call.cloud.change() as records:
        worker = worker_of(call, records)
        check_versions(call, records, worker, split)
        deployment = deploy(call, records, worker, split, annotations)
    return Answer(answer_of(deployment))


async def listing(call: Call) -> Answer:
    """A worker's deployments, the active one first."""
    records = call.cloud.store.committed
    deployments = records.listed("deployment", worker_of(call, records)["id"])[::-1]
    page, info = paged([answer_of(deployment) for deployment in deployments], call.query)
    # wrangler reads `deployments`; the official SDK's list() reads `items`, each shaped like the answer.
    return Answer({"deployments": page, "items": [{"deployments": page}] if page else []}, info)


async def read(call: Call) -> Answer:
    """One deployment."""
    return Answer(answer_of(_deployment_of(call, call.cloud.store.committed)))


async def delete(call: Call) -> Answer:
    """Forget a deployment that is not the active one."""
    async with call.cloud.change() as records:
        deployment = _deployment_of(call, records)
        active = records.newest("deployment", deployment["worker_id"])
        if active and active["id"] == deployment["id"]:
            raise InvalidDeploymentError(
                "The active deployment cannot be deleted. Deploy another version first."
            )
        records.remove("deployment", deployment["id"])
    return Answer(bare=True)


RESOURCE: Resource = {
    "/accounts/{account_id}/workers/scripts/{script_name}/deployments": {"POST": create, "GET": listing},
    "/accounts/{account_id}/workers/scripts/{script_name}/deployments/{deployment_id}": {
        "GET": read,
        "DELETE": delete,
    },
}
