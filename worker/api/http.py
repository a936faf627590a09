"""Requests and responses as the core sees them; a body may be a stream that is only passed on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl, unquote

from api import document
from api.errors import InvalidError, UnauthorizedError, UnsupportedMediaError

if TYPE_CHECKING:
    from api.auth import Caller
    from api.ports import Later

JSON = "application/json"
JSON_LIMIT = 64 * 1024  # bytes; a prompt and its settings are far smaller
WEBHOOK_LIMIT = 1024 * 1024  # bytes; a provider sends its handler's whole output


class Incoming(Protocol):
    """What the runtime holds of a request, fetched only when asked for."""

    def header(self, name: str) -> str | None:
        """Give one header's value."""

    def headers(self) -> dict[str, str]:
        """Give every header, names in lower case."""

    @property
    def stream(self) -> Any:
        """The body as the runtime's own stream, to hand on unread; None for an empty body."""

    async def read(self, limit: int) -> bytes:
        """Read the body whole.

        Raises:
            TooLargeError: it is over `limit` bytes.
        """


class Request:
    """One request; what costs a crossing into the runtime is fetched when it is first asked for."""

    __slots__ = (
        "_incoming",
        "_query",
        "caller",
        "header",
        "id",
        "key",
        "later",
        "method",
        "path",
        "raw_query",
    )

    def __init__(self, method: str, url: str, incoming: Incoming, request_id: str, later: Later) -> None:
        self.method = method
        # `https://host/path?query`: the first slash after the scheme's begins the path.
        self.path, _, self.raw_query = url[url.index("/", 8) :].partition("?")
        self._incoming = incoming
        self.header = incoming.header
        self.id = request_id
        self.later = later
        self.key = ""  # what the route's `<name>` stands for
        self.caller: Caller | None = None
        self._query: dict[str, str] | None = None

    @property
    def query(self) -> dict[str, str]:
        """The query's values; of a name given twice, the last."""
        if self._query is None:
            self._query = dict(parse_qsl(self.raw_query, keep_blank_values=True)) if self.raw_query else {}
        return self._query

    def headers(self) -> dict[str, str]:
        """Give every header, names in lower case."""
        return self._incoming.headers()

    @property
    def user_id(self) -> str:
        """The user who asks.

        Raises:
            UnauthorizedError: it is the admin, or nobody.
        """
        if self.caller is None or self.caller.user_id is None:
            raise UnauthorizedError
        return self.caller.user_id

    @property
    def stream(self) -> Any:
        """The body unread, to hand on; None for an empty one."""
        return self._incoming.stream

    @property
    def length(self) -> int | None:
        """The body's length as announced, in bytes."""
        text = self.header("content-length") or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None  # noqa: PLR2004 - < 2**53

    async def bytes(self, limit: int = WEBHOOK_LIMIT) -> bytes:
        """Read a JSON body whole, unparsed.

        Raises:
            UnsupportedMediaError: the request says that the body is something else.
            TooLargeError: the body is over `limit` bytes.
        """
        media = self.header("content-type")
        if media and media.partition(";")[0].strip().lower() != JSON:
            raise UnsupportedMediaError(f"send {JSON}")
        return await self._incoming.read(limit)

    async def json(self, limit: int = JSON_LIMIT) -> Any:
        """Read a JSON body.

        Raises:
            InvalidError: it is not JSON, or holds what cannot be stored.
        """
        return document.parse(await self.bytes(limit))


class Response:
    """One answer; a body is text, or a stream of the runtime that is passed on unread."""

    __slots__ = ("body", "content_type", "headers", "status")

    def __init__(
        self,
        body: Any,
        status: int = 200,
        content_type: str = JSON,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.body = body
        self.status = status
        self.content_type = content_type
        self.headers = headers or {}


def json_response(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Answer with JSON."""
    return Response(document.dump(value), status, JSON, headers)


def decode_path(text: str) -> str:
    """Undo a path's percent-encoding.

    Raises:
        InvalidError: the bytes are not UTF-8.
    """
    if "%" not in text:
        return text
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise InvalidError("the address is not valid UTF-8", field="path") from None
