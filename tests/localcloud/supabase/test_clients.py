"""The official clients, unchanged: PyPI `supabase` and npm `@supabase/supabase-js`."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from postgrest import CountMethod
from postgrest.exceptions import APIError
from supabase_auth.errors import AuthApiError

from localcloud import config
from localcloud.supabase import anon_key, service_role_key
from supabase import create_client

if TYPE_CHECKING:
    from pathlib import Path

    from tests.localcloud.postgres.throwaway import Cloud

PASSWORD = "correct horse"
SCRIPT = """
import { createClient } from "@supabase/supabase-js";
const [url, anonKey, serviceKey, email] = process.argv.slice(2);
// Node 20 has no WebSocket, and the client wants to see one although nothing here is realtime.
const realtime = { transport: globalThis.WebSocket ?? class {} };
const options = { realtime, auth: { persistSession: false, autoRefreshToken: false } };
const anon = createClient(url, anonKey, options);
const service = createClient(url, serviceKey, options);
const need = ({ data, error }) => { if (error) throw error; return data; };
const out = {};
need(await anon.auth.signUp({ email, password: "correct horse" }));
await anon.auth.signOut();
const session = need(await anon.auth.signInWithPassword({ email, password: "correct horse" }));
const stranger = createClient(url, anonKey, options);
out.wrong = (await stranger.auth.signInWithPassword({ email, password: "x" })).error.code;
out.user = need(await anon.auth.getUser()).user.email;
const user_id = session.user.id;
const mine = need(await anon.from("jobs").insert([
    { user_id, kind: "image", payload: { n: 1 } },
    { user_id, kind: "video", payload: { n: 2 } },
    { user_id, kind: "video", payload: { n: 3 } },
]).select());
out.inserted = mine.length;
need(await service.rpc("job_create", { p_user_id: null, p_kind: "image", p_payload: {} }));
const page = await anon.from("jobs").select("id, n:payload->n", { count: "exact" })
    .eq("kind", "video").order("payload->n", { ascending: false }).range(0, 0);
out.page = need(page).map((row) => row.n);
out.count = page.count;
out.all = need(await anon.from("jobs").select("id")).length;
out.forbidden = (await anon.from("events").select()).error.code;
out.rpc = need(await service.rpc("job_get", { p_id: mine[0].id, p_user_id: user_id })).payload.n;
out.refused = (await anon.rpc("job_metrics")).status;
out.single = (await anon.from("jobs").select().single()).error.code;
out.maybe = need(await anon.from("jobs").select().eq("kind", "song").maybeSingle());
need(await service.from("jobs").update({ progress: 5 }).eq("id", mine[0].id));
const updated = await service.from("jobs").select("progress").eq("id", mine[0].id).single();
out.updated = need(updated).progress;
const upserted = await service.from("jobs").upsert({ id: mine[0].id, progress: 6 }).select().single();
out.upserted = need(upserted).progress;
need(await service.from("jobs").delete().in("id", mine.map((job) => job.id)));
const listed = need(await service.auth.admin.listUsers({ page: 1, perPage: 1000 }));
out.listed = listed.users.some((listedUser) => listedUser.email === email);
need(await service.auth.admin.deleteUser(user_id));
console.log(JSON.stringify(out));
"""


def test_supabase_js_signs_up_reads_writes_and_calls(cloud: Cloud, email: str, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(config.CHECKOUT / "node_modules")
    script = tmp_path / "client.mjs"
    script.write_text(SCRIPT)
    keys = [anon_key(cloud.config), service_role_key(cloud.config)]
    command = ["node", str(script), cloud.url, *keys, email]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "wrong": "invalid_credentials",
        "user": email,
        "inserted": 3,
        "page": [3],
        "count": 2,
        "all": 3,
        "forbidden": "42501",
        "rpc": 1,
        "refused": 403,
        "single": "PGRST116",
        "maybe": None,
        "updated": 5,
        "upserted": 6,
        "listed": True,
    }


def test_supabase_py_signs_up_and_sees_its_own_rows(cloud: Cloud, email: str) -> None:
    ada = create_client(cloud.url, anon_key(cloud.config))
    bob = create_client(cloud.url, anon_key(cloud.config))
    service = create_client(cloud.url, service_role_key(cloud.config))
    ids = {}
    for client, address in ((ada, email), (bob, f"bob-{email}")):
        client.auth.sign_up({"email": address, "password": PASSWORD})
        signed_in = client.auth.sign_in_with_password({"email": address, "password": PASSWORD})
        assert signed_in.user is not None
        ids[address] = signed_in.user.id
    rows = [
        {"user_id": ids[email], "kind": kind, "payload": {"n": n}}
        for n, kind in enumerate(["image", "video"])
    ]
    made: Any = ada.table("jobs").insert(rows).execute()
    assert [row["status"] for row in made.data] == ["queued", "queued"]
    page: Any = (
        ada.table("jobs")
        .select("id,payload->n", count=CountMethod.exact)
        .in_("kind", ["image", "video"])
        .order("payload->n", desc=True)
        .range(0, 0)
        .execute()
    )
    assert (page.data, page.count) == ([{"id": made.data[1]["id"], "n": 1}], 2)
    assert bob.table("jobs").select("*").execute().data == []
    with pytest.raises(APIError, match="row-level security"):
        bob.table("jobs").insert(rows[0]).execute()
    with pytest.raises(APIError, match="permission denied"):
        ada.rpc("job_metrics", {}).execute()
    found: Any = service.rpc("job_get", {"p_id": made.data[0]["id"]}).execute()
    assert found.data["user_id"] == ids[email]


def test_supabase_py_refreshes_changes_and_signs_out(cloud: Cloud, email: str) -> None:
    client = create_client(cloud.url, anon_key(cloud.config))
    client.auth.sign_up({"email": email, "password": PASSWORD})
    assert client.auth.refresh_session().session is not None
    assert client.auth.update_user({"data": {"n": 1}}).user.user_metadata["n"] == 1
    token = client.auth.get_session()
    assert token is not None
    client.auth.sign_out()
    headers = {"apikey": anon_key(cloud.config), "Authorization": f"Bearer {token.access_token}"}
    assert httpx.get(f"{cloud.url}/auth/v1/user", headers=headers).status_code == 403
    with pytest.raises(AuthApiError, match="Invalid login credentials"):
        client.auth.sign_in_with_password({"email": email, "password": "wrong"})


def test_supabase_py_administers_users(cloud: Cloud, email: str) -> None:
    admin = create_client(cloud.url, service_role_key(cloud.config)).auth.admin
    user = admin.create_user({"email": email, "password": PASSWORD, "email_confirm": True}).user
    assert admin.get_user_by_id(user.id).user.email == email
    assert email in {listed.email for listed in admin.list_users(per_page=1000)}
    admin.delete_user(user.id)
    with pytest.raises(AuthApiError, match="User not found"):
        admin.get_user_by_id(user.id)
