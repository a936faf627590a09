"""What is bound to this worker, read once; a setting that is missing turns its feature off."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Paths are appended to them.
_ADDRESSES = frozenset({"api_origin", "supabase_url", "runpod_api_base", "s3_endpoint"})


@dataclass(frozen=True, repr=False)
class Settings:
    """The worker's variables and secrets; an empty text means not bound. Never printed: it holds secrets."""

    environment: str = "prod"  # what is not said is the strictest
    version: str = "unknown"
    api_origin: str = ""
    site_origins: str = ""  # comma separated
    runpod_api_base: str = ""
    runpod_api_key: str = ""
    runpod_endpoint_id: str = ""
    supabase_url: str = ""
    supabase_service_role: str = ""
    supabase_jwt_secret: str = ""
    clerk_issuer: str = ""
    clerk_jwks_url: str = ""
    jwt_audience: str = "authenticated"
    app_admin_token: str = ""
    webhook_secret: str = ""
    media_storage: str = "r2"  # or "s3"
    s3_bucket: str = ""
    s3_region: str = ""
    s3_endpoint: str = ""  # empty: Amazon's own
    s3_access_key_id: str = ""
    s3_secret_access_key: str = ""

    @classmethod
    def read(cls, binding: Callable[[str], str | None]) -> Settings:
        """Read every setting by its binding's name: the field's, in capitals."""
        bound = {field.name: binding(field.name.upper()) for field in fields(cls)}
        return cls(**{n: v.rstrip("/") if n in _ADDRESSES else v for n, v in bound.items() if v})

    @property
    def runpod(self) -> bool:
        """Whether jobs can be rendered."""
        return bool(self.runpod_api_base and self.runpod_api_key and self.runpod_endpoint_id)

    @property
    def supabase(self) -> bool:
        """Whether there is a database."""
        return bool(self.supabase_url and self.supabase_service_role)

    @property
    def s3(self) -> bool:
        """Whether files are kept at S3."""
        bound = self.s3_bucket and self.s3_region and self.s3_access_key_id and self.s3_secret_access_key
        return self.media_storage == "s3" and bool(bound)

    @property
    def clerk(self) -> bool:
        """Whether Clerk's users can sign in."""
        return bool(self.clerk_issuer and self.clerk_jwks_url)

    @property
    def origins(self) -> frozenset[str]:
        """The sites whose pages may call from a browser."""
        return frozenset(
            origin.strip().rstrip("/") for origin in self.site_origins.split(",") if origin.strip()
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never leave the worker."""
        return (
            self.app_admin_token,
            self.webhook_secret,
            self.runpod_api_key,
            self.supabase_service_role,
            self.supabase_jwt_secret,
            self.s3_secret_access_key,
        )
