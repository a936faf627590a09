from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import check
from tests.tools.checkout import TOOLS

FAKE = """#!/bin/sh
echo "${0##*/} $*" >>"$CALLS"
case " $FAILING " in *" ${0##*/} "*) echo "a complaint of ${0##*/}"; exit 4 ;; esac
echo "nothing to complain of"
"""
NAMES: dict[str, list[str]] = {}
for one in check.checks():
    NAMES.setdefault(Path(one.command[0]).name, []).append(one.name)


@dataclass(frozen=True)
class Checkout:
    """A checkout whose checkers fail when they are told to."""

    folder: Path

    def check(self, *arguments: str, failing: str = "") -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": "/usr/bin:/bin",
            "CALLS": str(self.folder / ".git" / "calls"),
            "FAILING": failing,
        }
        return subprocess.run(
            [sys.executable, self.folder / "tools" / "check.py", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def calls(self) -> list[str]:
        return (self.folder / ".git" / "calls").read_text().splitlines()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "check.py").write_text((TOOLS / "check.py").read_text())
    for folder, names in (
        (".venv/bin", (*(NAMES.keys() - {"tsc"}), "pytest")),
        ("node_modules/.bin", ("tsc",)),
    ):
        (tmp_path / folder).mkdir(parents=True)
        for name in names:
            (tmp_path / folder / name).write_text(FAKE)
            (tmp_path / folder / name).chmod(0o755)
    for name in ("one.sh", "two.yaml", "ignored.sh", "gone.sh"):
        (tmp_path / name).touch()
    (tmp_path / ".gitignore").write_text("ignored.sh\nnode_modules/\n.venv/\n")
    subprocess.run(["git", "add", "gone.sh"], cwd=tmp_path, check=True)
    (tmp_path / "gone.sh").unlink()
    return Checkout(tmp_path)


def marks(printed: str) -> dict[str, str]:
    return {name: mark for mark, name in re.findall(r"^([✓✗]) (.*) \(\d+\.\d s\)$", printed, re.MULTILINE)}


def test_when_all_pass_each_is_named_and_the_tests_come_last(checkout: Checkout) -> None:
    done = checkout.check()
    assert done.returncode == 0
    assert done.stderr == ""
    assert marks(done.stdout) == {one.name: "✓" for one in check.checks()}
    assert checkout.calls()[-1].startswith("pytest -n 2 ")
    assert done.stdout.count("nothing to complain of") == 1, "only the tests speak when all is well"


def test_lint_leaves_the_tests_out(checkout: Checkout) -> None:
    assert checkout.check("--lint").returncode == 0
    assert not [call for call in checkout.calls() if call.startswith("pytest")]


@pytest.mark.parametrize("program", sorted(NAMES))
def test_a_check_that_fails_is_named_with_what_it_said(checkout: Checkout, program: str) -> None:
    done = checkout.check("--lint", failing=program)
    assert done.returncode == 1
    assert done.stderr == f"Did not pass: {', '.join(NAMES[program])}. What each said stands above.\n"
    assert {name for name, mark in marks(done.stdout).items() if mark == "✗"} == set(NAMES[program])
    for name in NAMES[program]:
        assert re.search(rf"^✗ {re.escape(name)} .*\na complaint of {program}$", done.stdout, re.MULTILINE)


def test_all_run_whatever_fails_and_all_that_fail_are_named(checkout: Checkout) -> None:
    done = checkout.check(failing="yamllint mypy pytest")
    assert done.returncode == 1
    assert done.stderr == (
        "Did not pass: types (mypy), YAML (yamllint), tests (pytest). What each said stands above.\n"
    )
    assert len(marks(done.stdout)) == len(check.checks())
    assert done.stdout.endswith("a complaint of pytest\n")


def test_a_checker_that_is_missing_fails_by_name(checkout: Checkout) -> None:
    (checkout.folder / "node_modules" / ".bin" / "tsc").unlink()
    done = checkout.check("--lint")
    assert done.returncode == 1
    assert done.stderr == "Did not pass: edge types (tsc). What each said stands above.\n"
    assert re.search(r"^✗ edge types \(tsc\).*\n.*No such file or directory", done.stdout, re.MULTILINE)


def test_files_that_git_ignores_or_that_are_gone_are_not_checked(checkout: Checkout) -> None:
    checkout.check("--lint")
    assert "shellcheck one.sh" in checkout.calls()
    assert "yamllint --strict two.yaml" in checkout.calls()
