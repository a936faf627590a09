"""A key makes a repeated call give the first job again."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from tests.supabase.together import together

if TYPE_CHECKING:
    from tests.localcloud.postgres.throwaway import Cloud
    from tests.supabase.conftest import Database


def _create(database: Database, user: str, key: str | None, request: str = "hash-1") -> dict[str, Any]:
    answer: dict[str, Any] = database.call("job_create", user, "image", "{}", key, request)
    return answer


def test_the_same_key_and_request_give_the_first_job_and_cost_nothing(database: Database, user: str) -> None:
    first, second = _create(database, user, "key"), _create(database, user, "key")
    assert (first["outcome"], second["outcome"]) == ("created", "replayed")
    assert first["job"] == second["job"]
    assert database.balance(user) == 74


def test_a_replay_shows_the_job_as_it_is_now(database: Database, user: str) -> None:
    first = _create(database, user, "key")
    database.call("job_submitted", first["job"]["id"], "error", "runpod", None, None)
    assert _create(database, user, "key")["job"]["status"] == "error"


def test_the_same_key_with_another_request_is_a_conflict(database: Database, user: str) -> None:
    _create(database, user, "key")
    assert _create(database, user, "key", "hash-2") == {"outcome": "idempotency_conflict", "job": None}
    assert database.balance(user) == 74


def test_keys_of_two_users_are_two_keys(database: Database, user: str) -> None:
    outcomes = [_create(database, one, "key")["outcome"] for one in (user, str(uuid.uuid4()))]
    assert outcomes == ["created", "created"]


def test_without_a_key_each_call_makes_a_job(database: Database, user: str) -> None:
    assert _create(database, user, None)["job"]["id"] != _create(database, user, None)["job"]["id"]


def test_a_key_is_free_again_after_24_hours(database: Database, user: str) -> None:
    first = _create(database, user, "key")
    with database.acting("service_role") as connection:
        query = (
            "update public.idempotency_keys set created_at = now() - interval '24 hours' where user_id = %s"
        )
        connection.execute(query, (user,))
    second = _create(database, user, "key", "hash-2")
    assert second["outcome"] == "created"
    assert second["job"]["id"] != first["job"]["id"]
    assert _create(database, user, "key", "hash-2")["job"] == second["job"]


def test_expired_keys_go_with_the_next_look_for_silent_jobs(database: Database, user: str) -> None:
    for key in ("old", "young"):
        _create(database, user, key)
    with database.acting("service_role") as connection:
        connection.execute(
            "update public.idempotency_keys set created_at = now() - interval '25 hours' where key = 'old'"
        )
    database.call("jobs_claim_silent")
    with database.acting("service_role") as connection:
        query = "select key from public.idempotency_keys where user_id = %s"
        assert connection.execute(query, (user,)).fetchall() == [("young",)]


def test_a_refused_call_does_not_use_up_its_key(database: Database, user: str) -> None:
    database.call("account_set", user, 0)
    assert _create(database, user, "key")["outcome"] == "insufficient_credits"
    database.call("account_set", user, 1)
    assert _create(database, user, "key")["outcome"] == "created"


def test_one_key_at_once_makes_one_job(cloud: Cloud, database: Database, user: str) -> None:
    answers = together(cloud, database, "job_create", [(user, "image", "{}", "key", "hash")] * 60)
    outcomes = [answer["outcome"] for answer in answers]
    assert (outcomes.count("created"), outcomes.count("replayed")) == (1, 59)
    assert len({answer["job"]["id"] for answer in answers}) == 1
    assert database.balance(user) == 74
