"""Secret texts at rest: sealed with a key that lives in the local cloud's settings, never beside them."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from localcloud.cloudflare.store import StateError

if TYPE_CHECKING:
    from localcloud.cloudflare.store import Records

NONCE_BYTES = 12  # what NIST SP 800-38D recommends for GCM
PURPOSE = b"localcloud cloudflare secret texts"
PROBE = "sealed with this local cloud's key"


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


def check_key(records: Records, seal: Seal) -> None:
    """See that the secrets in the state were sealed with this key; on the first start, note it.

    Raises:
        StateError: they were sealed with another one.
    """
    probe = records.get("key", "probe")
    if probe is None:
        records.add("key", "", {"id": "probe", "sealed": seal.close(PROBE)})
        return
    try:
        seal.open(probe["sealed"])
    except InvalidTag:
        raise StateError(
            "The Cloudflare emulator's secrets were sealed with another key than config.json holds.",
            "The deployed workers cannot be given their secrets; nothing was changed.",
            "Put back the config.json of this state, or run `ops local reset`; then run `make up`.",
        ) from None
