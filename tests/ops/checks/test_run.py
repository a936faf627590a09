from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ops.checks import parse, report, run
from ops.checks.http import UnreachableError
from ops.checks.matchers.observation import Observation
from ops.checks.result import UNREACHABLE

if TYPE_CHECKING:
    from ops.checks.check import Request

SECRET = "s3cr3t/+value"
KNOWN = {"API_URL": "http://127.0.0.1:1", "TOKEN": SECRET}
TWO_STEPS = """\
name: jobs
about: a job completes
secrets: [TOKEN]
steps:
  - name: submit
    request:
      method: POST
      path: /jobs
      headers: {Authorization: "Bearer ${TOKEN}"}
      json: {prompt: "run ${RUN_ID}"}
    expect:
      status: 200
    capture: {job: result.id}
  - name: wait
    request: {method: GET, path: "/jobs/${job}"}
    eventually: {within: 1, every: 0.01, unless: {status: FAILED}}
    expect:
      json: {status: COMPLETED}
"""


@dataclass
class Answers:
    """A sender that plays back answers."""

    answers: list[Any]
    requests: list[Request] = field(default_factory=list)

    def send(self, request: Request) -> Observation:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return Observation(200, {}, json.dumps(answer).encode(), 0.01)


def test_values_go_from_one_step_to_the_next() -> None:
    sender = Answers([{"result": {"id": "j1"}}, {"status": "COMPLETED"}])
    result = run.run(parse.parse(TWO_STEPS, "x"), KNOWN, sender)
    assert result.ok, result
    assert [request.path for request in sender.requests] == ["/jobs", "/jobs/j1"]
    assert sender.requests[0].headers == {"Authorization": f"Bearer {SECRET}"}
    assert "${" not in sender.requests[0].json["prompt"]


def test_a_step_is_repeated_until_it_holds() -> None:
    sender = Answers(
        [{"result": {"id": "j1"}}, {"status": "IN_QUEUE"}, {"status": "IN_QUEUE"}, {"status": "COMPLETED"}]
    )
    assert run.run(parse.parse(TWO_STEPS, "x"), KNOWN, sender).ok
    assert len(sender.requests) == 4


def test_waiting_ends_early_when_what_is_hoped_for_cannot_come() -> None:
    sender = Answers([{"result": {"id": "j1"}}, {"status": "FAILED", "error": "no GPU"}])
    result = run.run(parse.parse(TWO_STEPS, "x"), KNOWN, sender)
    assert result.failure is not None
    assert len(sender.requests) == 2
    assert "no GPU" in report.detail([result])


def test_waiting_has_an_end() -> None:
    text = TWO_STEPS.replace("within: 1", "within: 0.05")
    result = run.run(
        parse.parse(text, "x"), KNOWN, Answers([{"result": {"id": "j1"}}, {"status": "IN_QUEUE"}])
    )
    assert result.failure is not None
    assert result.failure.step == "wait"


def test_no_answer_is_told_apart_from_a_wrong_answer() -> None:
    result = run.run(parse.parse(TWO_STEPS, "x"), KNOWN, Answers([UnreachableError("refused")]))
    assert result.failure is not None
    assert result.failure.kind == UNREACHABLE


def test_a_value_that_is_not_there_to_keep_fails_its_own_step() -> None:
    result = run.run(parse.parse(TWO_STEPS, "x"), KNOWN, Answers([{"result": {}}]))
    assert result.failure is not None
    assert (result.failure.step, result.failure.kind) == ("submit", "capture")
    assert "result.id" in result.failure.message


def test_a_variable_that_nobody_set_fails_its_own_step() -> None:
    result = run.run(
        parse.parse(TWO_STEPS.replace("${job}", "${jbo}"), "x"), KNOWN, Answers([{"result": {"id": 1}}])
    )
    assert result.failure is not None
    assert "${jbo} was never set" in result.failure.message


def test_no_form_of_a_secret_is_in_any_output() -> None:
    echo = {"header": SECRET, "escaped": json.dumps(SECRET), "url": "?t=s3cr3t%2F%2Bvalue"}
    text = TWO_STEPS.replace("status: 200", f"not_contains: [{SECRET!r}]")
    result = run.run(parse.parse(text, "x"), KNOWN, Answers([echo]))
    assert not result.ok
    shown = report.detail([result]) + json.dumps(report.document("local", [result])) + report.line(result)
    assert "s3cr3t" not in shown
    assert "<TOKEN>" in shown


def test_the_report_says_step_request_expected_and_actual() -> None:
    result = run.run(parse.parse(TWO_STEPS.replace("status: 200", "status: 201"), "x"), KNOWN, Answers([{}]))
    assert report.detail([result]) == (
        "jobs\n"
        "  step: submit\n"
        "  request: POST /jobs\n"
        "  status: the status code is another\n"
        "    expected: 201\n"
        "    actual:   200"
    )
