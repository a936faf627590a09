from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.localcloud.edge.cloud import until, worker

if TYPE_CHECKING:
    from tests.localcloud.edge.cloud import Cloud

IMPORTS_BROKEN = "from workers import WorkerEntrypoint\nfrom api.jobs import run\n"
RAISES = "import json\n\nLIMITS = json.loads('{')\n"


@pytest.mark.parametrize(
    ("files", "error"),
    [
        ({"entry.py": "x = 1\ndef broken(:\n"}, "SyntaxError: invalid syntax (entry.py, line 2)"),
        (
            {"entry.py": IMPORTS_BROKEN, "api/__init__.py": "", "api/jobs.py": "\n\nif True\n    pass\n"},
            "SyntaxError: expected ':' (api/jobs.py, line 3)",
        ),
        (
            {"entry.py": "import nowhere\n"},
            "ModuleNotFoundError: No module named 'nowhere' (entry.py, line 1)",
        ),
        ({"entry.py": RAISES}, "JSONDecodeError: Expecting property name"),
        ({"entry.py": "raise SystemExit(3)\n"}, "SystemExit: 3 (entry.py, line 1)"),
        ({"entry.py": "x = 1\n"}, "AttributeError: entry.py has no class Default"),
        (
            {"entry.py": "class Default: pass\n"},
            "AttributeError: entry.py has no class Default with a method fetch",
        ),
        ({"other.py": "x = 1\n"}, "ModuleNotFoundError: No module named 'entry'"),
    ],
    ids=[
        "syntax",
        "syntax in a package",
        "import",
        "exception",
        "exit",
        "no class",
        "no method",
        "no main module",
    ],
)
def test_a_version_that_does_not_start_is_refused_with_pythons_words(
    cloud: Cloud, files: dict[str, str], error: str
) -> None:
    cloud.emulator.add("v1", files)
    answer = cloud.control.post("/versions/v1/check")
    assert answer.status_code == 422
    assert answer.json()["ok"] is False
    assert error in answer.json()["error"]
    assert "_edge_entry" not in answer.text
    assert cloud.runtimes() == []


@pytest.mark.parametrize(
    "fields",
    [
        {"compatibility_date": "2999-01-01"},
        {"compatibility_flags": ["python_workers", "no_such_flag"]},
        {"bindings": [{"type": "kv_namespace", "name": "KV"}]},
        {"modules": [{"name": "entry.wasm", "content_type": "application/wasm", "content_base64": ""}]},
    ],
    ids=["date", "flag", "binding", "module"],
)
def test_a_version_that_the_runtime_cannot_hold_is_refused(cloud: Cloud, fields: dict[str, Any]) -> None:
    cloud.emulator.add("v1", {"entry.py": worker("a")}, **fields)
    answer = cloud.control.post("/versions/v1/check")
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]


def test_a_version_the_emulator_does_not_know_is_a_503(cloud: Cloud) -> None:
    assert cloud.control.post("/versions/none/check").status_code == 503


def test_the_emulator_being_down_is_a_503_that_says_what_to_do(cloud: Cloud) -> None:
    cloud.emulator.server.shutdown()
    cloud.emulator.server.server_close()
    answer = cloud.control.post("/sync")
    assert answer.status_code == 503
    assert "make up" in answer.json()["error"]


@pytest.mark.parametrize("path", ["/sync", "/versions/v1/check"])
def test_control_wants_the_token(cloud: Cloud, path: str) -> None:
    assert httpx.post(f"{cloud.control.base_url}{path}").status_code == 401
    assert httpx.get(f"{cloud.control.base_url}/_local/health").json() == {"ok": True}


def test_a_checked_version_stays_warm_for_its_deployment_and_no_client_reaches_it(cloud: Cloud) -> None:
    cloud.emulator.add("v1", {"entry.py": worker("one")})
    answer = cloud.control.post("/versions/v1/check").json()
    assert answer["ok"] is True
    assert answer["startup_ms"] > 0
    (checked,) = cloud.runtimes()
    cloud.emulator.route("example.test/*", "api")
    cloud.sync()
    missing = cloud.get()
    assert missing.status_code == 404
    assert "no deployment" in missing.text
    cloud.emulator.deploy("api", {"v1": 100})
    cloud.sync()
    assert cloud.get().text == "one"
    assert [runtime["pid"] for runtime in cloud.runtimes()] == [checked["pid"]]


def test_a_check_does_not_call_the_worker(cloud: Cloud) -> None:
    source = worker("one").replace("        return", "        print('called')\n        return")
    cloud.emulator.add("v1", {"entry.py": source})
    cloud.control.post("/versions/v1/check")
    assert cloud.lines("console") == []


def test_a_worker_whose_fetch_is_no_coroutine_answers_too(cloud: Cloud) -> None:
    cloud.serve("v1", worker("at once").replace("async def", "def"))
    assert cloud.get().text == "at once"


def test_a_deployment_that_does_not_start_leaves_the_old_one_serving(cloud: Cloud) -> None:
    cloud.serve("v1", worker("one"))
    cloud.emulator.add("v2", {"entry.py": "import nowhere\n"})
    cloud.emulator.deploy("api", {"v2": 100})
    answer = cloud.control.post("/sync")
    assert answer.status_code == 422
    assert "nowhere" in answer.json()["error"]
    assert cloud.get().text == "one"
    cloud.emulator.deploy("other", {})
    cloud.sync()  # what was refused before does not refuse another script's deployment


def test_a_deployment_that_does_not_start_when_the_edge_does_is_said_to_clients(cloud: Cloud) -> None:
    cloud.emulator.add("v1", {"entry.py": "import nowhere\n"})
    cloud.emulator.deploy("api", {"v1": 100})
    cloud.emulator.route("example.test/*", "api")
    cloud.stop()
    cloud.start()
    answer = cloud.get()
    assert answer.status_code == 500
    assert "does not start" in answer.text
    assert "nowhere" not in answer.text


def test_a_new_deployment_drops_no_request(cloud: Cloud) -> None:
    slow = worker("one").replace(
        "        return", "        import asyncio\n        await asyncio.sleep(0.2)\n        return"
    )
    cloud.serve("v1", slow)
    answers: list[str] = []
    failures: list[str] = []
    enough = threading.Event()

    def load(method: str) -> None:
        with httpx.Client(base_url=cloud.edge, headers={"host": "example.test"}, timeout=30) as client:
            while not enough.is_set():
                try:
                    answer = client.request(method, "/", content=b"body" if method == "POST" else None)
                    answers.append(answer.text) if answer.status_code == 200 else failures.append(answer.text)
                except httpx.HTTPError as error:
                    failures.append(repr(error))

    threads = [threading.Thread(target=load, args=(method,)) for method in ("GET", "POST") * 4]
    for thread in threads:
        thread.start()
    for version in ("v2", "v3"):
        answers.clear()
        until(lambda: len(answers) > 20, "requests flow")
        cloud.serve(version, worker(version))
        assert cloud.get().text == version, "once the sync is answered, new requests go to the new version"
    enough.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert {"v2", "v3"} <= set(answers)
    until(lambda: len(cloud.runtimes()) == 1, "the old runtimes stopped")


def test_a_deployment_of_two_versions_splits_by_key_and_override(cloud: Cloud) -> None:
    cloud.serve("v1", worker("one"))
    cloud.emulator.add("v2", {"entry.py": worker("two")})
    cloud.emulator.deploy("api", {"v1": 50, "v2": 50})
    cloud.sync()
    assert len({cloud.get(**{"cloudflare-workers-version-key": "user-1"}).text for _ in range(10)}) == 1
    assert {cloud.get(**{"cloudflare-workers-version-key": f"user-{n}"}).text for n in range(20)} == {
        "one",
        "two",
    }
    for version, text in (("v1", "one"), ("v2", "two")):
        assert cloud.get(**{"cloudflare-workers-version-overrides": f'api="{version}"'}).text == text


def test_a_route_without_a_script_switches_the_worker_off(cloud: Cloud) -> None:
    cloud.serve("v1", worker("one"))
    cloud.emulator.route("example.test/off*", None)
    cloud.sync()
    assert cloud.get("/on").text == "one"
    answer = cloud.get("/off")
    assert answer.status_code == 530
    assert "names no worker" in answer.text


def test_a_removed_script_stops_serving_and_its_runtime_ends(cloud: Cloud) -> None:
    cloud.serve("v1", worker("one"))
    cloud.emulator.scripts.clear()
    cloud.sync()
    assert cloud.get().status_code == 404
    until(lambda: cloud.runtimes() == [], "the runtime stopped")
