"""What the official clients show a user of jobs, files, notifications and credits: the own rows alone."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from postgrest import CountMethod
from postgrest.exceptions import APIError

from localcloud.supabase import anon_key, service_role_key
from supabase import Client, create_client

if TYPE_CHECKING:
    from tests.localcloud.postgres.throwaway import Cloud

SCRIPT = Path(__file__).with_name("own_rows.mjs")
PASSWORD = "correct horse"
OWN = ("jobs", "accounts", "credit_ledger", "media_files", "notifications")
# The user begins with 75 credits, is set to 10, pays 2 for images and 3 for a video, whose 3 come back.
SEEN = {
    "plans": [{"name": "studio"}, {"name": "pro"}],
    "prices": [
        {"kind": "image", "credits": 1, "unit": "image"},
        {"kind": "video", "credits": 1, "unit": "second"},
    ],
    "account": {"credits": 8, "plan": "starter"},
    "ledger": [75, -65, -2, -3, 3],
    "holds": [[-3], 2],
    "either": [75, 3],
    "files": [1, 0],
    "told": ["job_completed", "job_failed"],
    "good": 1,
    "sum": 3,
    "listed": 1,
    "ada": [2, 1, 5, 2, 2],
    "bob": [0, 0, 0, 0, 0],
    "refused": ["42501"] * 7,
    "dear": "AG402",
    "many": "AG429",
    "after": [2, 1, 5, 2, 2],
}


def test_supabase_js_shows_each_user_the_own_rows_alone(cloud: Cloud, email: str) -> None:
    keys = [anon_key(cloud.config), service_role_key(cloud.config)]
    command = ["node", str(SCRIPT), cloud.url, *keys, email]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == SEEN


def _signed_up(cloud: Cloud, email: str) -> tuple[Client, str]:
    client = create_client(cloud.url, anon_key(cloud.config))
    client.auth.sign_up({"email": email, "password": PASSWORD})
    client.auth.sign_out()
    signed_in = client.auth.sign_in_with_password({"email": email, "password": PASSWORD})
    assert signed_in.user is not None
    return client, signed_in.user.id


def _data(query: Any) -> Any:
    return query.execute().data


def _code(query: Any) -> str | None:
    try:
        query.execute()
    except APIError as error:
        return error.code
    return None


def _counted(client: Client) -> list[int | None]:
    return [client.table(name).select("*", count=CountMethod.exact).execute().count for name in OWN]


def _ended(service: Client, user_id: str, wish: dict[str, Any], status: str, count: int) -> str:
    """Make a job of a user and end it; `wish` is the arguments of `job_create`."""
    job_id: str = _data(service.rpc("job_create", {"p_user_id": user_id, **wish}))["job"]["id"]
    files = [{"key": f"media/{job_id}/{n}.png", "width": 64, "height": 32} for n in range(count)]
    nothing = dict.fromkeys(("p_provider_job_id", "p_phase", "p_progress", "p_result"))
    report = {"p_job_id": job_id, "p_status": status, "p_files": files, **nothing}
    _data(service.rpc("job_provider_event", report))
    return job_id


def _credits(ada: Client) -> dict[str, Any]:
    ledger = ada.table("credit_ledger")
    holds: Any = ledger.select("amount", count=CountMethod.exact).lt("amount", 0)
    holds = holds.in_("reason", ["hold", "refund"]).order("amount").range(0, 0).execute()
    either = ledger.select("amount").or_("reason.eq.grant,amount.gt.2").order("amount", desc=True)
    return {
        "plans": _data(ada.table("plans").select("name").gte("credits", 500).order("credits", desc=True)),
        "account": _data(ada.table("accounts").select("credits,plan").single()),
        "ledger": [row["amount"] for row in _data(ledger.select("amount").order("id"))],
        "holds": [[row["amount"] for row in holds.data], holds.count],
        "either": [row["amount"] for row in _data(either)],
    }


def _refused(ada: Client, ada_id: str, bob: Client, anon: Client) -> list[str | None]:
    grant = {"user_id": ada_id, "amount": 1000, "reason": "grant"}
    return [
        _code(ada.table("idempotency_keys").select("*")),
        _code(ada.table("webhook_deliveries").select("*")),
        _code(ada.table("accounts").update({"credits": 1000}).eq("user_id", ada_id)),
        _code(ada.table("credit_ledger").insert(grant)),
        _code(ada.rpc("account_set", {"p_user_id": ada_id, "p_credits": 1000})),
        _code(anon.table("accounts").select("*")),
        _code(bob.table("jobs").insert({"user_id": ada_id, "kind": "image", "payload": {}})),
    ]


def test_supabase_py_shows_each_user_the_own_rows_alone(cloud: Cloud, email: str) -> None:
    anon = create_client(cloud.url, anon_key(cloud.config))
    service = create_client(cloud.url, service_role_key(cloud.config))
    ada, ada_id = _signed_up(cloud, email)
    bob, _ = _signed_up(cloud, f"bob-{email}")
    _data(service.rpc("account_set", {"p_user_id": ada_id, "p_credits": 10}))
    images = {"p_kind": "image", "p_payload": {"num_images": 2}}
    image = _ended(service, ada_id, images, "completed", 2)
    _ended(service, ada_id, {"p_kind": "video", "p_payload": {"duration_seconds": 3}}, "failed", 0)

    files = ada.table("media_files").select("ordinal").like("key", f"media/{image}/%").gte("width", 64)
    told = ada.table("notifications")
    wish = {"user_id": ada_id, "kind": "image", "payload": {}}
    seen = {
        **_credits(ada),
        "prices": _data(anon.table("prices").select("kind,credits,unit").order("kind")),
        "files": [row["ordinal"] for row in _data(files.order("ordinal", desc=True))],
        "told": [row["type"] for row in _data(told.select("type").is_("read_at", "null").order("type"))],
        "good": len(_data(told.select("type").not_.eq("type", "job_failed"))),
        "sum": _data(ada.rpc("add", {"a": 1, "b": 2})),
        "listed": len(_data(service.rpc("job_list", {"p_user_id": ada_id, "p_limit": 1}))),
        "ada": _counted(ada),
        "bob": _counted(bob),
        "refused": _refused(ada, ada_id, bob, anon),
        "dear": _code(ada.table("jobs").insert({**wish, "payload": {"num_images": 9}})),
        "many": _code(ada.table("jobs").insert([wish] * 6)),
        "after": _counted(ada),
    }
    assert seen == SEEN
