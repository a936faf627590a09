from __future__ import annotations

import json
import socket
import threading
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.localcloud.edge.cloud import until

if TYPE_CHECKING:
    from tests.localcloud.edge.cloud import Cloud

MIB = 1024 * 1024


def raw(cloud: Cloud, text: str, port: int | None = None) -> bytes:
    """What comes back for bytes as they are, until the other side closes."""
    with socket.create_connection(("127.0.0.1", port or cloud.config.ports.edge), timeout=20) as connection:
        connection.sendall(text.replace("\n", "\r\n").encode())
        return b"".join(iter(lambda: connection.recv(65536), b""))


def noted(cloud: Cloud, request_id: str) -> dict[str, object]:
    found: list[dict[str, object]] = []

    def written() -> bool:
        found[:] = [line for line in cloud.lines("request") if line["request_id"] == request_id]
        return bool(found)

    until(written, "the request is logged")
    return found[0]


def test_a_host_without_a_route_gets_a_404_that_says_what_to_do(proxied: Cloud) -> None:
    answer = proxied.get("/", host="nobody.test")
    assert answer.status_code == 404
    assert "No route matches nobody.test/" in answer.text
    assert "pulumi up" in answer.text
    assert answer.headers["x-request-id"]


def test_a_target_that_is_no_address_is_a_400(proxied: Cloud) -> None:
    assert raw(proxied, "OPTIONS * HTTP/1.1\nHost: example.test\nConnection: close\n\n").startswith(
        b"HTTP/1.1 400"
    )


def test_an_absolute_address_names_the_host(proxied: Cloud) -> None:
    answer = raw(proxied, "GET http://example.test/a?b=1 HTTP/1.1\nHost: nobody.test\nConnection: close\n\n")
    assert b"url http://example.test/a?b=1" in answer


def test_the_port_of_a_host_stands_for_that_host(proxied: Cloud) -> None:
    answer = httpx.get(f"http://127.0.0.1:{proxied.config.ports.api}/x?y=1", timeout=20)
    assert answer.text == "url http://api.alphogen.localhost/x?y=1"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_body_with_a_length_comes_back_as_it_was(proxied: Cloud, method: str) -> None:
    answer = proxied.client.request(
        method, "/echo", headers={"host": "example.test"}, content=b"\0\xff" * 1000
    )
    assert answer.content == b"\0\xff" * 1000
    assert answer.headers["x-method"] == method


def test_both_bodies_stream_while_the_other_is_under_way(proxied: Cloud) -> None:
    parts = [bytes([number]) * MIB for number in range(8)]  # more than all buffers on the way hold
    connection = HTTPConnection("127.0.0.1", proxied.config.ports.edge, timeout=30)
    connection.putrequest("PUT", "/echo", skip_host=True)
    connection.putheader("host", "example.test")
    connection.putheader("transfer-encoding", "chunked")
    connection.endheaders()

    def send() -> None:
        for part in parts:
            connection.send(b"%x\r\n%s\r\n" % (len(part), part))
        connection.send(b"0\r\n\r\n")

    sender = threading.Thread(target=send)
    sender.start()
    assert connection.getresponse().read() == b"".join(parts)
    sender.join()
    connection.close()


def test_a_head_answer_has_no_body(proxied: Cloud) -> None:
    answer = raw(proxied, "HEAD / HTTP/1.1\nHost: example.test\nConnection: close\n\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert body == b""


def test_expect_is_answered_once_a_worker_takes_the_body(proxied: Cloud) -> None:
    head = "POST /echo HTTP/1.1\nHost: {}\nExpect: 100-continue\nContent-Length: 2\nConnection: close\n\nhi"
    assert raw(proxied, head.format("example.test")).startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200")
    assert raw(proxied, head.format("nobody.test")).startswith(b"HTTP/1.1 404")


def test_the_edge_says_who_the_client_is_and_a_client_may_not(proxied: Cloud) -> None:
    told = proxied.get(
        "/headers",
        **{"cf-connecting-ip": "6.6.6.6", "cf-ray": "forged", "x-forwarded-for": "1.2.3.4", "te": "trailers"},
    ).json()
    assert told["cf-connecting-ip"] == "127.0.0.1"
    assert told["x-forwarded-for"] == "1.2.3.4, 127.0.0.1"
    assert told["cf-ray"].endswith("-LOC")
    assert told["cf-visitor"] == '{"scheme":"http"}'
    assert "te" not in told


def test_headers_that_the_connection_names_are_not_passed_on(proxied: Cloud) -> None:
    answer = raw(
        proxied, "GET /headers HTTP/1.1\nHost: example.test\nX-Hop: 1\nX-Far: 2\nConnection: close, X-Hop\n\n"
    )
    told = json.loads(answer.partition(b"\r\n\r\n")[2].decode())
    assert told["x-far"] == "2"
    assert "x-hop" not in told


def test_a_request_id_is_passed_on_or_made(proxied: Cloud) -> None:
    assert proxied.get("/headers", **{"x-request-id": "mine-1"}).json()["x-request-id"] == "mine-1"
    made = proxied.get("/headers", **{"x-request-id": 'x" } forged'}).json()["x-request-id"]
    assert len(made) == 36


def test_repeated_headers_of_an_answer_stay_apart(proxied: Cloud) -> None:
    answer = proxied.get("/repeated")
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert answer.headers["x-request-id"] == "own"


@pytest.mark.parametrize("path", ["/raise", "/wait/raise"], ids=["at once", "after a wait"])
def test_a_worker_that_raises_is_a_500_and_its_traceback_is_logged(proxied: Cloud, path: str) -> None:
    assert proxied.get(path).status_code == 500
    told = f"broken on purpose: http://example.test{path}"
    until(
        lambda: any(told in str(line["message"]) for line in proxied.lines("console")),
        "the traceback is logged",
    )


def test_what_a_worker_prints_is_logged_without_its_secrets(proxied: Cloud) -> None:
    proxied.get("/print")
    until(
        lambda: any(line["message"] == "the word is [secret]" for line in proxied.lines("console")),
        "the line is logged",
    )
    assert "correct-horse-battery" not in proxied.log.read_text()


def test_a_request_is_one_log_line_without_the_values_of_its_query(proxied: Cloud) -> None:
    proxied.get("/echo/a?token=abc&expires=1&flag", **{"x-request-id": "logged-1"})
    line = noted(proxied, "logged-1")
    assert line["path"] == "/echo/a?token=*&expires=*&*"
    assert (line["method"], line["host"], line["status"], line["script"], line["version"]) == (
        "GET",
        "example.test",
        200,
        "api",
        "proxied-1",
    )
    assert {"ts", "bytes", "ms", "ray"} <= line.keys()


def test_a_client_that_leaves_frees_the_runtime(proxied: Cloud) -> None:
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(
            f"{proxied.edge}/slow", headers={"host": "example.test", "x-request-id": "left-1"}, timeout=1
        )
    assert noted(proxied, "left-1")["status"] == 499
    assert proxied.runtimes()[0]["in_flight"] == 0


def test_a_websocket_is_passed_through(proxied: Cloud) -> None:
    websocket = (
        "GET /socket HTTP/1.1\nHost: example.test\nConnection: Upgrade\nUpgrade: websocket\n"
        "X-Request-Id: ws-1\n"
        "Sec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\n"
    ).replace("\n", "\r\n")
    frame = b"\x81\x82\0\0\0\0hi"  # text, masked with zeros
    with socket.create_connection(("127.0.0.1", proxied.config.ports.edge), timeout=20) as connection:
        connection.sendall(websocket.encode())
        answer = connection.recv(4096)
        assert answer.startswith(b"HTTP/1.1 101"), answer
        connection.sendall(frame)
        answer = connection.recv(4096)
        assert answer[2:] == b"echo hi"
    assert noted(proxied, "ws-1")["status"] == 101


def test_a_websocket_to_nowhere_gets_the_same_404(proxied: Cloud) -> None:
    answer = raw(proxied, "GET / HTTP/1.1\nHost: nobody.test\nConnection: Upgrade\nUpgrade: websocket\n\n")
    assert answer.startswith(b"HTTP/1.1 404")


def test_an_upgrade_to_another_protocol_is_ignored(proxied: Cloud) -> None:
    answer = raw(proxied, "GET /a HTTP/1.1\nHost: example.test\nConnection: Upgrade\nUpgrade: h2c\n\n")
    assert answer.startswith(b"HTTP/1.1 200")


def test_many_clients_at_once_each_get_their_own_answer(proxied: Cloud) -> None:
    wrong: list[str] = []

    def ask(client: int) -> None:
        with httpx.Client(base_url=proxied.edge, headers={"host": "example.test"}, timeout=30) as own:
            for number in range(20):
                path = f"/{'wait' if number % 2 else 'at-once'}/{client}/{number}"
                text = own.get(path).text
                if text != f"url http://example.test{path}":
                    wrong.append(text)

    threads = [threading.Thread(target=ask, args=(client,)) for client in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
