from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from localcloud import config
from stacks import settings

CHECKOUT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {
    "API_URL": "http://127.0.0.1:8787",
    "SITE_URL": "http://127.0.0.1:8788",
    "RUNPOD_API_BASE": "http://127.0.0.1:8792",
    "CLERK_ISSUER": "http://127.0.0.1:54321/clerk",
    "CLERK_JWKS_URL": "http://127.0.0.1:54321/clerk/.well-known/jwks.json",
    "WEBHOOK_SECRET": "canary-webhook-secret-of-32-chars",
}
SECRETS = {"S3_ACCESS_KEY_ID": "AKIDEXAMPLE", "S3_SECRET_ACCESS_KEY": "canary-s3-secret"}
S3 = {"mediaStorage": "s3", "s3Bucket": "alphogenai-media", "s3Region": "eu-west-3"}


def committed(stack: str) -> dict[str, str]:
    document: dict[str, Any] = yaml.safe_load((CHECKOUT / f"Pulumi.{stack}.yaml").read_text())
    return {key.removeprefix("alphogenai-platform:"): str(value) for key, value in document["config"].items()}


@pytest.mark.parametrize("stack", settings.STACKS)
def test_the_committed_settings_of_every_stack_are_good(stack: str) -> None:
    assert settings.parse(stack, committed(stack), ENVIRONMENT).stack == stack


@pytest.mark.parametrize(
    ("stack", "host", "route", "worker"),
    [
        ("local", "api.alphogen.localhost", "api.alphogen.localhost/*", "alphogenai-worker"),
        ("staging", "api-staging.alphogen.com", "api-staging.alphogen.com/*", "alphogenai-worker-staging"),
        ("prod", "api.alphogen.com", "api.alphogen.com/*", "alphogenai-worker"),
    ],
)
def test_each_stack_has_its_own_host_and_route(stack: str, host: str, route: str, worker: str) -> None:
    read = settings.parse(stack, committed(stack), ENVIRONMENT)
    assert (read.api_host, read.route, read.worker) == (host, route, worker)


def test_the_local_stack_names_the_account_and_zone_that_the_local_cloud_begins_with() -> None:
    read = settings.parse("local", committed("local"), ENVIRONMENT)
    assert read.account_id == config.ACCOUNT_ID
    assert {read.zone_name: read.zone_id} == config.ZONES
    assert read.api_host == config.API_HOST


def test_an_unknown_stack_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        settings.SettingsError, match=r'no stack "qa".*local, staging, prod.*pulumi stack select'
    ):
        settings.parse("qa", {}, {})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"accountId": "short"}, 'accountId is "short".*32 hexadecimal digits'),
        ({"zoneId": "Z" * 32}, "zoneId is"),
        ({"zoneName": "not a domain"}, "zoneName is"),
        ({"workerName": "Bad_Name"}, "workerName is"),
        ({"apiHost": "api.example.com"}, 'outside the zone "alphogen.com".*never send it requests'),
        ({"apiHost": "evilalphogen.com"}, "outside the zone"),
        ({"apiOrigin": "http://api.alphogen.com"}, "apiOrigin is.*https://HOST"),
        ({"siteOrigins": '["https://ok.dev", "ftp://bad"]'}, 'siteOrigins has "ftp://bad"'),
        ({"siteOrigins": "[broken"}, "siteOrigins has"),
        ({"compatibilityDate": "yesterday"}, "compatibilityDate is"),
        ({"mediaLocation": "mars"}, "mediaLocation is.*weur"),
        ({"secrets": "inline"}, 'secrets is "inline"'),
        ({"WEBHOOK_SECRET": "short"}, "WEBHOOK_SECRET has 5 characters.*openssl rand"),
        ({"colour": "blue"}, "colour is not a setting.*spelling"),
        ({"apiOrigin": "env:NOT_SET"}, "NOT_SET, which is not set.*ops local env"),
        ({"mediaStorage": "S3"}, 'mediaStorage is "S3".*r2 or s3'),
        ({"s3Bucket": "Bad.Name"}, "s3Bucket is.*small letters"),
        ({"s3Region": "eu west"}, "s3Region is.*eu-west-3"),
        (
            {"s3Endpoint": "http://storage.example"},
            "s3Endpoint is.*https://HOST, or nothing for Amazon's own",
        ),
        ({"mediaStorage": "s3"}, "s3Bucket is missing.*no file could be stored.*config set s3Bucket"),
        ({"mediaStorage": "s3"}, "S3_SECRET_ACCESS_KEY is missing.*config set --secret S3_SECRET"),
    ],
)
def test_a_bad_value_is_refused_with_its_consequence_and_remedy(change: dict[str, str], words: str) -> None:
    with pytest.raises(settings.SettingsError, match=words):
        settings.parse("prod", {**committed("prod"), **change}, {})


@pytest.mark.parametrize("key", sorted(committed("prod")))
def test_every_setting_is_needed(key: str) -> None:
    values = committed("prod")
    del values[key]
    with pytest.raises(settings.SettingsError, match=key):
        settings.parse("prod", values, {})


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(settings.SettingsError) as caught:
        settings.parse("prod", {}, {})
    assert str(caught.value).count("\n  - ") == len(committed("prod"))


def test_no_message_and_no_picture_of_the_settings_holds_a_secret() -> None:
    values = {**committed("prod"), "WEBHOOK_SECRET": "canary"}
    with pytest.raises(settings.SettingsError) as caught:
        settings.parse("prod", values, {})
    assert "canary" not in str(caught.value)
    assert "canary" not in repr(settings.parse("local", committed("local"), ENVIRONMENT))


def test_only_the_local_stack_takes_secrets_from_the_environment() -> None:
    local, prod = (settings.parse(stack, committed(stack), ENVIRONMENT) for stack in ("local", "prod"))
    assert (dict(local.secrets), dict(prod.secrets)) == (
        {"WEBHOOK_SECRET": ENVIRONMENT["WEBHOOK_SECRET"]},
        {},
    )


def test_an_empty_secret_counts_as_absent() -> None:
    assert not settings.parse("local", committed("local"), {**ENVIRONMENT, "WEBHOOK_SECRET": ""}).secrets


def test_files_are_kept_in_r2_unless_s3_is_asked_for() -> None:
    for values in (committed("prod"), committed("prod") | S3 | SECRETS | {"mediaStorage": "r2"}):
        variables = settings.parse("prod", values, {}).variables
        assert not {name for name in variables if "S3" in name or "STORAGE" in name}


def test_s3_is_bound_by_variables_and_its_key_by_secrets() -> None:
    read = settings.parse("prod", committed("prod") | S3 | SECRETS, {})
    bound = {name: value for name, value in read.variables.items() if "S3" in name or "STORAGE" in name}
    assert bound == {
        "MEDIA_STORAGE": "s3",
        "S3_BUCKET": "alphogenai-media",
        "S3_ENDPOINT": "",
        "S3_REGION": "eu-west-3",
    }
    assert set(read.secrets) == {"S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"}


def test_the_local_stack_can_keep_its_files_at_the_local_clouds_s3() -> None:
    values = committed("local") | S3 | {"s3Endpoint": "env:AWS_ENDPOINT_URL"}
    environment = ENVIRONMENT | SECRETS | {"AWS_ENDPOINT_URL": "http://127.0.0.1:8793"}
    read = settings.parse("local", values, environment)
    assert read.variables["S3_ENDPOINT"] == "http://127.0.0.1:8793"
    assert SECRETS.items() <= read.secrets.items()


@given(st.dictionaries(st.sampled_from(sorted(committed("prod") | S3 | SECRETS)), st.text(), min_size=1))
def test_no_text_makes_the_parser_crash(change: dict[str, str]) -> None:
    try:
        settings.parse("prod", {**committed("prod"), **change}, {})
    except settings.SettingsError as error:
        assert "nothing was changed" in str(error)  # noqa: PT017 - either outcome is fine, a crash is not
