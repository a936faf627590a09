"""Who asks: the admin by a token, a user by a JSON Web Token of an issuer that is configured."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api import tokens
from api.domain import ids, signatures
from api.errors import UnauthorizedError
from api.keyset import KeySet

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.ports import Clock, Verifier
    from api.settings import Settings
    from api.upstreams import Fetch


@dataclass(frozen=True)
class Caller:
    """Who asks; a user's id is a UUID, the admin has none and sees everything."""

    user_id: str | None
    email: str | None

    @property
    def is_admin(self) -> bool:
        """Whether everything may be seen and done."""
        return self.user_id is None


ADMIN = Caller(user_id=None, email=None)


@dataclass(frozen=True)
class Issuer:
    """Who makes tokens, with which algorithms, and where its keys come from."""

    name: str
    secret: str  # for HS256; empty: not accepted
    algorithms: frozenset[str]  # the public-key ones
    keys: KeySet
    user_id: Callable[[str], str]  # from the token's subject


class Authenticator:
    """Tells callers apart.

    An HS256 token is only ever checked with the shared secret, and a public-key one only with a published
    key made for that algorithm, so that no published key can be passed off as a secret.
    """

    def __init__(self, settings: Settings, fetch: Fetch, verify: Verifier, clock: Clock) -> None:
        self._admin_token = settings.app_admin_token
        self._audience = settings.jwt_audience
        self._verify = verify
        self._clock = clock
        self._issuers = {issuer.name: issuer for issuer in _issuers(settings, fetch, clock)}

    def is_admin(self, authorization: str | None) -> bool:
        """Tell whether an `Authorization` header holds the admin's token."""
        given = _bearer(authorization)
        return bool(given and self._admin_token) and signatures.equal(given, self._admin_token)

    def shows_token(self, authorization: str | None) -> bool:
        """Tell whether whoever sent an `Authorization` header speaks as a user, be the token good or bad."""
        return not self.is_admin(authorization) and _bearer(authorization).count(".") == 2  # noqa: PLR2004 - a JWT's dots

    async def caller(self, authorization: str | None) -> Caller:
        """Tell who sent an `Authorization` header.

        Raises:
            UnauthorizedError: nobody we know.
            UnavailableError: the issuer's keys cannot be had.
        """
        if self.is_admin(authorization):
            return ADMIN
        try:
            return await self._user(tokens.read(_bearer(authorization)))
        except tokens.InvalidTokenError:
            raise UnauthorizedError from None

    async def _user(self, token: tokens.Token) -> Caller:
        name = token.claims.get("iss")
        issuer = self._issuers.get(name) if isinstance(name, str) else None
        if issuer is None:
            raise tokens.InvalidTokenError("is from an unknown issuer")
        subject = tokens.check_claims(token.claims, issuer.name, self._audience, self._clock())
        if not await self._is_genuine(token, issuer):
            raise tokens.InvalidTokenError("has a wrong signature")
        email = token.claims.get("email")
        return Caller(issuer.user_id(subject), email if isinstance(email, str) and email else None)

    async def _is_genuine(self, token: tokens.Token, issuer: Issuer) -> bool:
        if token.algorithm == "HS256" and issuer.secret:
            expected = hmac.new(issuer.secret.encode(), token.signed, hashlib.sha256).digest()
            return hmac.compare_digest(expected, token.signature)
        if token.algorithm not in issuer.algorithms or not token.key_id:
            return False
        key = await issuer.keys.find(token.key_id, token.algorithm)
        return key is not None and await self._verify(token.algorithm, key, token.signed, token.signature)


def _bearer(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _issuers(settings: Settings, fetch: Fetch, clock: Clock) -> list[Issuer]:
    issuers = []
    if settings.supabase_url:
        name = f"{settings.supabase_url}/auth/v1"
        keys = KeySet(f"{name}/.well-known/jwks.json", fetch, clock)
        algorithms = frozenset({"ES256", "RS256"})
        issuers.append(Issuer(name, settings.supabase_jwt_secret, algorithms, keys, _supabase_id))
    if settings.clerk:
        keys = KeySet(settings.clerk_jwks_url, fetch, clock)
        issuers.append(
            Issuer(settings.clerk_issuer, "", frozenset({"RS256"}), keys, _stable_id(settings.clerk_issuer))
        )
    return issuers


def _supabase_id(subject: str) -> str:
    if not ids.is_uuid(subject):
        raise tokens.InvalidTokenError("has a subject that is no user id")
    return subject.lower()


def _stable_id(issuer: str) -> Callable[[str], str]:
    return lambda subject: ids.of_subject(issuer, subject)
