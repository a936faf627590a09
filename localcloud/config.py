"""The local cloud's settings: ports, hosts and secrets of one checkout, in one file."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, astuple, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from localcloud.errors import SettingsError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_T = TypeVar("_T", bound="DataclassInstance")

CHECKOUT = Path(__file__).resolve().parent.parent
STATE_DIR_VARIABLE = "ALPHOGEN_STATE_DIR"
HIGHEST_PORT = 65535

# The account and zone that exist from the start, as a real account does. Pulumi.local.yaml names the same.
ACCOUNT_ID = "10ca1000000000000000000000000001"
ZONES = {"alphogen.localhost": "10ca1000000000000000000000000002"}
API_HOST = "api.alphogen.localhost"
SITE_HOST = "alphogenai-app-local.pages.dev"
RUNPOD_ENDPOINT_ID = "local-renderer"


class ConfigError(SettingsError):
    """The settings file is missing or cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Ports:
    """Loopback TCP ports, one a listener."""

    edge: int  # any host, told apart by the Host header
    api: int  # the edge, as if the Host header said API_HOST
    site: int  # the edge, as if the Host header said SITE_HOST
    edge_control: int
    cloudflare: int
    r2: int
    supabase: int
    postgres: int
    runpod: int
    aws: int


DEFAULT_PORTS = Ports(
    edge=8786,
    api=8787,
    site=8788,
    edge_control=8789,
    cloudflare=8790,
    r2=8791,
    supabase=54321,
    postgres=54322,
    runpod=8792,
    aws=8793,
)


def _token() -> str:
    return secrets.token_hex(24)


@dataclass(frozen=True, repr=False)
class Secrets:
    """Random per checkout; never printed but by `ops local env`."""

    app_admin_token: str = field(default_factory=_token)
    webhook_secret: str = field(default_factory=_token)
    cloudflare_api_token: str = field(default_factory=_token)
    runpod_api_key: str = field(default_factory=_token)
    postgres_password: str = field(default_factory=_token)
    supabase_jwt_secret: str = field(default_factory=_token)
    control: str = field(default_factory=_token)  # between the local cloud's own processes


@dataclass(frozen=True)
class Config:
    """Everything the local cloud's processes need to find each other."""

    state_dir: Path
    ports: Ports
    secrets: Secrets

    @property
    def hosts(self) -> dict[str, int]:
        """Host names that have a loopback port of their own."""
        return {API_HOST: self.ports.api, SITE_HOST: self.ports.site}

    def data(self, process: str) -> Path:
        """The folder in which one process keeps what must survive a restart."""
        return self.state_dir / "data" / process


def state_dir() -> Path:
    """The folder of this checkout's local cloud; `ALPHOGEN_STATE_DIR` names another one."""
    return Path(os.environ.get(STATE_DIR_VARIABLE) or CHECKOUT / ".local").resolve()


def path_of(state: Path) -> Path:
    """The settings file inside a state folder."""
    return state / "config.json"


def copy_of(state: Path) -> Path:
    """The second copy of the settings, from which a broken first one is restored."""
    return state / "config.json.copy"


def save(config: Config) -> None:
    """Write the settings whole or not at all, twice, readable by the owner alone."""
    config.state_dir.mkdir(parents=True, exist_ok=True)
    # `hosts` is for the edge, which is not Python; load() derives it anew.
    document = {"ports": asdict(config.ports), "secrets": asdict(config.secrets), "hosts": config.hosts}
    for path in (copy_of(config.state_dir), path_of(config.state_dir)):
        draft = path.with_suffix(".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(document, file, indent=2)
        draft.replace(path)


def load(state: Path | None = None) -> Config:
    """Read the settings of a state folder (default: this checkout's).

    Raises:
        ConfigError: the file is missing, not JSON, or lacks a field.
    """
    state = state or state_dir()
    path = path_of(state)
    try:
        return read(path, state)
    except FileNotFoundError:
        raise ConfigError(
            f"{path} is missing.", "The local cloud was never started here.", "Run `make up`."
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{path} cannot be read ({error!r}).",
            "Without it the ports and secrets of the local cloud are unknown. Its data is still there.",
            f"Run `make up`: it restores the file from {copy_of(state).name}.",
        ) from error


def read(path: Path, state: Path) -> Config:
    """Parse one settings file.

    Raises:
        OSError: it cannot be opened.
        ValueError, KeyError, TypeError: it is not what `save` writes.
    """
    document = json.loads(path.read_text())
    ports = _parse(Ports, document["ports"])
    if not all(type(port) is int and 0 < port <= HIGHEST_PORT for port in astuple(ports)):
        raise ValueError("a port is not a number from 1 to 65535")
    return Config(state, ports, _parse(Secrets, document["secrets"]))


def _parse(kind: type[_T], document: dict[str, Any]) -> _T:
    return kind(**{f.name: document[f.name] for f in fields(kind)})
