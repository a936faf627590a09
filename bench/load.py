"""A small HTTP load generator: keep-alive connections on one event loop, targets that take turns."""

from __future__ import annotations

import asyncio
import statistics
import time
from dataclasses import dataclass
from typing import Any, cast

import uvloop

WARM_SECONDS = 1.0
STUCK_SECONDS = 30.0
BUSY = 0.9  # of a core: from here on the generator may be what is measured


@dataclass(frozen=True)
class Target:
    """Where requests go: a loopback port, or a Unix socket."""

    name: str
    path: str
    host: str
    port: int = 0
    socket: str = ""


@dataclass(frozen=True)
class Round:
    """What one target did in one round; latencies in milliseconds, `generator` in cores."""

    requests_per_second: float
    latencies: list[float]
    generator: float


class Client(asyncio.Protocol):
    """One connection that sends the next request when it has the answer to the last one."""

    def __init__(self, target: Target, deadline: float) -> None:
        self.request = f"GET {target.path} HTTP/1.1\r\nhost: {target.host}\r\n\r\n".encode()
        self.deadline = deadline
        self.latencies: list[float] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self.transport = cast("asyncio.WriteTransport", transport)  # uvloop's own is no subclass of it
        self._send()

    def data_received(self, data: bytes) -> None:
        """Note the latency of an answer once it is whole, and send the next request."""
        self.buffer += data
        head, end, body = self.buffer.partition(b"\r\n\r\n")
        if not end or len(body) < _length(head):
            return
        self.latencies.append((time.perf_counter() - self.sent) * 1000)
        if not head.startswith(b"HTTP/1.1 200"):
            self._finish(RuntimeError(f"answer {head[:40]!r}"))
        elif time.perf_counter() >= self.deadline:
            self._finish(None)
        else:
            self._send()

    def connection_lost(self, error: Exception | None) -> None:
        """End; a connection that was closed early is an error."""
        self._finish(error or RuntimeError("connection closed"))

    def _send(self) -> None:
        self.buffer = b""
        self.sent = time.perf_counter()
        self.transport.write(self.request)

    def _finish(self, error: Exception | None) -> None:
        if self.done.done():
            return
        if error:
            self.done.set_exception(error)
        else:
            self.done.set_result(None)
            self.transport.close()


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"content-length: ")
    if not found:
        raise RuntimeError(f"an answer without a length: {head!r}")
    return int(rest.partition(b"\r\n")[0])


async def drive(target: Target, connections: int, seconds: float) -> Round:
    """Ask as fast as the answers come."""
    loop = asyncio.get_running_loop()
    began, used = time.perf_counter(), time.process_time()
    clients = [Client(target, began + seconds) for _ in range(connections)]
    for client in clients:
        await _connect(loop, client, target)
    async with asyncio.timeout(seconds + STUCK_SECONDS):
        await asyncio.gather(*(client.done for client in clients))
    passed = time.perf_counter() - began
    latencies = [latency for client in clients for latency in client.latencies]
    return Round(len(latencies) / passed, latencies, (time.process_time() - used) / passed)


async def _connect(loop: asyncio.AbstractEventLoop, client: Client, target: Target) -> None:
    if target.socket:
        await loop.create_unix_connection(lambda: client, target.socket)
    else:
        await loop.create_connection(lambda: client, "127.0.0.1", target.port)


def alternate(targets: list[Target], rounds: int, connections: int, seconds: float) -> dict[str, list[Round]]:
    """Let the targets take turns, each round in another order."""
    results: dict[str, list[Round]] = {target.name: [] for target in targets}
    for target in targets:
        uvloop.run(drive(target, connections, WARM_SECONDS))
    for number in range(rounds):
        shift = number % len(targets)
        for target in targets[shift:] + targets[:shift]:
            results[target.name].append(uvloop.run(drive(target, connections, seconds)))
    return results


def summary(rounds: list[Round]) -> dict[str, Any]:
    """One target's row: median of the rounds, percentiles of all requests."""
    latencies = sorted(latency for each in rounds for latency in each.latencies)
    generator = statistics.median(each.generator for each in rounds)
    return {
        "requests_per_second": round(statistics.median(each.requests_per_second for each in rounds)),
        "p50_ms": round(latencies[len(latencies) // 2], 2),
        "p99_ms": round(latencies[len(latencies) * 99 // 100], 2),
        "requests": len(latencies),
        "generator_cores": round(generator, 2),
        "generator_limited": generator > BUSY,
    }


def ratio(of: list[Round], to: list[Round]) -> float:
    """Median over the rounds of one target's requests a second divided by the other's."""
    pairs = zip(of, to, strict=True)
    return round(statistics.median(a.requests_per_second / b.requests_per_second for a, b in pairs), 3)
