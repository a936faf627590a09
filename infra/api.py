"""The API: a worker, a version of its source, that version's deployment, its cron trigger and its route."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_cloudflare as cloudflare

from infra.source import MAIN_MODULE, Module, digest

if TYPE_CHECKING:
    from collections.abc import Mapping

COMPATIBILITY_FLAGS = ("python_workers",)
# Asks after silent jobs: RunPod tries a webhook for 30 seconds and forgets results after 30 minutes.
EVERY_MINUTE = "* * * * *"


@dataclass(frozen=True)
class ApiArgs:
    """What the API is made of. `secrets` are write-only, `variables` show in Cloudflare's dashboard."""

    account_id: str
    zone_id: str
    worker: str
    route: str
    compatibility_date: str
    modules: tuple[Module, ...]
    variables: Mapping[str, str]
    secrets: Mapping[str, pulumi.Input[str]]
    bucket_name: pulumi.Input[str]
    tags: tuple[str, ...] = ()


class Api(pulumi.ComponentResource):
    """The API on Cloudflare Workers, all traffic on the newest version.

    A change of source, variable or secret makes a new version and moves the deployment to it; the old one
    stays in Cloudflare's history to roll back to. It does not split traffic between versions, and does not
    make the zone.
    """

    def __init__(self, name: str, args: ApiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alphogenai:infra:Api", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        self.worker = cloudflare.Worker(
            name,
            account_id=args.account_id,
            name=args.worker,
            subdomain={"enabled": False},
            observability={"enabled": True, "head_sampling_rate": 1},
            tags=list(args.tags),
            opts=child,
        )
        self.version = cloudflare.WorkerVersion(
            name,
            account_id=args.account_id,
            worker_id=self.worker.id,
            main_module=MAIN_MODULE,
            compatibility_date=args.compatibility_date,
            compatibility_flags=list(COMPATIBILITY_FLAGS),
            modules=[_module(module) for module in args.modules],
            bindings=_bindings(args),
            opts=child,
        )
        self.deployment = cloudflare.WorkersDeployment(
            name,
            account_id=args.account_id,
            script_name=self.worker.name,
            strategy="percentage",
            versions=[{"version_id": self.version.id, "percentage": 100}],
            opts=child,
        )
        # An event or a request never meets a worker that has nothing to answer with.
        deployed = pulumi.ResourceOptions(parent=self, depends_on=[self.deployment])
        self.cron_trigger = cloudflare.WorkersCronTrigger(
            name,
            account_id=args.account_id,
            script_name=self.worker.name,
            schedules=[{"cron": EVERY_MINUTE}],
            opts=deployed,
        )
        self.route = cloudflare.WorkersRoute(
            name,
            zone_id=args.zone_id,
            pattern=args.route,
            script=self.worker.name,
            opts=deployed,
        )
        self.register_outputs({"version_id": self.version.id})


def _module(module: Module) -> cloudflare.WorkerVersionModuleArgs:
    return cloudflare.WorkerVersionModuleArgs(
        name=module.name, content_type="text/x-python", content_base64=module.content_base64
    )


def _bindings(args: ApiArgs) -> list[cloudflare.WorkerVersionBindingArgs]:
    """All bindings by name: Cloudflare gives them back in that order, and a refresh compares them."""
    variables = {"VERSION": digest(args.modules), **args.variables}
    bindings = {
        "MEDIA": cloudflare.WorkerVersionBindingArgs(
            name="MEDIA", type="r2_bucket", bucket_name=args.bucket_name
        ),
        **{
            name: cloudflare.WorkerVersionBindingArgs(name=name, type="plain_text", text=text)
            for name, text in variables.items()
        },
        **{
            name: cloudflare.WorkerVersionBindingArgs(
                name=name, type="secret_text", text=pulumi.Output.secret(text)
            )
            for name, text in args.secrets.items()
        },
    }
    return [bindings[name] for name in sorted(bindings)]
