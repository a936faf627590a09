from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from localcloud import config
from localcloud.config import Config, Secrets
from localcloud.environment import search_path
from ops.__main__ import main

if TYPE_CHECKING:
    from pathlib import Path

NAMES = {
    "API_URL",
    "SITE_URL",
    "APP_ADMIN_TOKEN",
    "WEBHOOK_SECRET",
    "SUPABASE_URL",
    "SUPABASE_ANON_KEY",
    "SUPABASE_SERVICE_ROLE",
    "DATABASE_URL",
    "CLOUDFLARE_BASE_URL",
    "CLOUDFLARE_API_BASE_URL",
    "CLOUDFLARE_API_TOKEN",
    "CLOUDFLARE_ACCOUNT_ID",
    "RUNPOD_API_BASE",
    "AWS_ENDPOINT_URL",
    "RUNPOD_API_KEY",
    "RUNPOD_ENDPOINT_ID",
    "SUPABASE_JWT_SECRET",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_REGION",
    "PULUMI_HOME",
    "PULUMI_BACKEND_URL",
    "PULUMI_CONFIG_PASSPHRASE",
    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION",
    "PULUMI_SKIP_UPDATE_CHECK",
    "PATH",
}


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ALPHOGEN_STATE_DIR", str(tmp_path))
    awkward = replace(Secrets(), app_admin_token='it\'s "$HOME" `id` \\ \n end')
    config.save(Config(tmp_path.resolve(), config.DEFAULT_PORTS, awkward))
    return tmp_path


def test_every_name_that_clients_need_is_there(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    del state
    assert main(["local", "env", "--json"]) == 0
    exports = json.loads(capsys.readouterr().out)
    assert set(exports) >= NAMES
    assert all(exports.values())


def test_a_shell_reads_back_exactly_what_was_meant(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    del state
    main(["local", "env"])
    script = capsys.readouterr().out + 'printf %s "$APP_ADMIN_TOKEN"'
    read_back = subprocess.run(["/bin/sh", "-c", script], check=True, capture_output=True, text=True).stdout
    assert read_back == 'it\'s "$HOME" `id` \\ \n end'


def test_the_path_does_not_grow_when_asked_twice() -> None:
    once = search_path("/usr/bin:/bin")
    assert search_path(once) == once
    assert once.endswith(":/usr/bin:/bin")
