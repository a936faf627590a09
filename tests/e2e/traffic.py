"""What clients do to a local cloud, rightly and wrongly, with secrets in every place where they may stand."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

import requests

from api.domain import signatures
from localcloud.config import ACCOUNT_ID
from tests.canaries.planted import SPECIAL, canary
from tests.worker import sorami_payloads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.conftest import Cloud

PATIENCE = 60
SECRET_HEADERS = ("Authorization", "X-Webhook-Secret", "X-RunPod-Signature", "X-Api-Key", "Cookie", "apikey")


@dataclass
class Traffic:
    """Requests of everybody, and the secrets that came into being by them."""

    cloud: Cloud
    bound: Mapping[str, str]  # the worker's secrets
    made: dict[str, str] = field(default_factory=dict)

    @property
    def admin(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.bound['APP_ADMIN_TOKEN']}"}

    def ask(self, method: str, path: str, headers: Mapping[str, str] | None = None, **options: Any) -> Any:
        """Ask the API, or another server by its address; what is no JSON is given as it is."""
        url = path if path.startswith("http") else self.cloud.env["API_URL"] + path
        answer = requests.request(method, url, headers=headers, timeout=PATIENCE, **options)
        try:
            return answer.json()
        except ValueError:
            return answer.content

    def wrong(self, what: str) -> str:
        """Make a secret that opens nothing; it is somebody's all the same."""
        return self.made.setdefault(f"a wrong {what}", canary(f"wrong-{what.replace(' ', '-')}", SPECIAL))

    def person(self, name: str) -> dict[str, str]:
        """Sign up, in wrongly and in; the headers with the access token."""
        auth = f"{self.cloud.env['SUPABASE_URL']}/auth/v1"
        key = {"apikey": self.cloud.env["SUPABASE_ANON_KEY"]}
        password = self.made.setdefault(f"the password of {name}", canary("password", SPECIAL))
        sign_in = {"email": f"{name}@example.com", "password": password}
        up = self.ask("POST", f"{auth}/signup", key, json=sign_in)
        self.ask("POST", f"{auth}/signup", key, json=sign_in)
        self.ask("POST", f"{auth}/signup", key, json={"email": password, "password": password})
        self.ask(
            "POST",
            f"{auth}/token?grant_type=password",
            key,
            json=sign_in | {"password": self.wrong("password")},
        )
        back = self.ask("POST", f"{auth}/token?grant_type=password", key, json=sign_in)
        renewal = {"refresh_token": back["refresh_token"]}
        new = self.ask("POST", f"{auth}/token?grant_type=refresh_token", key, json=renewal)
        self.ask(
            "POST",
            f"{auth}/token?grant_type=refresh_token",
            key,
            json={"refresh_token": self.wrong("refresh")},
        )
        for number, session in enumerate((up, back, new)):
            self.made[f"an access token of {name} ({number})"] = session["access_token"]
            self.made[f"a refresh token of {name} ({number})"] = session["refresh_token"]
        bearer = {"Authorization": f"Bearer {new['access_token']}"}
        self.ask("PUT", f"{auth}/user", key | bearer, json={"password": password})
        self.ask("GET", f"{self.cloud.env['SUPABASE_URL']}/rest/v1/jobs?select=*", key | bearer)
        return bearer

    def clerk(self, name: str) -> dict[str, str]:
        """Be Clerk's user."""
        wish = {"email": f"{name}@example.com", "issuer": "clerk", "expires_in": 3600}
        control = {"Authorization": f"Bearer {self.cloud.config.secrets.control}"}
        token = self.ask("POST", f"{self.cloud.env['SUPABASE_URL']}/_local/tokens", control, json=wish)[
            "token"
        ]
        self.made[f"an access token of {name} (clerk)"] = token
        return {"Authorization": f"Bearer {token}"}

    def as_admin(self) -> str:
        """Do what the admin may; RunPod's id of a job that was rendered."""
        job = self.ask(
            "POST", "/jobs", self.admin, json={"prompt": "a lighthouse", "kind": "image", "size": "256x256"}
        )
        self.ask("POST", "/jobs", self.admin, json={"prompt": "a", "size": self.bound["APP_ADMIN_TOKEN"]})
        self.ask("POST", "/jobs", self.admin, data=f'{{"prompt": "{self.bound["RUNPOD_API_KEY"]}')
        for path in ("/health?deep=1", "/metrics", "/jobs", f"/jobs/{job['job_id']}", "/jobs/nobodys", "/me"):
            self.ask("GET", path, self.admin)
        self.ask("GET", "/metrics", self.admin | {"Accept": "text/plain"})
        self.ask("GET", "/openapi.json")
        for method in ("PUT", "GET", "HEAD", "DELETE", "GET"):
            self.ask(method, "/assets/a.txt", self.admin, data=b"Hello" if method == "PUT" else None)
        self.ask("GET", "/nowhere?token=" + quote_plus(self.bound["APP_ADMIN_TOKEN"]), self.admin)
        return str(job["provider_job_id"])

    def as_nobody(self) -> None:
        """Try every door with a wrong key."""
        token = self.wrong("token")
        given = dict.fromkeys(SECRET_HEADERS, token) | {"Authorization": f"Bearer {token}"}
        doors = (
            "POST /jobs",
            "GET /jobs",
            "GET /me",
            "GET /metrics",
            "GET /health?deep=1",
            "POST /jobs/create",
        )
        hooks = ("POST /webhooks/test", "POST /webhooks/runpod", "POST /api/webhooks/image-completion")
        for door in (
            *doors,
            *hooks,
            "GET /credits",
            "GET /api/images/user",
            "PUT /assets/a",
            "GET /media/a/b.png",
        ):
            method, path = door.split(" ")
            query = f"token={quote_plus(token)}&signature={quote_plus(token)}&expires=1"
            self.ask(
                method,
                f"{path}{'&' if '?' in path else '?'}{query}",
                given,
                json={"id": "x", "status": "FAILED", "token": token},
            )
        env, ports = self.cloud.env, self.cloud.config.ports
        for url in (
            f"{env['SUPABASE_URL']}/rest/v1/jobs?apikey={quote_plus(token)}",
            f"{env['SUPABASE_URL']}/auth/v1/user",
            f"{env['RUNPOD_API_BASE']}/v2/{env['RUNPOD_ENDPOINT_ID']}/health",
            f"{env['CLOUDFLARE_BASE_URL']}/accounts/{ACCOUNT_ID}/workers/workers",
            f"http://127.0.0.1:{ports.edge_control}/_local/state",
            f"http://127.0.0.1:{ports.cloudflare}/_local/edge",
            f"http://127.0.0.1:{ports.r2}/",
            f"{env['AWS_ENDPOINT_URL']}/nowhere/a?X-Amz-Signature={quote_plus(token)}",
        ):
            self.ask("GET", url, given)

    def as_customer(self, bearer: Mapping[str, str], kind: str) -> None:
        """Have something made by each family, see it, fetch it."""
        made = self.ask(
            "POST",
            "/jobs/create",
            {**bearer, "Idempotency-Key": "one"},
            json={"prompt": "x", "durationSec": 1},
        )
        wish = {"prompt": "a lighthouse"} | ({"num_images": 1, "size": "256x256"} if kind == "image" else {})
        sorami = self.ask("POST", f"/api/{kind}s/generate", bearer, json=wish)
        self.ask("POST", f"/api/{kind}s/generate", bearer, json={"prompt": bearer["Authorization"] * 99})
        self.until_done(f"/api/{kind}s/{sorami['job_id']}/status", bearer)
        self.until_done(f"/jobs/{made['jobId']}", bearer)
        result = self.ask("GET", f"/api/{kind}s/{sorami['job_id']}/result", bearer)
        [file] = result[f"{kind}s"]
        self.ask("GET", file["url"])
        self.ask("GET", file["url"].replace("signature=", "signature=0"))
        for path in ("/me", "/credits", "/jobs", f"/api/{kind}s/user", "/api/notifications", "/metrics"):
            self.ask("GET", path, bearer)

    def until_done(self, path: str, headers: Mapping[str, str]) -> None:
        """Ask until a job is over."""
        deadline = time.monotonic() + PATIENCE
        while (told := self.ask("GET", path, headers))["status"] not in {"COMPLETED", "done"}:
            assert time.monotonic() < deadline, told
            assert told["status"] not in {"FAILED", "failed"}, self.ask("GET", "/jobs", headers)
            time.sleep(0.2)

    def as_provider(self, bearer: Mapping[str, str]) -> None:
        """Report rightly and wrongly, quoting every secret of the worker, as a careless renderer may."""
        secret = self.bound["WEBHOOK_SECRET"]
        quoting = self.quoting()
        for headers in ({"X-Webhook-Secret": secret}, {"X-Webhook-Secret": self.wrong("webhook secret")}):
            full = {**headers, "Authorization": bearer["Authorization"], "Cookie": self.wrong("cookie")}
            self.ask("POST", "/webhooks/test", full, json={"said": quoting, quoting[0]: 1})
            self.ask("POST", "/webhooks/test", full, data=json.dumps(quoting)[:-1])
        for number, said in enumerate(
            ("\n".join(quoting), {"error_message": "\n".join(quoting)}, json.dumps(quoting))
        ):
            job = self.ask("POST", "/api/images/generate", bearer, json={"prompt": f"{number}"})["job_id"]
            token = signatures.job_token(secret, job)
            provider_job_id = self.ask("GET", f"/jobs/{job}", self.admin)["id"]
            report = {"id": provider_job_id, "status": "FAILED", "output": {"said": quoting}}
            told = {**report, "error": f"{said} https://api/webhooks/runpod?job={job}&token={token}"}
            if isinstance(said, dict):
                told["error"] = said
            self.ask("POST", f"/webhooks/runpod?job={job}&token={self.wrong('job token')[:64]}", json=told)
            self.ask("POST", f"/webhooks/runpod?job={job}&token={token}", data=json.dumps(told)[:-1])
            self.ask("POST", f"/webhooks/runpod?job={job}&token={token}", json=told)
            for path in (f"/jobs/{job}", f"/api/images/{job}/status", f"/api/images/{job}/result", "/jobs"):
                self.ask("GET", path, bearer)
            self.ask("GET", f"/jobs/{job}", self.admin)
        job = self.ask("POST", "/api/images/generate", bearer, json={"prompt": "backend"})["job_id"]
        file: dict[str, Any] = {
            "description": quoting[0],
            "url": f"https://backend.example.com/a.png?key={quoting[1]}",
        }
        for key in (self.wrong("backend secret"), secret):
            body = sorami_payloads.completed("image", job, **file)
            self.ask("POST", "/api/webhooks/image-completion", {"X-Webhook-Secret": key}, json=body)
        self.ask("GET", f"/api/images/{job}/result", bearer)

    def while_down(self, bearer: Mapping[str, str]) -> None:
        """Ask for what cannot be had."""
        self.ask("POST", "/jobs", self.admin, json={"prompt": "x"})
        self.ask("POST", "/jobs/create", bearer, json={"prompt": "x"})
        self.ask(
            "POST", "/webhooks/test", {"X-Webhook-Secret": self.bound["WEBHOOK_SECRET"]}, json=self.quoting()
        )
        self.ask("PUT", "/assets/a.txt", self.admin, data=b"Hello")
        for path in ("/jobs", "/metrics", "/health?deep=1", "/assets/a.txt"):
            self.ask("GET", path, self.admin)
        for path in ("/me", "/credits", "/api/images/user"):
            self.ask("GET", path, bearer)

    def quoting(self) -> list[str]:
        """Give each secret of the worker in a sentence, in the clear and as in an address."""
        return [
            sentence
            for secret in self.bound.values()
            for sentence in (
                f"refused: Bearer {secret}",
                f"401 for https://api/?key={quote_plus(secret)}&a=1",
            )
        ]

    def as_operator(self) -> None:
        """Look around at Cloudflare and at the provider, and mistype."""
        env = self.cloud.env
        cloudflare = {"Authorization": f"Bearer {env['CLOUDFLARE_API_TOKEN']}"}
        account = f"{env['CLOUDFLARE_BASE_URL']}/accounts/{ACCOUNT_ID}"
        script = f"{account}/workers/scripts/alphogenai-worker"
        for url in (
            f"{script}/settings",
            f"{script}/secrets",
            f"{script}/versions",
            f"{script}/deployments",
            account,
        ):
            self.ask("GET", url, cloudflare)
        mistyped = {"name": "NEW", "type": "secret_txt", "text": self.wrong("secret text")}
        self.ask("PUT", f"{script}/secrets", cloudflare, json=mistyped)
        self.ask("PUT", f"{script}/secrets", cloudflare, data=json.dumps(mistyped)[:-1])
        provider = {"Authorization": f"Bearer {env['RUNPOD_API_KEY']}"}
        endpoint = f"{env['RUNPOD_API_BASE']}/v2/{env['RUNPOD_ENDPOINT_ID']}"
        hook = f"webhook?token={quote_plus(self.wrong('job token'))}"
        for body in ({"input": {}, "webhook": hook}, {"webhook": hook}, [hook]):
            self.ask("POST", f"{endpoint}/run", provider, json=body)
        self.ask("GET", f"{endpoint}/health", provider)
        rest = f"{env['SUPABASE_URL']}/rest/v1"
        service = {"apikey": env["SUPABASE_SERVICE_ROLE"]}
        for path in (
            "jobs?select=*",
            "jobs?select=nothing",
            "nothing",
            "rpc/nothing",
            "events?select=*&limit=x",
        ):
            self.ask("GET", f"{rest}/{path}", service)
