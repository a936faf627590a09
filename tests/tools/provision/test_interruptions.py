from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.tools.checkout import ENOUGH_SECONDS, Machine

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.tools.checkout import Checkout

STAGES = (
    "-m venv",
    "bootstrap.txt",
    "uv pip sync",
    "-e .",
    "npm ci",
    "import semver",
)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    said = process.communicate(timeout=ENOUGH_SECONDS)[1]
    return process.returncode, said


def is_running(process: int) -> bool:
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def heard(process: subprocess.Popen[str], part: str) -> str:
    """The next line that holds a part, once it is said."""
    assert process.stderr
    for line in process.stderr:
        if part in line:
            return line
    pytest.fail(f"never said: {part}")


def assert_well(*processes: subprocess.Popen[str]) -> None:
    for process in processes:
        code, said = ended(process)
        assert code == 0, said


def assert_complete(machine: Machine, checkout: Checkout) -> None:
    """All is there, nothing half-made is left, and a further run has nothing to do."""
    assert checkout.is_whole()
    assert len([path for path in machine.tool_cache.iterdir() if path.is_dir()]) == 1
    before = machine.calls()
    code, said = checkout.set_up()
    assert code == 0
    assert said.startswith("✓ set-up is complete")
    assert machine.calls() == before


@pytest.mark.parametrize("stage", STAGES)
def test_after_ctrl_c_nothing_works_on_and_a_rerun_completes(
    machine: Machine, checkout: Checkout, stage: str
) -> None:
    process = checkout.begin(WAIT_AT=stage)
    installer = machine.waiting()
    process.send_signal(signal.SIGINT)
    code, said = ended(process)
    assert code == 130, said
    assert said.endswith(
        "\nSet-up was interrupted. What is done is kept: run the same command to go on.\n"
    ), said
    assert "Traceback" not in said
    assert not is_running(installer)
    assert not machine.calls("go build"), "an installer that was interrupted is not out of reach"
    code, said = checkout.set_up()
    assert code == 0, said
    assert_complete(machine, checkout)


@pytest.mark.parametrize("stage", STAGES)
def test_after_a_kill_a_rerun_lets_the_installer_end_and_completes(
    machine: Machine, checkout: Checkout, stage: str
) -> None:
    process = checkout.begin(WAIT_AT=stage)
    installer = machine.waiting()
    process.kill()
    process.wait()
    again = checkout.begin()
    assert heard(again, "waiting").startswith(
        f"waiting for an installer that process {process.pid} left running (`lsof` on the file names it)"
    )
    assert is_running(installer)
    machine.go_on()
    code, said = ended(again)
    assert code == 0, said
    assert not is_running(installer)
    assert_complete(machine, checkout)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_closed_terminal_and_a_polite_end_are_interruptions_too(
    machine: Machine, checkout: Checkout, number: signal.Signals
) -> None:
    process = checkout.begin(WAIT_AT="npm ci")
    installer = machine.waiting()
    process.send_signal(number)
    code, said = ended(process)
    assert code == 130, said
    assert not is_running(installer)


def test_a_build_from_source_that_was_killed_goes_on(machine: Machine, checkout: Checkout) -> None:
    process = checkout.begin(OFFLINE="yes", WAIT_AT="go build")
    machine.waiting()
    process.kill()
    process.wait()
    machine.go_on()
    code, said = checkout.set_up(OFFLINE="yes")
    assert code == 0, said
    assert_complete(machine, checkout)


def test_a_second_set_up_says_who_is_at_it_and_installs_nothing_twice(
    machine: Machine, checkout: Checkout
) -> None:
    first = checkout.begin(WAIT_AT="npm ci")
    machine.waiting()
    second = checkout.begin()
    lock = checkout.folder / ".local" / "setup.lock"
    assert heard(second, "waiting") == f"waiting for process {first.pid}, which holds {lock}\n"
    machine.go_on()
    assert_well(first, second)
    for installs in ("-m venv", "uv pip sync", "npm ci", "import semver"):
        assert len(machine.calls(installs)) == 1
    assert_complete(machine, checkout)


def test_two_checkouts_set_up_at_once_build_the_engine_once(machine: Machine) -> None:
    one, two = machine.checkout("one"), machine.checkout("two")
    first = one.begin(WAIT_AT="import semver")
    machine.waiting()
    second = two.begin()
    heard(second, "Node packages")
    machine.go_on()
    assert_well(first, second)
    assert len(machine.calls("import semver")) == 1
    assert (one.tools / "pulumi").resolve() == (two.tools / "pulumi").resolve()
    assert_complete(machine, one)
    assert_complete(machine, two)


def test_a_checkout_that_waits_for_another_can_be_interrupted(machine: Machine) -> None:
    one, two = machine.checkout("one"), machine.checkout("two")
    first = one.begin(WAIT_AT="import semver")
    machine.waiting()
    second = two.begin()
    heard(second, "Node packages")
    second.send_signal(signal.SIGINT)
    code, said = ended(second)
    assert code == 130, said
    assert first.poll() is None
    machine.go_on()
    assert ended(first)[0] == 0


def test_a_checkout_that_waits_for_another_is_not_stuck_when_that_is_killed(machine: Machine) -> None:
    one, two = machine.checkout("one"), machine.checkout("two")
    first = one.begin(WAIT_AT="import semver")
    machine.waiting()
    second = two.begin()
    heard(second, "Node packages")
    first.kill()
    first.wait()
    machine.go_on()
    code, said = ended(second)
    assert code == 0, said
    assert_complete(machine, two)


def test_when_one_step_fails_the_other_is_ended(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    checkout = machine.checkout()
    code, said = checkout.set_up(FAIL_AT="npm ci", WAIT_AT="import semver")
    assert code == 1
    assert "Set-up stopped. `npm ci" in said
    assert not machine.calls("go build")
