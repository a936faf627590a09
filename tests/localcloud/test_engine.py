"""Pulumi's state folder as killed runs leave it; the real engine runs in tests/e2e."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from localcloud import config, engine
from localcloud.config import Config, Secrets
from localcloud.errors import ProvisioningError

if TYPE_CHECKING:
    from pathlib import Path

# Stands for the program `pulumi`: what it is asked is kept, and it does what its script says.
PROGRAM = """#!{python}
import os, sys
open({log!r}, "a").write(" ".join(sys.argv[1:]) + "\\n")
{script}
"""
RELEASES = "import glob; [os.remove(p) for p in glob.glob({locks!r} + '/*') if sys.argv[1] == 'cancel']"


@pytest.fixture
def cloud(tmp_path: Path) -> Config:
    return Config(tmp_path.resolve(), config.DEFAULT_PORTS, Secrets())


@pytest.fixture
def asked(cloud: Config, monkeypatch: pytest.MonkeyPatch) -> Path:
    log = cloud.state_dir / "asked"
    script = RELEASES.format(locks=str(locks(cloud)))
    program = cloud.state_dir / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text(PROGRAM.format(python=sys.executable, log=str(log), script=script))
    program.chmod(0o755)
    monkeypatch.setattr("localcloud.environment.TOOLS", program.parent)
    return log


def locks(cloud: Config) -> Path:
    return cloud.state_dir / "pulumi/.pulumi/locks/organization/alphogenai-platform/local"


def lock(cloud: Config, pid: int, host: str = "") -> None:
    locks(cloud).mkdir(parents=True)
    (locks(cloud) / "a.json").write_text(json.dumps({"pid": pid, "hostname": host or socket.gethostname()}))


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_first_run_makes_the_stack_and_a_second_one_does_not(cloud: Config, asked: Path) -> None:
    engine.provision(cloud, lambda _: None)
    assert asked.read_text().splitlines()[0] == "stack init local --non-interactive"
    state = cloud.state_dir / "pulumi/.pulumi/stacks/alphogenai-platform/local.json"
    state.parent.mkdir(parents=True)
    state.write_text("{}")
    asked.unlink()
    engine.provision(cloud, lambda _: None)
    assert asked.read_text() == "up --stack local --yes --skip-preview --non-interactive --json\n"


@pytest.mark.parametrize("content", [None, "", "{"])
def test_the_lock_of_a_dead_run_is_released(cloud: Config, asked: Path, content: str | None) -> None:
    lock(cloud, dead_pid())
    if content is not None:
        (locks(cloud) / "a.json").write_text(content)
    said: list[str] = []
    engine.provision(cloud, said.append)
    assert asked.read_text().startswith("cancel --yes --stack local")
    assert "the holder of Pulumi's lock is dead: releasing it" in said


def test_a_lock_whose_holder_cannot_be_seen_is_left_alone(cloud: Config, asked: Path) -> None:
    lock(cloud, os.getpid(), host="another-machine")
    with pytest.raises(ProvisioningError) as caught:
        engine.provision(cloud, lambda _: None)
    assert caught.value.happened == f"The stack local is locked by process {os.getpid()} on another-machine."
    assert "pulumi cancel" in caught.value.remedy
    assert not asked.exists()


def test_a_half_written_state_is_told_with_its_copy(cloud: Config, asked: Path) -> None:
    state = cloud.state_dir / "pulumi/.pulumi/stacks/alphogenai-platform/local.json"
    state.parent.mkdir(parents=True)
    state.write_text('{"version": 3, "chec')
    with pytest.raises(ProvisioningError) as caught:
        engine.provision(cloud, lambda _: None)
    assert f"cp {state}.bak {state}" in caught.value.remedy
    assert not asked.exists()


def test_a_failure_gives_pulumis_own_words(cloud: Config, asked: Path) -> None:
    program = cloud.state_dir / "bin" / "pulumi"
    program.write_text(program.read_text() + "print('error: no such thing'); sys.exit(255)\n")
    with pytest.raises(ProvisioningError) as caught:
        engine.provision(cloud, lambda _: None)
    assert caught.value.detail == "error: no such thing"
    assert caught.value.happened == "`pulumi stack` failed with exit code 255."
    del asked
