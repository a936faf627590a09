"""The settings of a stack: `Pulumi.<stack>.yaml`, parsed once into one frozen object.

Pure: the values come in as text, as Pulumi keeps them. A value `env:NAME` stands for the environment
variable NAME, for what differs between checkouts of one stack.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

STACKS = ("local", "staging", "prod")
# Optional, every one: what is missing turns its feature off and says so in /health.
WORKER_SECRETS = (
    "APP_ADMIN_TOKEN",
    "RUNPOD_API_KEY",
    "RUNPOD_ENDPOINT_ID",
    "S3_ACCESS_KEY_ID",
    "S3_SECRET_ACCESS_KEY",
    "SUPABASE_JWT_SECRET",
    "SUPABASE_SERVICE_ROLE",
    "SUPABASE_URL",
    "WEBHOOK_SECRET",
)
S3_SECRETS = ("S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY")
SHORTEST = {"APP_ADMIN_TOKEN": 32, "WEBHOOK_SECRET": 32, "SUPABASE_JWT_SECRET": 32}  # characters
# https://developers.cloudflare.com/r2/reference/data-location/
LOCATIONS = ("apac", "eeur", "enam", "oc", "weur", "wnam")
STORAGES = ("r2", "s3")
_REGION = re.compile(r"[a-z0-9-]{2,32}")  # not Amazon's alone: storage that speaks S3 has its own
_HEX_ID = re.compile(r"[0-9a-f]{32}")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_HOST = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])?")
_ORIGIN = re.compile(r"https://[a-z0-9.-]+(:\d+)?")
_LOOPBACK_ORIGIN = re.compile(r"http://127\.0\.0\.1:\d+")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class SettingsError(Exception):
    """Settings that must not be deployed; the message lists every problem with its consequence and remedy."""


@dataclass(frozen=True)
class S3:
    """Where files are kept instead of in R2; without an endpoint it is Amazon's own."""

    bucket: str
    region: str
    endpoint: str

    @property
    def variables(self) -> dict[str, str]:
        """The worker's variables for it."""
        return {
            "MEDIA_STORAGE": "s3",
            "S3_BUCKET": self.bucket,
            "S3_ENDPOINT": self.endpoint,
            "S3_REGION": self.region,
        }


@dataclass(frozen=True)
class Settings:
    """What differs between stacks. Origins are scheme, host and port without a slash at the end."""

    stack: str
    account_id: str
    zone_id: str
    zone_name: str
    worker: str
    api_host: str
    api_origin: str
    site_origins: tuple[str, ...]
    compatibility_date: str
    media_bucket: str
    media_location: str
    runpod_api_base: str
    clerk_issuer: str
    clerk_jwks_url: str
    secrets: Mapping[str, str] = field(repr=False)
    s3: S3 | None = None

    @property
    def route(self) -> str:
        """The pattern of requests that the API answers."""
        return f"{self.api_host}/*"

    @property
    def variables(self) -> dict[str, str]:
        """The worker's variables; none of them is a secret."""
        return {
            "API_ORIGIN": self.api_origin,
            "CLERK_ISSUER": self.clerk_issuer,
            "CLERK_JWKS_URL": self.clerk_jwks_url,
            "ENVIRONMENT": self.stack,
            "RUNPOD_API_BASE": self.runpod_api_base,
            "SITE_ORIGINS": ",".join(self.site_origins),
            **(self.s3.variables if self.s3 else {}),
        }


def parse(stack: str, values: Mapping[str, str], environment: Mapping[str, str]) -> Settings:
    """Read a stack's settings.

    Args:
        stack: the stack's name.
        values: the stack's configuration without its namespace, secrets decrypted; lists and objects as JSON.
        environment: the process's environment, read only where a value says so.

    Raises:
        SettingsError: anything is missing, unknown or wrong; all problems at once.
    """
    return _Reader(stack, values, environment).settings()


class _Reader:
    """Takes values one by one and collects what is wrong with them."""

    def __init__(self, stack: str, values: Mapping[str, str], environment: Mapping[str, str]) -> None:
        self.stack, self.values, self.environment = stack, values, environment
        self.problems: list[str] = []
        self.known = {"secrets"}

    def settings(self) -> Settings:
        if self.stack not in STACKS:
            raise SettingsError(
                f'There is no stack "{self.stack}": this program knows {", ".join(STACKS)}, and no other has '
                "settings. Select one with `pulumi stack select local`."
            )
        settings = self._read()
        self._refuse_unknown()
        if self.problems:
            listed = "\n".join(f"  - {problem}" for problem in self.problems)
            raise SettingsError(
                f"Pulumi.{self.stack}.yaml cannot be deployed; nothing was changed.\n{listed}"
            )
        return settings

    def _read(self) -> Settings:
        zone = self._text("zoneName", _HOST, "a domain such as alphogen.com")
        origin = _LOOPBACK_ORIGIN if self.stack == "local" else _ORIGIN
        shape = "http://127.0.0.1:PORT" if self.stack == "local" else "https://HOST"
        secrets = self._secrets()
        return Settings(
            stack=self.stack,
            account_id=self._text(
                "accountId", _HEX_ID, "32 hexadecimal digits, as on the account's overview page"
            ),
            zone_id=self._text("zoneId", _HEX_ID, "32 hexadecimal digits, as on the zone's overview page"),
            zone_name=zone,
            worker=self._text("workerName", _NAME, "3 to 63 small letters, digits and dashes"),
            api_host=self._host_in_zone("apiHost", zone),
            api_origin=self._text("apiOrigin", origin, shape),
            site_origins=self._origins("siteOrigins", origin, shape),
            compatibility_date=self._text("compatibilityDate", _DATE, "a date such as 2024-11-01"),
            media_bucket=self._text("mediaBucket", _NAME, "3 to 63 small letters, digits and dashes"),
            media_location=self._text(
                "mediaLocation", re.compile("|".join(LOCATIONS)), " or ".join(LOCATIONS)
            ),
            runpod_api_base=self._text("runpodApiBase", origin, shape),
            clerk_issuer=self._text(
                "clerkIssuer", re.compile(r"https?://\S+|"), "an address, or empty without Clerk"
            ),
            clerk_jwks_url=self._text(
                "clerkJwksUrl", re.compile(r"https?://\S+|"), "an address, or empty without Clerk"
            ),
            secrets=secrets,
            s3=self._s3(origin, shape, secrets),
        )

    def _raw(self, key: str) -> str | None:
        """A value as text, after `env:`; None has already been reported."""
        self.known.add(key)
        value = self.values.get(key)
        if value is None:
            self._problem(
                key,
                "is missing",
                "without it the stack has no complete settings",
                f"set it: {self._set(key)}",
            )
            return None
        if value.startswith("env:"):
            name = value.removeprefix("env:")
            if name not in self.environment:
                self._problem(
                    key,
                    f"is read from {name}, which is not set",
                    "the address of this checkout's local cloud is unknown",
                    'run `eval "$(ops local env)"` first',
                )
                return None
            return self.environment[name]
        return value

    def _text(self, key: str, shape: re.Pattern[str], expected: str) -> str:
        value = self._raw(key)
        if value is not None and not shape.fullmatch(value):
            self._problem(key, f'is "{value}"', f"expected {expected}", f"mend it: {self._set(key)}")
        return value or ""

    def _origins(self, key: str, shape: re.Pattern[str], expected: str) -> tuple[str, ...]:
        value = self._raw(key)
        if value is None:
            return ()
        try:
            listed = json.loads(value) if value.startswith("[") else [value]
        except ValueError:
            listed = [value]
        for origin in listed:
            if not isinstance(origin, str) or not shape.fullmatch(origin):
                self._problem(
                    key, f'has "{origin}"', f"browsers would be refused; expected {expected}", "mend the list"
                )
        return tuple(map(str, listed))

    def _host_in_zone(self, key: str, zone: str) -> str:
        host = self._text(key, _HOST, "a host name such as api.alphogen.com")
        if host and zone and host != zone and not host.endswith(f".{zone}"):
            self._problem(
                key, f'is "{host}", outside the zone "{zone}"', "Cloudflare would never send it requests",
                f"choose a host in the zone: {self._set(key)}",
            )  # fmt: skip
        return host

    def _secrets(self) -> dict[str, str]:
        source = self.values.get("secrets")
        if source not in ("environment", "config"):
            self._problem(
                "secrets",
                f'is "{source}"',
                "expected environment (local) or config (encrypted in this file)",
                "mend it",
            )
        if source == "config":
            self.known.update(WORKER_SECRETS)
        found = self.environment if source == "environment" else self.values
        secrets = {name: found[name] for name in WORKER_SECRETS if found.get(name)}
        for name, least in SHORTEST.items():
            if name in secrets and len(secrets[name]) < least:
                self._problem(
                    name, f"has {len(secrets[name])} characters", f"under {least} it can be guessed",
                    f"make one with `openssl rand -hex 32` and set it: {self._set(name, secret=True)}",
                )  # fmt: skip
        return secrets

    def _s3(self, origin: re.Pattern[str], shape: str, secrets: Mapping[str, str]) -> S3 | None:
        """Read what is optional as a whole; left for later beside R2, it is checked all the same."""
        wanted = self._optional("mediaStorage", re.compile("|".join(STORAGES)), " or ".join(STORAGES)) == "s3"
        s3 = S3(
            bucket=self._optional("s3Bucket", _NAME, "3 to 63 small letters, digits and dashes"),
            region=self._optional("s3Region", _REGION, "a region such as eu-west-3"),
            endpoint=self._optional("s3Endpoint", origin, f"{shape}, or nothing for Amazon's own"),
        )
        if not wanted:
            return None
        given = {"s3Bucket": s3.bucket, "s3Region": s3.region} | {
            name: secrets.get(name) for name in S3_SECRETS
        }
        for name in [name for name, value in given.items() if not value]:
            self._problem(
                name, "is missing, and mediaStorage is s3", "no file could be stored",
                f"set it: {self._set(name, secret=name in S3_SECRETS)}",
            )  # fmt: skip
        return s3

    def _optional(self, key: str, shape: re.Pattern[str], expected: str) -> str:
        self.known.add(key)
        return self._text(key, shape, expected) if self.values.get(key) else ""

    def _refuse_unknown(self) -> None:
        for key in sorted(set(self.values) - self.known):
            self._problem(
                key, "is not a setting", "it would be ignored in silence", "remove it, or mend its spelling"
            )

    def _set(self, key: str, *, secret: bool = False) -> str:
        return f"`pulumi config set {'--secret ' if secret else ''}{key} … --stack {self.stack}`"

    def _problem(self, key: str, what: str, consequence: str, remedy: str) -> None:
        self.problems.append(f"{key} {what}: {consequence}; {remedy}.")
