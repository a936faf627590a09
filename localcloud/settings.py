"""Brings the settings of a local cloud into a state from which it can start."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from localcloud import config as files
from localcloud import ports
from localcloud.config import Config, ConfigError, Secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path


def prepare(state: Path, ours: Collection[str], say: Callable[[str], None]) -> tuple[Config, bool]:
    """Read, restore or create the settings, and move off the ports that other programs took.

    Args:
        state: the folder of the local cloud.
        ours: names of the ports on which this local cloud's own processes listen.
        say: is told about each thing that a person should know.

    Returns:
        The settings, and whether any port differs from what the running processes know.
    """
    config = _read(state, say)
    if config is None:
        config = Config(state, files.DEFAULT_PORTS, Secrets())
        say("new random secrets for this checkout")
    taken = [
        name for name, port in asdict(config.ports).items() if name not in ours and not ports.is_free(port)
    ]
    moved = replace(config, ports=ports.replaced(config.ports, taken))
    for name in taken:
        before, after = getattr(config.ports, name), getattr(moved.ports, name)
        say(f"port {before} ({name}) is held by {ports.holder(before)}: using {after}")
    if taken or not files.path_of(state).exists():
        files.save(moved)
    return moved, bool(taken)


def _read(state: Path, say: Callable[[str], None]) -> Config | None:
    path = files.path_of(state)
    if not path.exists() and not files.copy_of(state).exists():
        return None
    try:
        return files.load(state)
    except ConfigError as error:
        restored = _restored(state, error)
        broken = path.with_suffix(".json.broken")
        if path.exists():
            path.replace(broken)
        files.save(restored)
        say(f"{path.name} was broken: restored from its copy, the broken one is {broken}")
        return restored


def _restored(state: Path, error: ConfigError) -> Config:
    try:
        return files.read(files.copy_of(state), state)
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigError(
            error.happened,
            "Its copy cannot be read either, so the secrets of the local cloud's data are lost.",
            f"Put back {files.path_of(state)} from a backup, or run `ops local reset` to start afresh.",
        ) from error
