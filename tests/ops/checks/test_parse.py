from __future__ import annotations

import re
from pathlib import Path

import pytest

from ops.checks import parse
from ops.checks.document import CheckFileError
from ops.checks.matchers import MATCHERS

CHECKOUT = Path(__file__).resolve().parents[3]
GOOD = """\
name: health
about: it lives
steps:
  - name: anyone asks
    request:
      method: GET
      path: /health
    expect:
      status: 200
"""


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("name: health\n", "", "smoke/x.yaml:1: the key `name` is missing (in the file)."),
        ("about: it lives", "about: [1]", "smoke/x.yaml:2: `about` must be str, not [1] (in the file)."),
        ("about: it lives", "abuot: it lives", "smoke/x.yaml:1: the key `about` is missing (in the file)."),
        (
            "about: it lives",
            "about: it\nsteps2: 1",
            "smoke/x.yaml:3: there is no key `steps2` here (in the file).",
        ),
        (
            "about: it lives",
            "about: a\nstacks: [local, moon]",
            "smoke/x.yaml:3: there is no stack `moon`; there are local, staging, prod (in the file).",
        ),
        (
            "about: it lives",
            "about: a\nabout: b",
            "smoke/x.yaml:3: the key `about` stands twice (in the file).",
        ),
        ("method: GET", "method: FETCH", "smoke/x.yaml:6: `method` must be one of DELETE, GET, "),
        (
            "path: /health",
            "url: /health",
            "smoke/x.yaml:6: the key `path` is missing (in the file.steps[0].request).",
        ),
        (
            "status: 200",
            "stauts: 200",
            "smoke/x.yaml:9: there is no matcher `stauts`; there are status, json,",
        ),
        (
            "status: 200",
            "status: fine",
            "smoke/x.yaml:9: `status` must be a number or a list of numbers, not 'fine'",
        ),
        ("      status: 200\n", "", "smoke/x.yaml:8: here must be a mapping (in the file.steps[0].expect)."),
        (
            "status: 200",
            "json_matches: {a: '('}",
            "smoke/x.yaml:9: `json_matches` holds what is no regular expression",
        ),
        ("path: /health", "path: [", "smoke/x.yaml:9: this is not YAML:"),
        (GOOD, "- a list", "smoke/x.yaml:1: here must be a mapping (in the file)."),
        (GOOD, "", "smoke/x.yaml:1: here must be a mapping (in the file)."),
        (
            GOOD[GOOD.index("steps") :],
            "steps: []\n",
            "smoke/x.yaml:3: `steps` must be a list with at least one entry",
        ),
    ],
)
def test_a_mistake_is_reported_with_file_line_and_key(before: str, after: str, complaint: str) -> None:
    assert before in GOOD
    with pytest.raises(CheckFileError) as caught:
        parse.parse(GOOD.replace(before, after, 1), "smoke/x.yaml")
    assert str(caught.value).startswith(complaint)
    assert caught.value.exit_code == 2


def test_an_expectation_that_is_missing_is_a_mistake() -> None:
    without = GOOD[: GOOD.index("    expect")]
    with pytest.raises(CheckFileError, match=re.escape("must be able to fail")):
        parse.parse(without, "smoke/x.yaml")


def test_a_good_file_becomes_a_check() -> None:
    check = parse.parse(GOOD, "smoke/x.yaml")
    assert (check.name, check.about, check.secrets) == ("health", "it lives", ())
    assert check.steps[0].request.path == "/health"
    assert [e.matcher for e in check.steps[0].expectations] == ["status"]


def test_binary_bodies_are_bytes() -> None:
    text = GOOD.replace("path: /health", "path: /health\n      body: !!binary AAH/")
    assert parse.parse(text, "x").steps[0].request.body == b"\x00\x01\xff"


def test_the_repositorys_own_checks_load_and_have_different_names() -> None:
    names = [check.name for check in parse.load(CHECKOUT / "smoke")]
    assert {"health", "webhooks", "assets", "credits", "jobs", "refusal"} <= set(names)
    assert len(names) == len(set(names))


def test_every_matcher_is_documented() -> None:
    documentation = (CHECKOUT / "docs" / "smoke.md").read_text()
    for name in MATCHERS:
        assert f"`{name}`" in documentation, name
