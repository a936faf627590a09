"""Secret texts at rest: sealed with a key that lives in the local cloud's settings, never beside them."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12  # what NIST SP 800-38D recommends for GCM
PURPOSE = b"localcloud cloudflare secret texts"


class Seal:
    """AES-256-GCM under a key derived from the local cloud's own secret."""

    def __init__(self, secret: str) -> None:
        key = HKDF(SHA256(), length=32, salt=None, info=PURPOSE).derive(secret.encode())
        self._cipher = AESGCM(key)

    def close(self, text: str) -> str:
        """Seal a text for the state file."""
        nonce = os.urandom(NONCE_BYTES)
        return b64encode(nonce + self._cipher.encrypt(nonce, text.encode(), None)).decode()

    def open(self, sealed: str) -> str:
        """Give the text back; `cryptography.exceptions.InvalidTag` where the key is another one."""
        raw = b64decode(sealed)
        return self._cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], None).decode()
