"""Which route serves an address: one look in a dictionary for most, a few comparisons for the rest."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from api.errors import ApiError, MethodNotAllowedError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from api.document import Schema
    from api.http import Request, Response


class Access(Enum):
    """Who may call a route."""

    PUBLIC = "public"  # or proves itself otherwise: by a secret, a signature or a token in the address
    ADMIN = "admin"
    CALLER = "caller"  # the admin, or a user on what is the user's
    USER = "user"  # a user alone: the admin's token is nobody's account


class Upload(Enum):
    """What a route reads from the body, if anything."""

    NONE = "none"
    JSON = "json"
    FILE = "file"


@dataclass(frozen=True)
class Words:
    """How the family of this name words a refusal."""

    family: str
    render_error: Callable[[ApiError], dict[str, Any]]


@dataclass(frozen=True)
class Route:
    """One operation; `path` may hold one `<name>`, or one `<name...>` that spans slashes."""

    method: str
    path: str
    name: str
    handler: Callable[[Request], Awaitable[Response]]
    access: Access = Access.PUBLIC
    upload: Upload = Upload.NONE
    body: Schema | None = None
    query: Schema | None = None
    # The answer's text, where nothing but the address matters. Such a route is asked every few seconds: the
    # runtime's adapter may answer it without more ado, and it leaves no log line when all is well.
    instant: Callable[[], str] | None = None
    # Where a route answers by who asks: the words for whoever shows a user's token.
    user_words: Words | None = None


@dataclass(frozen=True)
class Family:
    """The routes of one family of clients, and its words for a refusal."""

    name: str
    routes: tuple[Route, ...]
    render_error: Callable[[ApiError], dict[str, Any]]


@dataclass(frozen=True)
class Place:
    """Everything that one address serves."""

    family: Family
    methods: dict[str, Route]

    @property
    def allow(self) -> str:
        """The methods, as in the `Allow` header."""
        implied = {"HEAD"} if "GET" in self.methods else set()
        return ", ".join(sorted({*self.methods, *implied, "OPTIONS"}))

    def route(self, method: str) -> Route:
        """Give the route of a method; HEAD is GET without its body where it has no route of its own.

        Raises:
            MethodNotAllowedError: the method is none of them.
        """
        route = self.methods.get(method) or (self.methods.get("GET") if method == "HEAD" else None)
        if route is None:
            raise MethodNotAllowedError(self.allow)
        return route


@dataclass(frozen=True)
class _Pattern:
    prefix: str
    suffix: str
    spans: bool
    place: Place

    def match(self, path: str) -> str | None:
        if not (path.startswith(self.prefix) and path.endswith(self.suffix)):
            return None
        name = path[len(self.prefix) : len(path) - len(self.suffix)]
        return name if self.spans or (name and "/" not in name) else None


class Router:
    """All families' routes."""

    def __init__(self, families: Iterable[Family]) -> None:
        places: dict[str, Place] = {}
        self._owners: dict[str, Family] = {}
        for family in families:
            for route in family.routes:
                self._owners.setdefault(_first(route.path), family)
                places.setdefault(route.path, Place(family, {})).methods[route.method] = route
        self._fixed = {path: place for path, place in places.items() if "<" not in path}
        self._patterns: dict[str, list[_Pattern]] = {}
        for path, place in places.items():
            if "<" in path:
                self._patterns.setdefault(_first(path), []).append(_pattern(path, place))

    def find(self, request: Request) -> Place:
        """Give what serves a request's address, and set its key to what stands for `<name>`, encoded.

        Raises:
            NotFoundError: nothing does.
        """
        place = self._fixed.get(request.path)
        if place is not None:
            return place
        for pattern in self._patterns.get(_first(request.path), ()):
            name = pattern.match(request.path)
            if name is not None:
                request.key = name
                return pattern.place
        raise NotFoundError("no such address")

    def owner(self, path: str) -> Family | None:
        """Give the family that has addresses beside this one, for an address that nothing serves."""
        return self._owners.get(_first(path))


def _first(path: str) -> str:
    return path.split("/", 2)[1] if "/" in path else ""


def _pattern(path: str, place: Place) -> _Pattern:
    prefix, _, rest = path.partition("<")
    name, _, suffix = rest.partition(">")
    return _Pattern(prefix, suffix, name.endswith("..."), place)
