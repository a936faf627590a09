"""Installs the provider where the Pulumi engine looks for the plugin `cloudflare`."""

from __future__ import annotations

import sys
from pathlib import Path

VERSION = "6.23.1"  # of PyPI pulumi-cloudflare, whose classes ask for the plugin by it
CHECKOUT = Path(__file__).resolve().parents[2]


def install(pulumi_home: Path) -> Path:
    """Write the launcher, if it is not there yet, and give its path. It runs this checkout's code."""
    launcher = pulumi_home / "plugins" / f"resource-cloudflare-v{VERSION}" / "pulumi-resource-cloudflare"
    text = f'#!/bin/sh\nPYTHONPATH="{CHECKOUT}" exec "{sys.executable}" -m localcloud.provider "$@"\n'
    if not launcher.exists() or launcher.read_text() != text:
        launcher.parent.mkdir(parents=True, exist_ok=True)
        draft = launcher.with_suffix(".new")
        draft.write_text(text)
        draft.chmod(0o755)
        draft.replace(launcher)
    return launcher
