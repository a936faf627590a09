"""AWS Signature Version 4 for S3: requests that are signed, and addresses that carry their own signature.

Bodies are never part of a signature: they are streams that nobody here reads; TLS guards them on the way.
Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LONGEST_SECONDS: Final = 604_800  # S3 refuses an address that was signed for more than a week
_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_UNSIGNED: Final = "UNSIGNED-PAYLOAD"
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}


@dataclass(frozen=True)
class Target:
    """What is asked: `origin` is scheme, host and port; `path` and `query` are not percent-encoded."""

    method: str
    origin: str
    path: str
    query: tuple[tuple[str, str], ...] = ()

    @property
    def address(self) -> str:
        """The address to send the request to, encoded as it is signed."""
        query = _encoded(self.query)
        return f"{self.origin}{quote(self.path)}{'?' if query else ''}{query}"

    @property
    def host(self) -> str:
        """The `Host` header that HTTP clients make of the origin: without the scheme's own port."""
        parts = urlsplit(self.origin)
        return parts.netloc.lower().removesuffix(_DEFAULT_PORTS.get(parts.scheme, ""))

    def canonical(self, query: str, headers: Mapping[str, str]) -> str:
        """Write the request as it is hashed; `headers` in their canonical form."""
        lines = [f"{name}:{value}" for name, value in headers.items()]
        return "\n".join([self.method, quote(self.path), query, *lines, "", _names(headers), _UNSIGNED])


@dataclass(frozen=True)
class Signer:
    """An access key, which signs for one region; `session_token` belongs to a temporary one."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    region: str
    session_token: str = field(default="", repr=False)

    def headers(self, target: Target, headers: Mapping[str, str], now: float) -> dict[str, str]:
        """Give the headers to send, the given ones and what proves them; S3 takes them for 15 minutes."""
        at = _timestamp(now)
        sent = {**headers, "x-amz-content-sha256": _UNSIGNED, "x-amz-date": at}
        if self.session_token:
            sent["x-amz-security-token"] = self.session_token
        signed = _canonical({**sent, "host": target.host})
        signature = self._sign(at, target.canonical(_encoded(target.query), signed))
        credential = f"{self.access_key_id}/{self._scope(at)}"
        proof = f"Credential={credential}, SignedHeaders={_names(signed)}, Signature={signature}"
        return {**sent, "Authorization": f"{_ALGORITHM} {proof}"}

    def address(self, target: Target, headers: Mapping[str, str], now: float, seconds: int) -> str:
        """Give an address that allows its holder the request, with these very headers, for some seconds."""
        at, signed = _timestamp(now), _canonical({**headers, "host": target.host})
        proof = {
            "X-Amz-Algorithm": _ALGORITHM,
            "X-Amz-Credential": f"{self.access_key_id}/{self._scope(at)}",
            "X-Amz-Date": at,
            "X-Amz-Expires": str(seconds),
            "X-Amz-SignedHeaders": _names(signed),
            **({"X-Amz-Security-Token": self.session_token} if self.session_token else {}),
        }
        query = _encoded((*target.query, *proof.items()))
        signature = self._sign(at, target.canonical(query, signed))
        return f"{target.origin}{quote(target.path)}?{query}&X-Amz-Signature={signature}"

    def _scope(self, at: str) -> str:
        return f"{at[:8]}/{self.region}/s3/aws4_request"

    def _sign(self, at: str, canonical: str) -> str:
        key = f"AWS4{self.secret_access_key}".encode()
        for part in self._scope(at).split("/"):
            key = _hmac(key, part).digest()
        hashed = hashlib.sha256(canonical.encode()).hexdigest()
        return _hmac(key, f"{_ALGORITHM}\n{at}\n{self._scope(at)}\n{hashed}").hexdigest()


def _timestamp(now: float) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))


def _hmac(key: bytes, text: str) -> hmac.HMAC:
    return hmac.new(key, text.encode(), hashlib.sha256)


def _encoded(query: Iterable[tuple[str, str]]) -> str:
    pairs = sorted((quote(name, safe=""), quote(value, safe="")) for name, value in query)
    return "&".join(f"{name}={value}" for name, value in pairs)


def _canonical(headers: Mapping[str, str]) -> dict[str, str]:
    """Sort headers by their names in lower case, runs of white space in the values made one space."""
    return dict(sorted((name.lower(), " ".join(value.split())) for name, value in headers.items()))


def _names(headers: Mapping[str, str]) -> str:
    return ";".join(headers)
