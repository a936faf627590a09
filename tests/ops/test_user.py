"""`ops local user`, on the real stand-in and the real schema."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from localcloud import config
from localcloud.supabase import accounts
from localcloud.supabase.accounts import Account
from ops.__main__ import main
from ops.local import user as user_command
from tests.localcloud.postgres import shared
from tests.localcloud.postgres.throwaway import Cloud

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ISSUERS = ("supabase", "clerk")


@pytest.fixture
def cloud(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    made = shared.serving(request.config)
    monkeypatch.setenv(config.STATE_DIR_VARIABLE, str(made.state))
    return made


@pytest.fixture
def email() -> str:
    return f"{uuid.uuid4()}@example.com"


@pytest.fixture
def as_json(capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    def run(*words: str) -> Any:
        assert main(["local", "user", *words, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return run


@pytest.fixture
def bare() -> Iterator[Cloud]:
    """A cloud whose database has no migration yet, as when the first `up` was interrupted."""
    made = Cloud()
    made.start("postgres")
    made.start("supabase")
    yield made
    made.end()


@pytest.mark.parametrize("amount", ["-1", "2147483648", "many"])
def test_credits_that_cannot_be_are_refused_before_anything_is_asked(
    amount: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(config.STATE_DIR_VARIABLE, str(tmp_path))
    assert main(["local", "user", "--email", "ada@example.com", "--credits", amount]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.splitlines()[1:]) == (
        "",
        ["Nothing was done.", "→ See `ops local user --help`."],
    )
    assert "'--credits'" in said.err


def test_an_unknown_plan_names_the_plans_and_changes_nothing(
    cloud: Cloud, email: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["local", "user", "--email", email]
    assert main([*words, "--credits", "3"]) == 0
    capsys.readouterr()
    assert main([*words, "--credits", "9", "--plan", "gold"]) == 2
    assert capsys.readouterr().err == (
        'There is no plan "gold".\nCredits and plan are as they were.\n→ Plans: pro, starter, studio.\n'
    )
    user = accounts.user(cloud.config, email, "supabase")
    assert accounts.set_account(cloud.config, user.id) == Account(3, "starter")


@pytest.mark.parametrize("issuer", ISSUERS)
@pytest.mark.usefixtures("cloud")
def test_what_is_no_address_is_refused(issuer: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["local", "user", "--email", "ada", "--issuer", issuer, "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"] == {
        "happened": "Unable to validate email address: invalid format.",
        "means": "No user was looked up or created.",
        "remedy": "Give an address such as ada@example.com.",
        "detail": "",
        "exit_code": 2,
    }


@pytest.mark.usefixtures("cloud")
def test_a_token_for_what_is_no_address_is_refused_in_the_same_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["local", "token", "--email", "ada"]) == 2
    assert capsys.readouterr().err == (
        "Unable to validate email address: invalid format.\n"
        "No token was made.\n"
        "→ Give an address such as ada@example.com.\n"
    )


@pytest.mark.parametrize("command", ["user", "token"])
def test_when_the_local_cloud_is_down_the_exit_code_is_3(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ports = replace(config.DEFAULT_PORTS, supabase=1)
    config.save(config.Config(tmp_path, ports, config.Secrets()))
    monkeypatch.setenv(config.STATE_DIR_VARIABLE, str(tmp_path))
    assert main(["local", command, "--email", "ada@example.com"]) == 3
    error = capsys.readouterr().err
    assert error.startswith("The Supabase stand-in does not answer (")
    assert error.endswith("→ Run `ops local status` to see what is down, and `ops local up` to repair it.\n")


def test_without_the_schema_the_exit_code_is_3_and_the_way_out_is_up(
    bare: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(config.STATE_DIR_VARIABLE, str(bare.state))
    assert main(["local", "user", "--email", "ada@example.com"]) == 3
    error = capsys.readouterr().err
    assert "public.account_set" in error
    assert error.endswith(
        "The database does not hold the whole schema.\n"
        "Without it users have no accounts.\n"
        "→ Run `ops local up`: it applies the migrations.\n"
    )


@pytest.mark.parametrize("issuer", ISSUERS)
def test_a_new_user_has_the_starter_plan(
    cloud: Cloud, email: str, issuer: str, as_json: Callable[..., Any]
) -> None:
    shown = as_json("--email", email, "--issuer", issuer)
    user = accounts.user(cloud.config, email, issuer)
    assert shown == {"id": user.id, "email": email, "issuer": issuer, "credits": 75, "plan": "starter"}


@pytest.mark.usefixtures("cloud")
def test_what_is_given_is_set_and_the_rest_stays(email: str, as_json: Callable[..., Any]) -> None:
    first = as_json("--email", email, "--credits", "500", "--plan", "pro")
    assert (first["credits"], first["plan"]) == (500, "pro")
    assert as_json("--email", email, "--credits", "0") == {**first, "credits": 0}
    assert as_json("--email", email.upper(), "--plan", "studio") == {**first, "credits": 0, "plan": "studio"}


def test_the_ledger_says_how_the_balance_came_about(
    cloud: Cloud, email: str, as_json: Callable[..., Any]
) -> None:
    user = as_json("--email", email, "--credits", "20")
    as_json("--email", email, "--credits", "20")
    query = "select amount, reason from public.credit_ledger where user_id = %s order by id"
    with cloud.connect() as connection:
        assert connection.execute(query, (user["id"],)).fetchall() == [(75, "grant"), (-55, "adjustment")]


def test_a_pipe_gets_a_line_of_names_and_a_line_of_values(
    cloud: Cloud, email: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["local", "user", "--email", email, "--credits", "12"]) == 0
    user = accounts.user(cloud.config, email, "supabase")
    assert capsys.readouterr().out == f"id\temail\tcredits\tplan\n{user.id}\t{email}\t12\tstarter\n"


@pytest.mark.usefixtures("cloud")
def test_a_terminal_gets_a_table(
    email: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(user_command, "is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["local", "user", "--email", email, "--credits", "12"]) == 0
    heading, row = capsys.readouterr().out.splitlines()
    assert heading.split() == ["id", "email", "credits", "plan"]
    assert row.split()[1:] == [email, "12", "starter"]
