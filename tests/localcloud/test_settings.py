from __future__ import annotations

import json
import socket
import stat
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from localcloud import config, ports, settings
from localcloud.config import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server


def test_the_first_start_makes_settings_only_their_owner_can_read(tmp_path: Path, said: list[str]) -> None:
    made, moved = settings.prepare(tmp_path, [], said.append)
    assert config.load(tmp_path) == made
    assert stat.S_IMODE(config.path_of(tmp_path).stat().st_mode) == 0o600
    assert stat.S_IMODE(config.copy_of(tmp_path).stat().st_mode) == 0o600
    assert moved == (made.ports != config.DEFAULT_PORTS)


def test_two_checkouts_get_different_secrets(tmp_path: Path, said: list[str]) -> None:
    one, _ = settings.prepare(tmp_path / "a", [], said.append)
    other, _ = settings.prepare(tmp_path / "b", [], said.append)
    assert set(asdict(one.secrets).values()).isdisjoint(asdict(other.secrets).values())


def test_settings_stay_the_same_from_start_to_start(tmp_path: Path, said: list[str]) -> None:
    first, _ = settings.prepare(tmp_path, [], said.append)
    said.clear()
    again, moved = settings.prepare(tmp_path, [], said.append)
    assert (again, moved, said) == (first, False, [])


def test_a_port_that_a_stranger_took_is_replaced_and_the_stranger_is_named(
    tmp_path: Path, said: list[str], listener: socket.socket
) -> None:
    first, _ = settings.prepare(tmp_path, [], said.append)
    taken = listener.getsockname()[1]
    config.save(replace(first, ports=replace(first.ports, r2=taken)))
    said.clear()
    again, moved = settings.prepare(tmp_path, [], said.append)
    assert moved
    assert again.ports.r2 != taken
    assert again.secrets == first.secrets
    assert config.load(tmp_path) == again
    assert any(f"port {taken} (r2) is held by process " in line for line in said)


def test_a_port_that_our_own_process_holds_is_kept(
    tmp_path: Path, said: list[str], listener: socket.socket
) -> None:
    first, _ = settings.prepare(tmp_path, [], said.append)
    ours = replace(first, ports=replace(first.ports, r2=listener.getsockname()[1]))
    config.save(ours)
    assert settings.prepare(tmp_path, ["r2"], said.append) == (ours, False)


@given(keep=st.integers(min_value=0, max_value=400))
@hypothesis_settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_half_written_settings_are_restored_and_nothing_is_lost(
    tmp_path_factory: pytest.TempPathFactory, keep: int
) -> None:
    state = tmp_path_factory.mktemp("state")
    said: list[str] = []
    first, _ = settings.prepare(state, [], said.append)
    path = config.path_of(state)
    path.write_text(path.read_text()[:keep])
    again, _ = settings.prepare(state, [], said.append)
    assert again.secrets == first.secrets
    assert config.load(state) == again
    assert any("restored from its copy" in line for line in said)


def test_settings_and_copy_both_broken_is_an_error_with_a_remedy(tmp_path: Path, said: list[str]) -> None:
    settings.prepare(tmp_path, [], said.append)
    config.path_of(tmp_path).write_text("{")
    config.copy_of(tmp_path).write_text("{")
    with pytest.raises(ConfigError) as caught:
        settings.prepare(tmp_path, [], said.append)
    assert "ops local reset" in caught.value.remedy
    assert config.path_of(tmp_path).read_text() == "{"


@pytest.mark.parametrize("port", [0, 65536, "8787", None, True])
def test_a_port_that_is_none_is_refused(tmp_path: Path, said: list[str], port: object) -> None:
    settings.prepare(tmp_path, [], said.append)
    document = json.loads(config.path_of(tmp_path).read_text())
    document["ports"]["api"] = port
    config.path_of(tmp_path).write_text(json.dumps(document))
    with pytest.raises(ConfigError, match="a port is not a number"):
        config.load(tmp_path)


def test_chosen_ports_are_all_different(listener: socket.socket) -> None:
    taken = listener.getsockname()[1]
    crowded = config.Ports(**dict.fromkeys(asdict(config.DEFAULT_PORTS), taken))
    chosen = ports.replaced(crowded, list(asdict(config.DEFAULT_PORTS)))
    assert len(set(asdict(chosen).values())) == len(asdict(chosen))
