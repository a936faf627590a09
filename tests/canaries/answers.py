"""Everything that HTTP clients of this process are answered."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def overheard() -> Iterator[list[tuple[str, bytes]]]:
    """Collect each answer, under what was asked, while the block runs; a streamed body is left out."""
    heard: list[tuple[str, bytes]] = []
    with pytest.MonkeyPatch.context() as patch:
        for client in (requests.Session, httpx.Client):
            patch.setattr(client, "send", _noting(client.send, heard))
        yield heard


def _noting(send: Any, heard: list[tuple[str, bytes]]) -> Any:
    def noting(self: Any, request: Any, **options: Any) -> Any:
        answer = send(self, request, **options)
        body = b"" if options.get("stream") else answer.content
        head = "\n".join(
            [str(answer.status_code), *(f"{name}: {value}" for name, value in answer.headers.items())]
        )
        path = str(request.url).partition("?")[0]
        heard.append((f"answer to {request.method} {path}", head.encode() + b"\n\n" + body))
        return answer

    return noting
