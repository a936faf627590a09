"""The two API keys of a Supabase project: HS256 JWTs that name a role.

Written on the standard library: `ops` reads them and should not wait for a signing library's import.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localcloud.config import Config

# Fixed, so that the same checkout always has the same keys and a second `pulumi up` sees no change.
ISSUED_AT = 1767225600  # 2026-01-01
EXPIRES_AT = ISSUED_AT + 20 * 365 * 24 * 3600


def anon_key(config: Config) -> str:
    """The key a browser may hold: role `anon`."""
    return _key(config, "anon")


def service_role_key(config: Config) -> str:
    """The key of servers: role `service_role`, which row-level security lets see everything."""
    return _key(config, "service_role")


def _key(config: Config, role: str) -> str:
    claims = {"iss": "supabase", "ref": "local", "role": role, "iat": ISSUED_AT, "exp": EXPIRES_AT}
    signed = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}"
    digest = hmac.new(config.secrets.supabase_jwt_secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{_base64url(digest)}"


def _part(document: dict[str, object]) -> str:
    return _base64url(json.dumps(document, separators=(",", ":")).encode())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
