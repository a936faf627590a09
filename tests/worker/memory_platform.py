"""The worker's ports, in memory: real implementations, small."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from api import http
from api.application import Application
from api.auth import Authenticator
from api.core import Core
from api.domain import signatures
from api.domain.redaction import Redactor
from api.errors import TooLargeError, UnsatisfiableError
from api.families import families
from api.log import JsonLog
from api.ports import Opened, Stored
from api.settings import Settings
from api.upstreams import Answer, FetchError
from tests.worker.documented import Documentation

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from api.domain.ranges import Range
    from tests.worker.memory_database import MemoryDatabase

NOW = 1_800_000_000.0
SETTINGS = Settings(
    environment="test",
    version="v1",
    api_origin="https://api.example.com",
    site_origins="https://site.example, https://other.example",
    runpod_api_base="https://runpod.example",
    runpod_api_key="canary-runpod-key-0000000000000000000",
    runpod_endpoint_id="endpoint-1",
    supabase_url="https://db.example",
    supabase_service_role="canary-service-role-000000000000000000",
    supabase_jwt_secret="canary-jwt-secret-00000000000000000000",
    clerk_issuer="https://clerk.example",
    clerk_jwks_url="https://clerk.example/.well-known/jwks.json",
    app_admin_token="canary-admin-token-000000000000000000",
    webhook_secret="canary-webhook-secret-0000000000000000",
    s3_secret_access_key="canary-s3-secret-access-key-00000000000",
)


class Clock:
    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class MemoryMedia:
    """A bucket; streams are bytes. Its addresses are the worker's own, as R2's are."""

    def __init__(self, settings: Settings = SETTINGS) -> None:
        self._settings = settings
        self.files: dict[str, tuple[Stored, bytes]] = {}

    async def head(self, key: str) -> Stored | None:
        return self.files[key][0] if key in self.files else None

    async def open(self, key: str, part: Range | None) -> Opened | None:
        if key not in self.files:
            return None
        stored, content = self.files[key]
        if part is None:
            return Opened(stored, content, None)
        inside = part.within(stored.size)
        if inside is None:
            raise UnsatisfiableError(stored.size)
        return Opened(stored, content[inside[0] : sum(inside)], inside)

    async def put(self, key: str, stream: Any, length: int, content_type: str) -> Stored:
        content = stream or b""
        assert len(content) == length
        etag = f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
        self.files[key] = (Stored(key, len(content), etag, content_type), content)
        return self.files[key][0]

    async def delete(self, key: str) -> None:
        self.files.pop(key, None)

    async def health(self) -> None:
        await self.head("health-probe")

    def download_address(self, key: str, expires: int) -> str | None:
        return self._address("GET", key, expires)

    def upload_address(self, key: str, content_type: str, expires: int) -> str | None:
        assert content_type
        return self._address("PUT", key, expires)

    def _address(self, method: str, key: str, expires: int) -> str | None:
        origin, secret = self._settings.api_origin, self._settings.webhook_secret
        return signatures.media_address(origin, secret, method, key, expires) if origin and secret else None


class Upstreams:
    """A `Fetch` that answers from a table of (method, url) and remembers what was asked."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], Answer | Callable[[str | None], Answer] | FetchError] = {}
        self.asked: list[tuple[str, str, dict[str, str], Any]] = []

    async def __call__(
        self, method: str, url: str, headers: dict[str, str], body: str | None, timeout_ms: int
    ) -> Answer:
        assert timeout_ms > 0
        self.asked.append((method, url, headers, json.loads(body) if body else None))
        answer = self.answers.get((method, url), FetchError("no connection"))
        if isinstance(answer, FetchError):
            raise answer
        return answer(body) if callable(answer) else answer

    def count(self, url: str) -> int:
        return sum(asked[1] == url for asked in self.asked)


async def verify(algorithm: str, key: dict[str, str], message: bytes, signature: bytes) -> bool:
    """The `Verifier` port on the `cryptography` package."""
    try:
        if algorithm == "RS256":
            public = RSAAlgorithm.from_jwk(key)
            assert isinstance(public, rsa.RSAPublicKey)
            public.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        else:
            curve = ECAlgorithm.from_jwk(key)
            assert isinstance(curve, ec.EllipticCurvePublicKey)
            r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
            curve.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


class Incoming:
    """What a runtime would hold of a request."""

    def __init__(self, headers: dict[str, str], body: bytes | None) -> None:
        self._headers = {name.lower(): value for name, value in headers.items()}
        self._body = body

    def header(self, name: str) -> str | None:
        return self._headers.get(name)

    def headers(self) -> dict[str, str]:
        return dict(self._headers)

    @property
    def stream(self) -> Any:
        return self._body

    async def read(self, limit: int) -> bytes:
        if len(self._body or b"") > limit:
            raise TooLargeError(limit)
        return self._body or b""


class Platform:
    """A worker on in-memory ports, asked without a network."""

    ORIGIN = "https://api.example.com"

    def __init__(
        self,
        settings: Settings,
        *,
        upstreams: Upstreams | None = None,
        provider: Any = None,
        database: MemoryDatabase | None = None,
        media: MemoryMedia | None = None,
    ) -> None:
        self.clock = Clock()
        self.lines: list[str] = []
        self.behind: list[Coroutine[Any, Any, Any]] = []
        self.holds = False  # what requests leave behind their answers, until `finish`
        self.upstreams = upstreams or Upstreams()
        self.settings = settings
        self.database = database
        self.media = media
        self.redactor = Redactor(settings.secrets)
        self.core = Core(
            settings=settings,
            auth=Authenticator(settings, self.upstreams, verify, self.clock),
            database=database,
            media=media,
            provider=provider,
            redactor=self.redactor,
            clock=self.clock,
            log=JsonLog(self.redactor, self.lines.append),
        )
        served = families(self.core)
        self.application = Application(self.core, served)
        self._documentation = Documentation(served)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        json_body: Any = ...,
        **headers: str,
    ) -> Told:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if json_body is not ...:
            body = json.dumps(json_body).encode()
            named.setdefault("content-type", "application/json")
        if body is not None:
            named.setdefault("content-length", str(len(body)))
        incoming = Incoming(named, body)
        request = http.Request(method, self.ORIGIN + path, incoming, "request-1", self.behind.append)
        answer = await self.application.answer(request)
        if not self.holds:
            await self.finish()
        self._documentation.check(request, answer.status, answer.content_type, answer.body)
        return Told(answer.status, self.application.headers(answer), answer.body)

    async def finish(self) -> None:
        """Do what requests left behind their answers."""
        while self.behind:
            await self.application.behind(self.behind.pop(0))


class Told:
    """An answer as the client gets it."""

    def __init__(self, status: int, headers: dict[str, str], body: Any) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self) -> Any:
        return json.loads(self.body)
