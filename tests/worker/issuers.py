"""Two issuers with their keys and the tokens that they sign, for tests of who asks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from api.auth import Authenticator, Caller
from api.upstreams import Answer
from tests.worker.memory_platform import NOW, Clock, Upstreams, verify

if TYPE_CHECKING:
    from api.settings import Settings

SUPABASE = "https://db.example/auth/v1"
SUPABASE_JWKS = f"{SUPABASE}/.well-known/jwks.json"
CLERK = "https://clerk.example"
CLERK_JWKS = "https://clerk.example/.well-known/jwks.json"
USER = "6f1b2c3d-0000-4000-8000-000000000001"
RSA_KEY = rsa.generate_private_key(65537, 2048)
OTHER_RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
SECRET = "canary-jwt-secret-00000000000000000000"


def jwk(key: Any, kid: str, **more: Any) -> dict[str, Any]:
    algorithm = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    return {**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid, **more}


def claims_of(issuer: str = SUPABASE, **changed: Any) -> dict[str, Any]:
    claims = {"iss": issuer, "aud": "authenticated", "sub": USER, "exp": NOW + 60, "email": "a@example.com"}
    return {name: value for name, value in {**claims, **changed}.items() if value is not None}


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


class Issuers:
    def __init__(self, settings: Settings) -> None:
        self.clock = Clock()
        self.upstreams = Upstreams()
        self.publish(SUPABASE_JWKS, jwk(EC_KEY, "ec-1", alg="ES256"))
        self.publish(CLERK_JWKS, jwk(RSA_KEY, "rsa-1"))
        self.auth = Authenticator(settings, self.upstreams, verify, self.clock)

    def publish(self, url: str, *keys: dict[str, Any]) -> None:
        self.upstreams.answers["GET", url] = Answer(200, json.dumps({"keys": list(keys)}))

    async def caller(self, token: str) -> Caller:
        return await self.auth.caller(f"Bearer {token}")


def clerk_token(key: Any = RSA_KEY, kid: str = "rsa-1", issuer: str = CLERK, **changed: Any) -> str:
    return jwt.encode(claims_of(issuer, **{"sub": "user_1", **changed}), key, "RS256", headers={"kid": kid})


def pem(key: Any) -> bytes:
    return key.public_key().public_bytes(  # type: ignore[no-any-return]
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def hs_signed(secret: bytes, claims: dict[str, Any], **header: Any) -> str:
    """Sign as an attacker would: PyJWT itself refuses a public key as a secret."""
    signed = f"{part({'alg': 'HS256', 'typ': 'JWT', **header})}.{part(claims)}"
    signature = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def renamed(token: str, algorithm: str, kid: str) -> str:
    """Say another algorithm in a token's header; the signature stays what it was."""
    _, claims, signature = token.split(".")
    return f"{part({'alg': algorithm, 'kid': kid})}.{claims}.{signature}"
