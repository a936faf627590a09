"""Canary secrets: planted in every secret, found in no answer, log, row, report, file or process argument."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import psutil
import pytest

from api.domain import signatures
from localcloud import config, environment
from localcloud.config import ACCOUNT_ID, STATE_DIR_VARIABLE
from localcloud.pidfile import PidFile
from stacks.settings import WORKER_SECRETS
from tests.canaries import places
from tests.canaries.notations import Search
from tests.canaries.planted import SPECIAL, bindings, plant, secrets_of
from tests.conftest import Cloud, run_ops
from tests.e2e.command_lines import CommandLines, kill, refusing
from tests.e2e.person import database, reconcile
from tests.e2e.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Iterator

Words = tuple[str, bytes]
SAMPLE_SECONDS = 0.3
ORDERED = re.compile(rb"(?:token|signature|X-Amz-Signature)=([0-9a-f]{64})")
LINKED = re.compile(rb"[?&](?:signature|X-Amz-Signature)=([0-9a-f]{64})")
# The second line of a key in PEM: the first is much the same for all keys.
KEY_LINE = re.compile(r"KEY-----\\n[^\\]+\\n([^\\]{64})")
STATUSES = {200, 400, 401, 404, 422, 502, 503}


@pytest.fixture
def planted(_alone: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Traffic]:
    """A local cloud that nobody else uses, with a canary in every secret."""
    state = Path(tempfile.mkdtemp(prefix="alphogen-")).resolve()
    settings = plant(state, SPECIAL)
    bound = bindings(settings, SPECIAL)
    for name in set(bound) - set(environment.exports(settings)):
        monkeypatch.setenv(name, bound[name])  # what the local cloud itself leaves out
    try:
        up = run_ops(state, "local", "up", "--no-smoke")
        assert up.returncode == 0, up.stdout + up.stderr
        settings = config.load(state)  # now with the ports that were free
        variables = {**os.environ, **environment.exports(settings), STATE_DIR_VARIABLE: str(state)}
        yield Traffic(Cloud(settings, variables), bound)
    finally:
        run_ops(state, "local", "down")
        shutil.rmtree(state)


def test_no_secret_is_found_where_it_does_not_live(
    planted: Traffic, answers: list[Words], tmp_path: Path
) -> None:
    cloud, lines = planted.cloud, CommandLines(planted.cloud)
    state = cloud.config.state_dir
    assert deployed(planted) == set(WORKER_SECRETS)
    with arguments(state) as seen:
        visit(planted, lines, tmp_path)
    rows = list(places.tables(cloud.config))
    planted.made |= job_tokens(planted)
    lines.ops(0, "local", "down", "--json")
    words = [*answers, *lines.said, *seen, *rows, *places.files(state)]
    planted.made |= ordered(state) | signing_keys(state) | linked(answers)
    leaks = Search({**secrets_of(cloud.config, dict(planted.bound)), **planted.made}).leaks(words)
    assert places.strays(leaks) == []
    assert places.open_homes(state) == []
    # The search works: each home holds what it is there for, and all that can go wrong did.
    assert [home for home in places.HOMES if not any(home.holds(leak) for leak in leaks)] == []
    assert {int(body[:3]) for _, body in answers} >= STATUSES


def visit(traffic: Traffic, lines: CommandLines, scratch: Path) -> None:
    """Do everything that anybody does, with files in R2 and at S3, with all well and with much down."""
    cloud = traffic.cloud
    ada, clerk = traffic.person("ada"), traffic.clerk("claire")
    lines.while_well()
    traffic.as_admin()
    traffic.as_nobody()
    traffic.as_customer(ada, "image")
    traffic.made |= renderer_key(cloud)
    traffic.as_provider(clerk)
    traffic.as_operator()
    with refusing(cloud):
        traffic.while_down(ada)
    for name in ("runpod", "r2", "postgres", "supabase"):
        kill(cloud, name)
        traffic.while_down(ada)
        if name == "r2":
            reconcile(cloud)
    lines.while_down()
    lines.ops(0, "local", "up", "--no-smoke", "--json")
    lines.provisioning()
    boto3.client("s3", **at_s3(cloud)).create_bucket(Bucket="alphogenai-media")
    lines.move_to_s3(scratch / "s3.yaml")
    traffic.as_admin()
    traffic.as_customer(clerk, "image")
    reconcile(cloud)
    lines.logs()


def at_s3(cloud: Cloud) -> dict[str, str]:
    env = cloud.env
    return {
        "endpoint_url": env["AWS_ENDPOINT_URL"],
        "region_name": env["AWS_REGION"],
        "aws_access_key_id": env["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": env["AWS_SECRET_ACCESS_KEY"],
    }


@contextmanager
def arguments(state: Path) -> Iterator[list[Words]]:
    """Collect the arguments of all processes while the block runs, of short-lived ones too."""
    seen: set[Words] = set()
    collected: list[Words] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(SAMPLE_SECONDS):
            seen.update(places.commands(state))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield collected
    finally:
        over.set()
        thread.join()
        collected.extend(seen)


def deployed(traffic: Traffic) -> set[str]:
    """Name the secrets that the running worker has."""
    url = f"{traffic.cloud.env['CLOUDFLARE_BASE_URL']}/accounts/{ACCOUNT_ID}"
    bearer = {"Authorization": f"Bearer {traffic.cloud.env['CLOUDFLARE_API_TOKEN']}"}
    told = traffic.ask("GET", f"{url}/workers/scripts/alphogenai-worker/secrets", bearer)
    return {secret["name"] for secret in told["result"]}


def renderer_key(cloud: Cloud) -> dict[str, str]:
    """Give what the renderer that just worked, and now idles, proves itself with."""
    renderer = PidFile(cloud.config.data("runpod"), "worker").read()
    assert renderer is not None
    return {"the renderer's key": psutil.Process(renderer.pid).environ()["RUNPOD_AI_API_KEY"]}


def job_tokens(traffic: Traffic) -> dict[str, str]:
    """Give the token of every job, also of those that no provider was told of."""
    with database(traffic.cloud) as connection:
        jobs = connection.execute("select id::text from public.jobs").fetchall()
    secret = traffic.bound["WEBHOOK_SECRET"]
    return {f"an order's job token {job}": signatures.job_token(secret, job) for (job,) in jobs}


def ordered(state: Path) -> dict[str, str]:
    """Give what the addresses of RunPod's orders carry: job tokens, signatures of uploads."""
    [orders] = [words for name, words in places.files(state) if name == "data/runpod/jobs.db"][-1:]
    return {f"an order's secret {one.decode()[:8]}": one.decode() for one in ORDERED.findall(orders)}


def linked(answers: list[Words]) -> dict[str, str]:
    """Give the signatures of the links that customers were given."""
    found = {one.decode() for _, body in answers for one in LINKED.findall(body)}
    return {f"a download's signature {one[:8]}": one for one in found}


def signing_keys(state: Path) -> dict[str, str]:
    """Give a line of each private key by which users' tokens are signed."""
    return {
        f"the key that signs {path.stem} {number}": line
        for path in (state / "data" / "supabase").glob("*-keys.json")
        for number, line in enumerate(
            KEY_LINE.findall(json.dumps(path.read_text())[1:-1].replace("\\\\", "\\"))
        )
    }
