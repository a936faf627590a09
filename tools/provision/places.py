"""Where set-up reads and writes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Places:
    """One checkout's folders, and the folder that checkouts share."""

    checkout: Path
    tool_cache: Path

    @property
    def local(self) -> Path:
        """What belongs to this checkout alone; not in git."""
        return self.checkout / ".local"

    @property
    def venv(self) -> Path:
        """The virtual environment."""
        return self.checkout / ".venv"

    @property
    def python(self) -> Path:
        """The virtual environment's interpreter."""
        return self.venv / "bin" / "python"

    @property
    def tools(self) -> Path:
        """Links to the tools that were built or found."""
        return self.local / "tools" / "bin"

    def environment(self) -> dict[str, str]:
        """This process's environment, with every installer's cache inside the checkout."""
        caches = self.local / "cache"
        return {
            **{
                name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")
            },
            "PATH": os.pathsep.join([str(self.tools), os.environ.get("PATH", os.defpath)]),
            "PIP_CACHE_DIR": str(caches / "pip"),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "UV_CACHE_DIR": str(caches / "uv"),
            "npm_config_cache": str(caches / "npm"),
            "npm_config_update_notifier": "false",
        }


def here() -> Places:
    """The places of the checkout that holds this file."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Places(Path(__file__).resolve().parents[2], Path(cache) / "alphogenai" / "tools")
