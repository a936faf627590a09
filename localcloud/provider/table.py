"""The resources that the provider serves, as data.

What is sent for each, and when, is what the official provider (6.x) sends; the tests compare.
Names of properties are Pulumi's (camelCase).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCOUNT = "/accounts/{accountId}"
SCRIPT = f"{ACCOUNT}/workers/scripts/{{scriptName}}"
WORKER = f"{ACCOUNT}/workers/workers"


@dataclass(frozen=True)
class Resource:
    """One resource type.

    `path` is where it is created and `item` where one of it lives, `{id}` standing for its id and any other
    name for an input. Inputs named in `path` are not sent in bodies.
    """

    path: str
    item: str
    # Which field of the answer, or which input, is the id.
    id_field: str = "id"
    create: str = "POST"
    # None: every change replaces the resource.
    update: str | None = "PUT"
    # False: it goes with its parent, and there is nothing to send.
    deletable: bool = True
    replaced_by: frozenset[str] = frozenset()
    # What the API fills in where the program is silent; nested objects are filled where they are given.
    defaults: Mapping[str, Any] = field(default_factory=dict)
    # Answered, never sent.
    computed: tuple[str, ...] = ()
    # Property to the name the API wants for it in bodies, where that is not the usual one.
    sent_as: Mapping[str, str] = field(default_factory=dict)
    # Property to the header that carries it instead of the body.
    headers: Mapping[str, str] = field(default_factory=dict)
    # The input whose value alone is the body.
    bare_body: str = ""
    snake_case: bool = True
    # Lists of named things that the API keeps sorted by name.
    sorted_lists: tuple[str, ...] = ()
    # What `pulumi import` takes, separated by slashes.
    import_id: tuple[str, ...] = ("accountId", "id")


TABLE: dict[str, Resource] = {
    "cloudflare:index/r2Bucket:R2Bucket": Resource(
        path=f"{ACCOUNT}/r2/buckets",
        item=f"{ACCOUNT}/r2/buckets/{{id}}",
        id_field="name",
        update="PATCH",
        replaced_by=frozenset({"accountId", "name", "location", "jurisdiction"}),
        defaults={"storageClass": "Standard"},
        computed=("creationDate",),
        sent_as={"location": "locationHint"},
        headers={"jurisdiction": "cf-r2-jurisdiction"},
        snake_case=False,
        import_id=("accountId", "name"),
    ),
    "cloudflare:index/worker:Worker": Resource(
        path=WORKER,
        item=f"{WORKER}/{{id}}",
        replaced_by=frozenset({"accountId"}),
        defaults={
            "logpush": False,
            "observability": {
                "enabled": False,
                "headSamplingRate": 1,
                "traces": {"enabled": False, "headSamplingRate": 1, "persist": True},
            },
            "subdomain": {"enabled": False, "previewsEnabled": False},
            "tags": [],
            "tailConsumers": [],
        },
        computed=("createdOn", "updatedOn", "references"),
    ),
    "cloudflare:index/workerVersion:WorkerVersion": Resource(
        path=f"{WORKER}/{{workerId}}/versions",
        item=f"{WORKER}/{{workerId}}/versions/{{id}}?include=modules",
        update=None,
        deletable=False,
        defaults={"usageModel": "standard"},
        computed=("createdOn", "number", "source", "startupTimeMs"),
        sorted_lists=("bindings", "modules"),
        import_id=("accountId", "workerId", "id"),
    ),
    "cloudflare:index/workersDeployment:WorkersDeployment": Resource(
        path=f"{SCRIPT}/deployments",
        item=f"{SCRIPT}/deployments/{{id}}",
        update=None,
        deletable=False,
        computed=("createdOn", "authorEmail", "source"),
        import_id=("accountId", "scriptName", "id"),
    ),
    "cloudflare:index/workersScriptSubdomain:WorkersScriptSubdomain": Resource(
        path=f"{SCRIPT}/subdomain",
        item=f"{SCRIPT}/subdomain",
        id_field="scriptName",
        update="POST",
        replaced_by=frozenset({"accountId", "scriptName"}),
        import_id=("accountId", "scriptName"),
    ),
    "cloudflare:index/workersCronTrigger:WorkersCronTrigger": Resource(
        path=f"{SCRIPT}/schedules",
        item=f"{SCRIPT}/schedules",
        id_field="scriptName",
        create="PUT",
        deletable=False,
        replaced_by=frozenset({"accountId", "scriptName"}),
        bare_body="schedules",
        import_id=("accountId", "scriptName"),
    ),
    "cloudflare:index/workersRoute:WorkersRoute": Resource(
        path="/zones/{zoneId}/workers/routes",
        item="/zones/{zoneId}/workers/routes/{id}",
        replaced_by=frozenset({"zoneId"}),
        import_id=("zoneId", "id"),
    ),
}
