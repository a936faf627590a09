from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import pytest

from api.settings import Settings
from localcloud import config as files
from localcloud import environment
from localcloud.config import Secrets
from stacks.settings import WORKER_SECRETS
from tests.canaries.notations import Search
from tests.canaries.planted import MARK, NOT_SECRET, SPECIAL, bindings, plant, secrets_of

if TYPE_CHECKING:
    from pathlib import Path

    from localcloud.config import Config

# What `ops local env` prints that anybody may know.
PUBLIC = {
    *("API_URL", "SITE_URL", "SUPABASE_URL", "CLERK_ISSUER", "CLERK_JWKS_URL", "RUNPOD_API_BASE"),
    *("CLOUDFLARE_BASE_URL", "CLOUDFLARE_API_BASE_URL", "CLOUDFLARE_ACCOUNT_ID", "RUNPOD_ENDPOINT_ID"),
    "SUPABASE_ANON_KEY",  # browsers hold it
    *("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID"),
    "AWS_SECRET_ACCESS_KEY",  # moto takes any: the word in the repository
    "PULUMI_CONFIG_PASSPHRASE",  # docs/adr/0003
    *("PULUMI_HOME", "PULUMI_BACKEND_URL", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"),
    *("PULUMI_SKIP_UPDATE_CHECK", "PATH", files.STATE_DIR_VARIABLE),
}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return plant(tmp_path, SPECIAL)


def test_every_secret_of_the_local_cloud_is_planted_and_read_back(config: Config) -> None:
    values = [getattr(config.secrets, one.name) for one in fields(Secrets)]
    assert all(value.startswith(MARK) for value in values)
    assert len(set(values)) == len(values)
    assert files.load(config.state_dir) == config


def test_every_secret_of_the_worker_is_planted_whoever_names_it(config: Config) -> None:
    sought = secrets_of(config, bindings(config, SPECIAL))
    assert set(WORKER_SECRETS) - set(NOT_SECRET) <= set(sought)
    assert [name for name in WORKER_SECRETS if name not in NOT_SECRET and len(sought[name]) < 32] == []


def test_what_the_stacks_keep_secret_the_worker_takes_out_of_its_words() -> None:
    values = {one.name: f"value-of-{one.name}" for one in fields(Settings)}
    kept = {f"value-of-{name.lower()}" for name in set(WORKER_SECRETS) - set(NOT_SECRET)}
    assert set(Settings(**values).secrets) == kept


def test_every_export_is_public_or_sought(config: Config) -> None:
    search = Search(secrets_of(config))
    exports = environment.exports(config)
    secret = {leak.place for leak in search.leaks((name, value.encode()) for name, value in exports.items())}
    assert set(exports) == secret | PUBLIC
