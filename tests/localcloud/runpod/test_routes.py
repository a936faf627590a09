"""The API in process: no worker is started, because nothing runs the dispatcher."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from localcloud.config import RUNPOD_ENDPOINT_ID
from localcloud.runpod.app import create_app
from localcloud.runpod.dispatcher import Dispatcher
from localcloud.runpod.settings import Settings
from localcloud.runpod.store import Store
from localcloud.runpod.worker import Worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

KEY = "account-key"
WORKER_KEY = "worker-key"
BASE = f"/v2/{RUNPOD_ENDPOINT_ID}"


@pytest.fixture
async def dispatcher(tmp_path: Path) -> AsyncIterator[Dispatcher]:
    store = Store(tmp_path / "jobs.db")
    yield Dispatcher(store, Settings(poll=0.05), "http://127.0.0.1:1", tmp_path)
    store.close()


@pytest.fixture
async def client(dispatcher: Dispatcher) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(dispatcher, KEY))
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://rp", headers=headers) as made:
        yield made


@pytest.fixture
async def worker(dispatcher: Dispatcher) -> AsyncIterator[Worker]:
    """A worker whose part the test plays; its process only sleeps."""
    process = await asyncio.create_subprocess_exec("sleep", "60", start_new_session=True)
    held = Worker("w1", WORKER_KEY, process, since=0.0)
    dispatcher.fleet._worker = held
    yield held
    held.kill()
    await process.wait()


async def submit(client: httpx.AsyncClient, **fields: Any) -> str:
    answer = await client.post(f"{BASE}/run", json={"input": {"n": 1}} | fields)
    assert answer.status_code == 200
    return str(answer.json()["id"])


async def ask(client: httpx.AsyncClient, method: str, path: str, **options: Any) -> httpx.Response:
    return await client.request(method, f"{BASE}/{path}", headers={"Authorization": WORKER_KEY}, **options)


async def take(client: httpx.AsyncClient) -> Any:
    return (await ask(client, "GET", "job-take/w1?gpu=none&job_in_progress=0")).json()


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer wrong", "Bearer ключ"])
async def test_a_wrong_key_is_refused(client: httpx.AsyncClient, header: str) -> None:
    answer = await client.get(f"{BASE}/health", headers={b"Authorization": header.encode()})
    assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"})


async def test_another_endpoint_does_not_exist(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v2/other/run", json={"input": {}})
    assert answer.status_code == 404


@pytest.mark.parametrize(("method", "path"), [("GET", "status"), ("POST", "cancel"), ("POST", "retry")])
async def test_an_unknown_job_is_not_found(client: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await client.request(method, f"{BASE}/{path}/none-u1")
    assert answer.status_code == 404
    assert answer.json()["error"].startswith("job not found")


async def test_a_body_without_input_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post(f"{BASE}/run", json={})
    assert (answer.status_code, answer.json()) == (
        400,
        {"error": 'The request has no "input". Send {"input": {…}}.'},
    )


@pytest.mark.parametrize("body", [b'{"input": NaN}', b'{"input": ' + b"[" * 100_000])
async def test_what_strict_json_forbids_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    assert (await client.post(f"{BASE}/run", content=body)).status_code == 400


async def test_a_body_over_the_limit_of_runpod_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post(f"{BASE}/run", content=b" " * (10 * 1024 * 1024 + 1))
    assert answer.status_code == 413


@pytest.mark.parametrize("wait", ["999", "300001", "x", "-5", "9" * 5000])
async def test_a_wait_that_runpod_does_not_allow_is_refused(client: httpx.AsyncClient, wait: str) -> None:
    answer = await client.post(f"{BASE}/runsync?wait={wait}", json={"input": {}})
    assert answer.status_code == 400
    assert (await client.get(f"{BASE}/health")).json()["jobs"]["inQueue"] == 0


async def test_a_synchronous_job_that_takes_longer_is_answered_as_it_stands(
    client: httpx.AsyncClient,
) -> None:
    answer = (await client.post(f"{BASE}/runsync?wait=1000", json={"input": {}})).json()
    assert answer["status"] == "IN_QUEUE"
    assert answer["id"].startswith("sync-")
    assert answer["id"].endswith("-u1")


async def test_half_of_a_surrogate_pair_comes_back_as_it_went_in(
    client: httpx.AsyncClient, worker: Worker
) -> None:
    assert not worker.is_ready
    await client.post(f"{BASE}/run", content=rb'{"input": "\ud800"}')
    assert (await take(client))["input"] == "\ud800"


async def test_a_purge_cancels_what_waits_and_leaves_what_runs(
    client: httpx.AsyncClient, worker: Worker
) -> None:
    running, waiting = await submit(client), await submit(client)
    assert (await take(client))["id"] == running
    assert (await client.post(f"{BASE}/purge-queue")).json() == {"removed": 1, "status": "completed"}
    assert (await client.get(f"{BASE}/status/{waiting}")).json()["status"] == "CANCELLED"
    assert (await client.get(f"{BASE}/status/{running}")).json()["workerId"] == worker.id


async def test_a_failed_job_is_retried_under_its_id(client: httpx.AsyncClient, worker: Worker) -> None:
    job = await submit(client)
    assert (await client.post(f"{BASE}/retry/{job}")).status_code == 400
    await take(client)
    await ask(client, "POST", f"job-done/{worker.id}/{job}", content=b'{"error": {"why": 1}}')
    failed = (await client.get(f"{BASE}/status/{job}")).json()
    assert (failed["status"], json.loads(failed["error"])) == ("FAILED", {"why": 1})
    assert (await client.post(f"{BASE}/retry/{job}")).json() == {"id": job, "status": "IN_QUEUE"}
    assert (await take(client))["id"] == job


@pytest.mark.parametrize("path", ["job-take/w1?gpu=x", "job-stop/w1?gpu=x", "ping/w1", "job-take/w2?gpu=x"])
async def test_the_account_key_does_not_open_the_workers_doors(
    client: httpx.AsyncClient, worker: Worker, path: str
) -> None:
    assert worker.key != KEY
    assert (await client.get(f"{BASE}/{path}")).status_code == 401


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"output": NaN}', b" " * (20 * 1024 * 1024 + 1)])
async def test_a_result_that_cannot_be_taken_leads_to_a_second_run(
    client: httpx.AsyncClient, worker: Worker, body: bytes
) -> None:
    job = await submit(client)
    await take(client)
    assert (await ask(client, "POST", f"job-done/{worker.id}/{job}", content=body)).status_code == 400
    assert (await take(client))["id"] == job
    assert (await client.get(f"{BASE}/health")).json()["jobs"]["retried"] == 1


async def test_a_worker_without_work_is_told_so(client: httpx.AsyncClient, worker: Worker) -> None:
    assert (await ask(client, "GET", f"job-take/{worker.id}?gpu=x")).status_code == 204
    assert (await ask(client, "GET", f"job-stop/{worker.id}?gpu=x")).status_code == 204
    assert (await client.get(f"{BASE}/health")).json()["workers"]["idle"] == 1


async def test_a_worker_that_waits_gets_a_job_the_moment_it_comes(
    client: httpx.AsyncClient, dispatcher: Dispatcher, worker: Worker
) -> None:
    dispatcher._settings = Settings(poll=30)
    asked = asyncio.create_task(take(client))
    await asyncio.sleep(0.05)
    job = await submit(client)
    taken = await asyncio.wait_for(asked, 5)
    assert taken == {"id": job, "input": {"n": 1}, "webhook": None}
    assert not worker.is_idle


async def test_a_batch_is_as_large_as_asked(client: httpx.AsyncClient, worker: Worker) -> None:
    jobs = [await submit(client) for _ in range(3)]
    answer = await ask(client, "GET", f"job-take-batch/{worker.id}?gpu=x&batch_size=2&job_in_progress=0")
    assert [job["id"] for job in answer.json()] == jobs[:2]


async def test_a_worker_is_told_which_job_to_drop(client: httpx.AsyncClient, worker: Worker) -> None:
    job = await submit(client)
    await take(client)
    await client.post(f"{BASE}/cancel/{job}")
    assert (await ask(client, "GET", f"job-stop/{worker.id}?gpu=x")).json() == {"jobsToStop": [job]}
    assert worker.kill_at is not None
    assert (await ask(client, "GET", f"job-take/{worker.id}?job_in_progress=0")).status_code == 204
    assert worker.kill_at is None


async def test_progress_shows_as_output_until_the_result_comes(
    client: httpx.AsyncClient, worker: Worker
) -> None:
    job = await submit(client)
    await take(client)
    done = f"job-done/{worker.id}/{job}?isStream=false"
    await ask(client, "POST", done, content=b'{"status": "IN_PROGRESS", "output": {"progress": 50}}')
    state = (await client.get(f"{BASE}/status/{job}")).json()
    assert (state["status"], state["output"]) == ("IN_PROGRESS", {"progress": 50})
    await ask(client, "POST", done, content=b'{"output": {"files": []}}')
    state = (await client.get(f"{BASE}/status/{job}")).json()
    assert (state["status"], state["output"]) == ("COMPLETED", {"files": []})
    assert state["executionTime"] >= 0


async def test_a_finished_job_is_not_cancelled(client: httpx.AsyncClient, worker: Worker) -> None:
    job = await submit(client)
    await take(client)
    await ask(client, "POST", f"job-done/{worker.id}/{job}", content=b'{"output": 1}')
    assert (await client.post(f"{BASE}/cancel/{job}")).json() == {"id": job, "status": "COMPLETED"}


async def test_health_needs_no_key(client: httpx.AsyncClient) -> None:
    answer = await client.get("/_local/health", headers={"Authorization": ""})
    assert answer.json() == {"ok": True}


async def test_the_log_holds_no_query_and_no_body(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    await submit(client, input="canary-body", webhook="http://h/x?token=canary-token")
    await client.get(f"{BASE}/health?key=canary-query")
    lines = capsys.readouterr().out
    assert "canary" not in lines
    assert {json.loads(line)["event"] for line in lines.splitlines()} == {"job", "request"}
