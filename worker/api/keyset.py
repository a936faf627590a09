"""The public keys of one issuer, fetched when first needed and when a token names an unknown one."""

from __future__ import annotations

import json
from collections import deque
from typing import TYPE_CHECKING, Any

from api.errors import UnavailableError
from api.upstreams import FetchError

if TYPE_CHECKING:
    from api.ports import Clock
    from api.upstreams import Fetch

LIFETIME = 600  # seconds after which keys are fetched anew: a withdrawn key must not live on for ever
REFETCHES = 5  # in any window: tokens with invented key ids must not make us hammer the issuer
WINDOW = 30  # seconds
TIMEOUT_MS = 5000
MIN_RSA_MODULUS_CHARACTERS = 342  # 2,048 bits in base64url
# The one algorithm that each kind of key may be used with, and the fields that make the key.
_KINDS = {"RSA": ("RS256", ("kty", "n", "e")), "EC": ("ES256", ("kty", "crv", "x", "y"))}


class KeySet:
    """A JWKS address and what it last said.

    Requests share the keys but never a pending fetch: the runtime lets no request wait for another's I/O.
    """

    def __init__(self, url: str, fetch: Fetch, clock: Clock) -> None:
        self._url = url
        self._fetch = fetch
        self._clock = clock
        self._keys: dict[tuple[str, str], dict[str, str]] | None = None
        self._fetched_at = 0.0
        self._attempts: deque[float] = deque(maxlen=REFETCHES)
        self._failures: deque[float] = deque(maxlen=REFETCHES)

    async def find(self, key_id: str, algorithm: str) -> dict[str, str] | None:
        """Give the key of this id that is made for this algorithm; None when the issuer has none.

        Raises:
            UnavailableError: the issuer gave no keys yet, so nothing can be told of any token.
        """
        stale = self._clock() - self._fetched_at >= LIFETIME
        if (self._keys is None or stale or (key_id, algorithm) not in self._keys) and self._may_fetch():
            await self._refetch()
        if self._keys is None:
            raise UnavailableError("the issuer's keys cannot be fetched", code="auth_unavailable")
        return self._keys.get((key_id, algorithm))

    def _may_fetch(self) -> bool:
        # Without any keys only failures count: of many first requests each must fetch for itself.
        recent = self._failures if self._keys is None else self._attempts
        return len(recent) < REFETCHES or self._clock() - recent[0] >= WINDOW

    async def _refetch(self) -> None:
        self._attempts.append(self._clock())
        try:
            answer = await self._fetch("GET", self._url, {"Accept": "application/json"}, None, TIMEOUT_MS)
            self._keys = _read(json.loads(answer.text) if answer.status == 200 else None)  # noqa: PLR2004 - OK
            self._fetched_at = self._clock()
        except (FetchError, ValueError, RecursionError):
            self._failures.append(self._clock())  # the keys of before still serve


def _read(document: Any) -> dict[tuple[str, str], dict[str, str]]:
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list):
        raise ValueError("not a JWKS")  # noqa: TRY004 - caught with what json raises
    usable = {}
    for key in keys:
        kind = _KINDS.get(str(key.get("kty"))) if isinstance(key, dict) else None
        if kind is None or key.get("use", "sig") != "sig" or key.get("alg", kind[0]) != kind[0]:
            continue
        fields = {name: key.get(name) for name in kind[1]}
        if not all(isinstance(value, str) for value in (*fields.values(), key.get("kid"))):
            continue
        if kind[0] == "ES256" and fields["crv"] != "P-256":
            continue
        if kind[0] == "RS256" and len(fields["n"]) < MIN_RSA_MODULUS_CHARACTERS:
            continue
        usable[key["kid"], kind[0]] = fields
    return usable
