"""The real edge with real workerd, an emulator of two routes, and `node --test` files counted by pytest."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.localcloud.edge.cloud import Cloud

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NODE_TEST = re.compile(r'^test\("(.+)", ', re.MULTILINE)
TAP_RESULT = re.compile(r"^(ok|not ok) \d+ - (.+?)(?: # .*)?$", re.MULTILINE)
PROXIED = """
from workers import Response, WorkerEntrypoint
import js, json, asyncio
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        url = request.url
        if "/echo" in url:
            return js.Response.new(request.body, headers=js.Headers.new([["x-method", str(request.method)]]))
        if "/headers" in url:
            return Response.from_json(dict(request.headers.items()))
        if "/repeated" in url:
            headers = [("set-cookie", "a=1"), ("set-cookie", "b=2"), ("x-request-id", "own")]
            return Response("two", headers=headers)
        if "/slow" in url:
            await asyncio.sleep(30)
        if "/wait" in url:
            await asyncio.sleep(0.01)
        if "/raise" in url:
            raise ValueError("broken on purpose: " + url)
        if "/print" in url:
            print("the word is", self.env.PASSWORD)
        if "/socket" in url:
            pair = js.WebSocketPair.new()
            near, far = js.Object.values(pair)
            far.accept()
            from pyodide.ffi import create_proxy
            far.addEventListener("message", create_proxy(lambda event: far.send("echo " + event.data)))
            return js.Response.new(None, status=101, webSocket=near)
        return Response("url " + url)
"""


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    """An edge of the test's own, with nothing deployed."""
    with Cloud(tmp_path / "state") as cloud:
        yield cloud


@pytest.fixture(scope="session")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """An edge that serves one worker on any host of `example.test`; tests that change nothing share it."""
    with Cloud(tmp_path_factory.mktemp("proxied")) as cloud:
        bindings = [{"type": "secret_text", "name": "PASSWORD", "text": "correct-horse-battery"}]
        cloud.emulator.add("proxied-1", {"entry.py": PROXIED}, bindings)
        cloud.emulator.deploy("api", {"proxied-1": 100})
        cloud.emulator.route("*example.test/*", "api")
        cloud.emulator.route("api.alphogen.localhost/*", "api")
        cloud.sync()
        yield cloud


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> NodeFile | None:
    return NodeFile.from_parent(parent, path=file_path) if file_path.name.endswith(".test.mjs") else None


class NodeFile(pytest.File):
    """A file of Node's test runner; it runs once, when its first test is asked for."""

    def collect(self) -> Iterator[pytest.Item]:
        for name in NODE_TEST.findall(self.path.read_text()):
            yield NodeTest.from_parent(self, name=name)

    def results(self) -> tuple[dict[str, bool], str]:
        if not hasattr(self, "_results"):
            command = ["node", "--test", "--test-reporter=tap", str(self.path)]
            ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
            found = {name: verdict == "ok" for verdict, name in TAP_RESULT.findall(ended.stdout)}
            self._results = (found, ended.stdout + ended.stderr)
        return self._results


class NodeTest(pytest.Item):
    """One test of such a file."""

    def runtest(self) -> None:
        assert isinstance(self.parent, NodeFile)
        verdicts, output = self.parent.results()
        if not verdicts.get(self.name):
            pytest.fail(output, pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.name
