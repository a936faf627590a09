"""What the edge and the worker add to a submission, beside the two calls that its answer waits for."""

from __future__ import annotations

import json
import statistics
import time
from http.client import HTTPConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import jwt

from bench.deployment import BINDINGS, deployed, settings_in
from bench.upstream import JOB, upstream
from localcloud.config import RUNPOD_ENDPOINT_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bench.deployment import Deployment
    from bench.stand_ins import StandIns
    from bench.upstream import Upstream

    Bodies = dict[str, bytes]
    Call = Callable[[], bytes]
    Figures = dict[str, float]
    Say = Callable[[str], None]

CREATE, RUN, RECORD = "job_create", "run", "job_submitted"  # the record follows the answer
REQUEST = "/jobs/create"
DATABASE = "/rest/v1/rpc/"
PROVIDER = f"/v2/{RUNPOD_ENDPOINT_ID}/"
WISH = json.dumps({"prompt": "a lighthouse in the fog", "durationSec": 1}).encode()
JSON = {"content-type": "application/json"}
# What a database and a provider take that are as far away as a service on the internet is.
DISTANT = {CREATE: 0.020, RUN: 0.100, RECORD: 0.020}
WARM = 20
SETTLE_SECONDS = 0.05  # the record of one request must not slow what is measured next
PATIENCE_SECONDS = 30


class Peer:
    """One kept connection to whom is asked."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self._connection = HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE_SECONDS)
        self._headers = {**JSON, **headers}

    def post(self, path: str, body: bytes) -> bytes:
        """Ask, and give the answer's body."""
        self._connection.request("POST", path, body, self._headers)
        answer = self._connection.getresponse()
        told = answer.read()
        if not 200 <= answer.status < 300:  # noqa: PLR2004 - HTTP's successes
            raise SystemExit(f"{path} answered {answer.status}: {told[:200]!r}. Nothing was measured.")
        return told


def with_stand_in(folder: Path, rounds: int, say: Say) -> tuple[dict[str, Figures], Bodies]:
    """Measure with upstreams that take no time and with distant ones; give the calls' bodies too."""
    measured = {}
    with upstream() as fake:
        bindings = BINDINGS | {"SUPABASE_URL": fake.url, "RUNPOD_API_BASE": fake.url}
        with deployed(settings_in(folder), bindings) as edge:
            api = Peer(edge.api, {"authorization": f"Bearer {_token(bindings)}"})
            api.post(REQUEST, WISH)  # from here on the bodies are known
            for name, delays in (("no time", {}), ("distant", DISTANT)):
                fake.delays = delays
                measured[name] = _alternate(api, _fake_calls(fake), rounds)
                say(f"submission, upstreams: {name}")
        return measured, fake.bodies


def with_local_cloud(real: StandIns, edge: Deployment, bodies: Bodies, rounds: int) -> Figures:
    """Measure with the local cloud's Supabase and RunPod."""
    api = Peer(edge.api, {"authorization": f"Bearer {real.token}"})
    return _alternate(api, _real_calls(real, bodies), rounds)


def _token(bindings: dict[str, str]) -> str:
    issuer, now = f"{bindings['SUPABASE_URL']}/auth/v1", int(time.time())
    claims = {"iss": issuer, "aud": "authenticated", "sub": JOB["user_id"], "exp": now + 3600}
    return jwt.encode(claims, bindings["SUPABASE_JWT_SECRET"], "HS256")


def _fake_calls(fake: Upstream) -> dict[str, Call]:
    peer = Peer(fake.url, {})
    paths = {CREATE: DATABASE, RUN: PROVIDER}
    return {name: _call(peer, path + name, fake.bodies[name]) for name, path in paths.items()}


def _call(peer: Peer, path: str, body: bytes) -> Call:
    return lambda: peer.post(path, body)


def _real_calls(real: StandIns, bodies: Bodies) -> dict[str, Call]:
    """The same calls with the same bodies, but for the user."""
    role = real.bindings["SUPABASE_SERVICE_ROLE"]
    database = Peer(real.bindings["SUPABASE_URL"], {"apikey": role, "authorization": f"Bearer {role}"})
    provider = Peer(
        real.bindings["RUNPOD_API_BASE"], {"authorization": f"Bearer {real.bindings['RUNPOD_API_KEY']}"}
    )
    row = json.dumps({**json.loads(bodies[CREATE]), "p_user_id": real.user_id}).encode()
    return {
        CREATE: _call(database, DATABASE + CREATE, row),
        RUN: _call(provider, PROVIDER + RUN, bodies[RUN]),
    }


def _alternate(api: Peer, calls: dict[str, Call], rounds: int) -> Figures:
    """Let the request and the calls by themselves take turns; medians in milliseconds, and of the ratios."""
    steps: dict[str, Call] = {"request": lambda: api.post(REQUEST, WISH), **calls}
    times: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(WARM + rounds):
        for name, taken in _turn(steps, number):
            if number >= WARM:
                times[name].append(taken * 1000)
    rows = [dict(zip(times, row, strict=True)) for row in zip(*times.values(), strict=True)]
    found = {name: statistics.median(taken) for name, taken in times.items()}
    requests, upstream_calls = times["request"], [sum(row[name] for name in calls) for row in rows]
    return {
        **found,
        "adds": statistics.median(a - b for a, b in zip(requests, upstream_calls, strict=True)),
        "adds at least": min(requests) - sum(min(times[name]) for name in calls),  # undisturbed by others
        "ratio": statistics.median(a / b for a, b in zip(requests, upstream_calls, strict=True)),
    }


def _turn(steps: dict[str, Call], number: int) -> Iterator[tuple[str, float]]:
    """Take each step's time in seconds; every other turn the request comes last."""
    names = list(steps)
    for name in names if number % 2 else [*names[1:], names[0]]:
        began = time.perf_counter()
        steps[name]()
        yield name, time.perf_counter() - began
        if name == "request":
            time.sleep(SETTLE_SECONDS)
