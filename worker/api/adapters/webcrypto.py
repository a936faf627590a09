"""Public-key signatures, checked by the runtime's WebCrypto."""

from __future__ import annotations

import json
from typing import Any

from js import JSON, crypto
from pyodide.ffi import JsException, to_js

_IMPORT = {
    "RS256": {"name": "RSASSA-PKCS1-v1_5", "hash": "SHA-256"},
    "ES256": {"name": "ECDSA", "namedCurve": "P-256"},
}
_VERIFY = {
    "RS256": {"name": "RSASSA-PKCS1-v1_5"},
    "ES256": {"name": "ECDSA", "hash": "SHA-256"},
}
_CACHED_KEYS = 32  # imported keys kept; issuers publish two or three at a time


class WebCrypto:
    """Keeps the keys it imported: they are plain objects that any request may use."""

    def __init__(self) -> None:
        self._imported: dict[str, Any] = {}

    async def __call__(self, algorithm: str, key: dict[str, str], message: bytes, signature: bytes) -> bool:
        """Check an RS256 or ES256 signature against a JWK."""
        try:
            imported = await self._import(algorithm, key)
            options = JSON.parse(json.dumps(_VERIFY[algorithm]))
            return bool(await crypto.subtle.verify(options, imported, to_js(signature), to_js(message)))
        except JsException:
            return False

    async def _import(self, algorithm: str, key: dict[str, str]) -> Any:
        text = json.dumps([key, _IMPORT[algorithm]])
        if text not in self._imported:
            jwk, options = JSON.parse(text)
            imported = await crypto.subtle.importKey("jwk", jwk, options, False, to_js(["verify"]))  # noqa: FBT003 - extractable, by position as WebCrypto wants it
            if len(self._imported) >= _CACHED_KEYS:
                self._imported.clear()
            self._imported[text] = imported
        return self._imported[text]
