"""The environment variables with which any client, and Pulumi, reach this local cloud."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud.config import ACCOUNT_ID, CHECKOUT, RUNPOD_ENDPOINT_ID, STATE_DIR_VARIABLE
from localcloud.supabase import anon_key, service_role_key

if TYPE_CHECKING:
    from localcloud.config import Config

# Public on purpose: docs/adr/0003.
PASSPHRASE = "local"  # noqa: S105 - the word in the repository, not a secret
TOOLS = CHECKOUT / ".local" / "tools" / "bin"


def database_url(config: Config) -> str:
    """Give the address of the local Postgres, as its superuser."""
    password = config.secrets.postgres_password
    return f"postgresql://postgres:{password}@127.0.0.1:{config.ports.postgres}/postgres?sslmode=disable"


def exports(config: Config) -> dict[str, str]:
    """List everything that a client needs, by the names its own documentation uses."""
    return {**_services(config), **_pulumi(config), "PATH": search_path(os.environ.get("PATH", ""))}


def _services(config: Config) -> dict[str, str]:
    ports, secrets = config.ports, config.secrets
    cloudflare = f"http://127.0.0.1:{ports.cloudflare}/client/v4"
    return {
        "API_URL": f"http://127.0.0.1:{ports.api}",
        "SITE_URL": f"http://127.0.0.1:{ports.site}",
        "APP_ADMIN_TOKEN": secrets.app_admin_token,
        "WEBHOOK_SECRET": secrets.webhook_secret,
        "SUPABASE_URL": f"http://127.0.0.1:{ports.supabase}",
        "SUPABASE_ANON_KEY": anon_key(config),
        "SUPABASE_SERVICE_ROLE": service_role_key(config),
        "SUPABASE_JWT_SECRET": secrets.supabase_jwt_secret,
        "DATABASE_URL": database_url(config),
        "CLERK_ISSUER": f"http://127.0.0.1:{ports.supabase}/clerk",
        "CLERK_JWKS_URL": f"http://127.0.0.1:{ports.supabase}/clerk/.well-known/jwks.json",
        "CLOUDFLARE_BASE_URL": cloudflare,
        "CLOUDFLARE_API_BASE_URL": cloudflare,
        "CLOUDFLARE_API_TOKEN": secrets.cloudflare_api_token,
        "CLOUDFLARE_ACCOUNT_ID": ACCOUNT_ID,
        "RUNPOD_API_BASE": f"http://127.0.0.1:{ports.runpod}",
        "RUNPOD_API_KEY": secrets.runpod_api_key,
        "RUNPOD_ENDPOINT_ID": RUNPOD_ENDPOINT_ID,
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{ports.aws}",
        # moto takes any credentials; the SDKs refuse to call without some.
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": "us-east-1",
    }


def _pulumi(config: Config) -> dict[str, str]:
    # Only where it is not the checkout's own: a shell that visits two checkouts must not mix them up.
    elsewhere = config.state_dir != (CHECKOUT / ".local").resolve()
    return {
        **({STATE_DIR_VARIABLE: str(config.state_dir)} if elsewhere else {}),
        "PULUMI_HOME": str(config.state_dir / "pulumi-home"),
        "PULUMI_BACKEND_URL": f"file://{config.state_dir / 'pulumi'}",
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


def search_path(current: str) -> str:
    """Put this checkout's Python and Pulumi first: the language host takes `python` from PATH."""
    ours = [str(Path(sys.executable).parent), str(TOOLS)]
    others = [folder for folder in current.split(os.pathsep) if folder and folder not in ours]
    return os.pathsep.join([*ours, *others])
