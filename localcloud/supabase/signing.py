"""The asymmetric keys that sign user tokens: Supabase's (ES256) and Clerk's (RS256), with rotation."""

from __future__ import annotations

import json
import os
import secrets
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

if TYPE_CHECKING:
    from pathlib import Path

    PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

ALGORITHMS = {"supabase": "ES256", "clerk": "RS256"}
KEPT = 2  # the current key and the one before it, whose tokens still live


class KeyRing:
    """One issuer's keys, newest first, in a file of its own."""

    def __init__(self, folder: Path, issuer: str) -> None:
        self._path = folder / f"{issuer}-keys.json"
        self.algorithm = ALGORITHMS[issuer]
        self._pems = self._read()
        if not self._pems:
            self.rotate()

    def rotate(self) -> str:
        """Sign with a new key from now on; tokens of the key before it stay valid.

        Returns:
            The new key's id.
        """
        kid = secrets.token_hex(8)
        kept = list(self._pems.items())[: KEPT - 1]
        self._pems = {kid: _new_pem(self.algorithm), **dict(kept)}
        self._write()
        return kid

    def sign(self, claims: dict[str, Any]) -> str:
        """A JWT of these claims, signed with the current key."""
        kid, pem = next(iter(self._pems.items()))
        return jwt.encode(claims, pem, algorithm=self.algorithm, headers={"kid": kid})

    def public_key(self, kid: str | None) -> Any:
        """The key that verifies a token with this `kid`; None where it is not (or no longer) one of these."""
        pem = self._pems.get(kid or "")
        return _load(pem).public_key() if pem else None

    def jwks(self) -> dict[str, Any]:
        """The public halves, as `.well-known/jwks.json` shows them."""
        return {"keys": [self._public(kid, pem) for kid, pem in self._pems.items()]}

    def _public(self, kid: str, pem: str) -> dict[str, Any]:
        algorithm = jwt.get_algorithm_by_name(self.algorithm)
        public: dict[str, Any] = json.loads(algorithm.to_jwk(_load(pem).public_key()))
        return {**public, "kid": kid, "alg": self.algorithm, "use": "sig", "key_ops": ["verify"]}

    def _read(self) -> dict[str, str]:
        try:
            document = json.loads(self._path.read_text())
            pems = {str(key["kid"]): str(key["pem"]) for key in document}
            for pem in pems.values():
                _load(pem)
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError):
            return {}  # broken: new keys cost a new sign-in, refusing to start would cost more
        return pems

    def _write(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump([{"kid": kid, "pem": pem} for kid, pem in self._pems.items()], file)
        draft.replace(self._path)


def _new_pem(algorithm: str) -> str:
    key: PrivateKey = (
        ec.generate_private_key(ec.SECP256R1())
        if algorithm == "ES256"
        else rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _load(pem: str) -> PrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise TypeError("neither an EC nor an RSA key")
    return key
