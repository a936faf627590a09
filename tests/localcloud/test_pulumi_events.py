from __future__ import annotations

import json

from localcloud.pulumi_events import Events

URN = "urn:pulumi:local::alphogenai-platform::cloudflare:index/workerVersion:WorkerVersion::api"


def event(kind: str, content: dict[str, object]) -> str:
    return json.dumps({"sequence": 1, "timestamp": 1, kind: content})


def step(op: str) -> str:
    kind = "cloudflare:index/workerVersion:WorkerVersion"
    return event("resOutputsEvent", {"metadata": {"op": op, "urn": URN, "type": kind}})


def test_what_was_done_is_told_and_what_stayed_is_not() -> None:
    events = Events()
    assert events.read(step("create")) == "created WorkerVersion api"
    assert events.read(step("create-replacement")) == "created a replacement of WorkerVersion api"
    assert events.read(step("same")) is None


def test_errors_are_kept_whole_with_the_resource_they_belong_to() -> None:
    events = Events()
    message = "Cloudflare refused (10021):\n  SyntaxError: invalid syntax"
    assert (
        events.read(event("diagnosticEvent", {"urn": URN, "severity": "error", "message": message + "\n"}))
        is None
    )
    assert events.errors == [f"api: {message}"]


def test_what_pulumi_says_before_its_stream_begins_is_kept_too() -> None:
    events = Events()
    events.read("warning: using pulumi-language-python from $PATH\n")
    events.read("error: failed to load language plugin python\n")
    assert events.errors == ["error: failed to load language plugin python"]


def test_debug_output_is_not_shown() -> None:
    assert Events().read(event("diagnosticEvent", {"severity": "debug", "message": "registering"})) is None


def test_a_run_without_changes_says_unchanged() -> None:
    events = Events()
    events.read(event("summaryEvent", {"resourceChanges": {"same": 9}}))
    assert events.summary() == "9 unchanged"
    assert Events().summary() == "nothing to do"


def test_a_run_with_changes_counts_them() -> None:
    events = Events()
    events.read(event("summaryEvent", {"resourceChanges": {"same": 2, "create": 1, "update": 3}}))
    assert events.summary() == "1 created, 3 updated, 2 unchanged"
