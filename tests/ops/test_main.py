from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from localcloud import config
from localcloud.config import Config, Secrets
from localcloud.errors import LocalCloudError, ProcessFailedError, SettingsError, ToolMissingError
from ops.__main__ import main
from ops.errors import translated

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ALPHOGEN_STATE_DIR", str(tmp_path))
    return tmp_path.resolve()


def test_an_unknown_command_names_those_that_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["local", "start"]) == 2
    assert capsys.readouterr().err == (
        "There is no command 'start' in `ops local`: "
        "it has up, down, status, logs, env, token, user, reset.\n"
        "Nothing was done.\n"
        "→ See `ops local --help`.\n"
    )


def test_an_unknown_stack_names_those_that_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["smoke", "--stack", "production"]) == 2
    assert "'local', 'staging', 'prod'" in capsys.readouterr().err


def test_a_missing_option_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["local", "token"]) == 2
    assert "--email" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["status"],
        ["env"],
        ["logs"],
        ["token", "--email", "a@example.com"],
        ["user", "--email", "a@example.com"],
    ],
)
def test_before_the_first_start_every_command_says_make_up(
    words: list[str], state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["local", *words]) == 2
    assert capsys.readouterr().err == (
        f"{state / 'config.json'} is missing.\nThe local cloud was never started here.\n→ Run `make up`.\n"
    )


def test_an_error_is_json_where_json_was_asked_for(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["local", "status", "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["exit_code"] == 2
    assert error["happened"] == f"{state / 'config.json'} is missing."
    assert error["remedy"] == "Run `make up`."


def test_status_of_a_stopped_cloud_says_so_with_exit_code_3(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.save(Config(state, config.DEFAULT_PORTS, Secrets()))
    assert main(["local", "status", "--json"]) == 3
    document = json.loads(capsys.readouterr().out)
    assert not document["ok"]
    assert {process["condition"] for process in document["processes"]} == {"stopped"}


def test_down_of_a_stopped_cloud_is_no_error(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    del state
    assert main(["local", "down"]) == 0
    assert capsys.readouterr().out == "Nothing was running.\n"


def test_reset_without_a_terminal_deletes_nothing(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.save(Config(state, config.DEFAULT_PORTS, Secrets()))
    assert main(["local", "reset"]) == 2
    assert "ops local reset --yes" in capsys.readouterr().err
    assert (state / "config.json").exists()


def test_reset_removes_data_and_settings_but_no_tools(state: Path) -> None:
    config.save(Config(state, config.DEFAULT_PORTS, Secrets()))
    (state / "data" / "r2").mkdir(parents=True)
    (state / "tools" / "bin").mkdir(parents=True)
    assert main(["local", "reset", "--yes"]) == 0
    assert sorted(path.name for path in state.iterdir()) == ["lock", "tools"]


def test_logs_of_an_unknown_process_name_those_that_exist(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.save(Config(state, config.DEFAULT_PORTS, Secrets()))
    assert main(["local", "logs", "nginx"]) == 2
    assert "postgres, supabase, cloudflare, r2, edge, runpod, aws" in capsys.readouterr().err


def test_logs_shows_the_last_lines_each_under_its_name(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.save(Config(state, config.DEFAULT_PORTS, Secrets()))
    (state / "log").mkdir()
    (state / "log" / "r2.log").write_text("one\ntwo\nthree\n")
    (state / "log" / "edge.log").write_text("four\n")
    assert main(["local", "logs", "r2", "edge", "-n", "2"]) == 0
    assert capsys.readouterr().out == "r2         │ two\nr2         │ three\nedge       │ four\n"


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (LocalCloudError, 1),
        (SettingsError, 2),
        (config.ConfigError, 2),
        (ToolMissingError, 3),
        (ProcessFailedError, 3),
    ],
)
def test_each_failure_of_the_local_cloud_has_its_exit_code(kind: type[LocalCloudError], code: int) -> None:
    error = translated(kind("happened", "means", "remedy", "detail"))
    assert (error.exit_code, error.happened, error.means, error.remedy, error.detail) == (
        code,
        "happened",
        "means",
        "remedy",
        "detail",
    )
