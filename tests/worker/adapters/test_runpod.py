"""RunPod's adapter: what is tried again, and every way in which an answer can be of no use."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from api.adapters.runpod import PAUSES, RunPod
from api.errors import ProviderError
from api.upstreams import Answer, FetchError
from tests.worker.asking import CANCEL, RUN, STATUS

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.settings import Settings
    from tests.worker.memory_platform import Upstreams

TAKEN = Answer(200, '{"id":"rp-1","status":"IN_QUEUE"}')


class Endpoint:
    """The adapter, with a clock that only notes how long it was to wait."""

    def __init__(self, settings: Settings, upstreams: Upstreams) -> None:
        self.waited: list[float] = []
        self.upstreams = upstreams
        self.runpod = RunPod(settings, upstreams, self._sleep)

    async def _sleep(self, seconds: float) -> None:
        self.waited.append(seconds)

    def answer(self, *answers: Any) -> None:
        """Answer orders one after the other; the last answer stays."""
        left = list(answers)

        def give(_body: str | None) -> Answer:
            answer = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(answer, FetchError):
                raise answer
            return answer  # type: ignore[no-any-return]  # a table of answers

        self.upstreams.answers["POST", RUN] = give


@pytest.fixture
def endpoint(settings: Settings, upstreams: Upstreams) -> Endpoint:
    return Endpoint(settings, upstreams)


@pytest.mark.parametrize("status", [429, 503])
async def test_an_order_that_was_surely_not_taken_is_tried_again(endpoint: Endpoint, status: int) -> None:
    endpoint.answer(Answer(status, "busy"), Answer(status, "busy"), TAKEN)
    assert (await endpoint.runpod.submit({"input": {}}))["id"] == "rp-1"
    assert endpoint.waited == list(PAUSES)
    assert endpoint.upstreams.count(RUN) == 3
    assert len({json.dumps(asked[3]) for asked in endpoint.upstreams.asked}) == 1


async def test_an_endpoint_that_stays_busy_is_given_up_soon(endpoint: Endpoint) -> None:
    endpoint.answer(Answer(429, "busy"))
    with pytest.raises(ProviderError, match="429"):
        await endpoint.runpod.submit({})
    assert endpoint.upstreams.count(RUN) == 1 + len(PAUSES)
    assert sum(endpoint.waited) < 2  # seconds, while a client waits


@pytest.mark.parametrize(
    "answer",
    [
        FetchError("no answer in time"),
        FetchError("no connection"),
        *(Answer(status, "{}") for status in (301, 400, 401, 404, 408, 500, 502, 504)),
        *(Answer(200, text) for text in ("", "no", "[]", "null", "{}", '{"id":1}', '{"id":""}')),
    ],
)
async def test_an_order_that_may_have_been_taken_is_never_tried_again(
    endpoint: Endpoint, answer: Any
) -> None:
    endpoint.answer(answer)
    with pytest.raises(ProviderError):
        await endpoint.runpod.submit({})
    assert endpoint.upstreams.count(RUN) == 1


async def test_a_second_try_that_may_have_been_taken_is_the_last(endpoint: Endpoint) -> None:
    endpoint.answer(Answer(503, ""), FetchError("no answer in time"))
    with pytest.raises(ProviderError):
        await endpoint.runpod.submit({})
    assert endpoint.upstreams.count(RUN) == 2


async def test_a_job_that_runpod_does_not_know_is_none(endpoint: Endpoint) -> None:
    endpoint.upstreams.answers["GET", STATUS] = endpoint.upstreams.answers["POST", CANCEL] = Answer(404, "{}")
    assert await endpoint.runpod.status("rp-1") is None
    assert await endpoint.runpod.cancel("rp-1") is False


async def test_an_answer_that_no_database_can_hold_is_read_all_the_same(endpoint: Endpoint) -> None:
    text = '{"id":"rp-1","status":"COMPLETED","output":{"loss":NaN,"words":"\\u0000"}}'
    endpoint.upstreams.answers["GET", STATUS] = Answer(200, text)
    told = await endpoint.runpod.status("rp-1")
    assert told == {"id": "rp-1", "status": "COMPLETED", "output": {"loss": None, "words": "?"}}


@pytest.mark.parametrize("ask", [lambda runpod: runpod.status("rp-1"), lambda runpod: runpod.cancel("rp-1")])
@pytest.mark.parametrize("answer", [FetchError("no connection"), Answer(500, ""), Answer(200, "[" * 99_999)])
async def test_an_answer_of_no_use_is_a_failure_of_the_provider(
    endpoint: Endpoint, ask: Callable[[RunPod], Any], answer: Any
) -> None:
    endpoint.upstreams.answers["GET", STATUS] = endpoint.upstreams.answers["POST", CANCEL] = answer
    with pytest.raises(ProviderError):
        await ask(endpoint.runpod)
    assert len(endpoint.upstreams.asked) == 1
