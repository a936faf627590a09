from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.localcloud.provider.conftest import FIXTURES, normal

if TYPE_CHECKING:
    from tests.engine import Engine
    from tests.localcloud.provider.conftest import Api

RECORDING = [json.loads(line) for line in (FIXTURES / "recording.jsonl").read_text().splitlines()]


def recorded(phase: str) -> list[str]:
    return normal([request for request in RECORDING if request["phase"] == phase])


def sent(api: Api) -> list[str]:
    requests = normal(api.requests)
    api.requests.clear()
    return requests


def test_the_engine_makes_it_send_what_the_official_provider_sent(api: Api, pulumi: Engine) -> None:
    """One long test: each phase builds on the state that the one before it left."""
    done = pulumi.run("up", "--yes", "--skip-preview")
    assert done.returncode == 0, done.stdout + done.stderr
    assert sent(api) == recorded("create")

    again = pulumi.run("up", "--yes", "--skip-preview")
    assert "8 unchanged" in again.stdout, again.stdout
    assert sent(api) == []

    refreshed = pulumi.run("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    assert refreshed.returncode == 0, refreshed.stdout + refreshed.stderr
    assert sent(api) == recorded("refresh")

    updated = pulumi.run("up", "--yes", "--skip-preview", GEN="2")
    assert updated.returncode == 0, updated.stdout + updated.stderr
    assert sent(api) == recorded("update")

    destroyed = pulumi.run("destroy", "--yes", "--skip-preview")
    assert destroyed.returncode == 0, destroyed.stdout + destroyed.stderr
    assert sent(api) == recorded("destroy")
    assert api.tokens == {"Bearer canary-token"}


def test_neither_token_nor_secret_is_shown_or_kept_in_the_clear(api: Api, pulumi: Engine) -> None:
    shown = ""
    for arguments in (("preview", "--diff"), ("up", "--yes", "--skip-preview"), ("stack", "export")):
        done = pulumi.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        shown += done.stdout + done.stderr
    assert "canary-token" not in shown
    assert any("topsecret" in json.dumps(request) for request in api.requests)


def test_a_refusal_is_shown_as_cloudflare_said_it_and_nothing_is_kept(api: Api, pulumi: Engine) -> None:
    api.refusals = [(400, "Uncaught SyntaxError: invalid syntax (entry.py, line 3)")] * 9
    done = pulumi.run("up", "--yes", "--skip-preview")
    assert done.returncode != 0
    assert "10021: Uncaught SyntaxError: invalid syntax (entry.py, line 3)" in done.stdout
    assert "Unexpected <class" not in done.stdout
    assert api.kept == {}


def test_a_missing_token_is_named_with_its_remedy(api: Api, pulumi: Engine) -> None:
    done = pulumi.run("up", "--yes", "--skip-preview", CLOUDFLARE_API_TOKEN="")
    assert done.returncode != 0
    assert "CLOUDFLARE_API_TOKEN is not set" in done.stdout
    assert api.requests == []


def test_what_vanished_is_made_again(api: Api, pulumi: Engine) -> None:
    pulumi.run("up", "--yes", "--skip-preview")
    route = next(place for place in api.kept if "/routes/" in place)
    del api.kept[route]
    assert pulumi.run("refresh", "--yes", "--skip-preview").returncode == 0
    done = pulumi.run("up", "--yes", "--skip-preview")
    assert "1 created" in done.stdout, done.stdout
    assert any("/routes/" in place for place in api.kept)


def test_a_drifted_field_is_put_back(api: Api, pulumi: Engine) -> None:
    pulumi.run("up", "--yes", "--skip-preview")
    route = next(place for place in api.kept if "/routes/" in place)
    api.kept[route]["pattern"] = "elsewhere.alphogen.com/*"
    done = pulumi.run("up", "--yes", "--skip-preview", "--refresh")
    assert "1 updated" in done.stdout, done.stdout
    assert api.kept[route]["pattern"] == "api.alphogen.com/*"
