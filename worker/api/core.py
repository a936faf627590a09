"""The ports of one worker, wired; what is not configured is None and its feature is off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from api.errors import NotConfiguredError

if TYPE_CHECKING:
    from api.auth import Authenticator
    from api.domain.redaction import Redactor
    from api.ports import Clock, Database, Log, Media, Provider
    from api.settings import Settings

SUPABASE_NOT_CONFIGURED = "supabase_not_configured"


@dataclass(frozen=True)
class Core:
    """What every use case works with."""

    settings: Settings
    auth: Authenticator
    database: Database | None
    media: Media | None
    provider: Provider | None
    redactor: Redactor
    clock: Clock
    log: Log

    def need_database(self) -> Database:
        """Give the database.

        Raises:
            NotConfiguredError: none is configured.
        """
        if self.database is None:
            message = "SUPABASE_URL and SUPABASE_SERVICE_ROLE are not bound to this worker"
            raise NotConfiguredError(message, code=SUPABASE_NOT_CONFIGURED)
        return self.database

    def need_media(self) -> Media:
        """Give the bucket.

        Raises:
            NotConfiguredError: none is bound.
        """
        if self.media is None:
            raise NotConfiguredError(
                f"no bucket is bound to this worker for MEDIA_STORAGE={self.settings.media_storage}",
                code="storage_not_configured",
            )
        return self.media

    def need_webhook_secret(self) -> str:
        """Give the secret that webhooks and signed addresses are made with.

        Raises:
            NotConfiguredError: none is bound.
        """
        if not self.settings.webhook_secret:
            raise NotConfiguredError(
                "WEBHOOK_SECRET is not bound to this worker", code="webhook_not_configured"
            )
        return self.settings.webhook_secret
