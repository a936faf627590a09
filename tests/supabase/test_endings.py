"""How jobs end: with their files, one notification and exact books, whatever is delivered how often."""

from __future__ import annotations

import json
import random
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from tests.supabase.together import together

if TYPE_CHECKING:
    from tests.localcloud.postgres.throwaway import Cloud
    from tests.supabase.conftest import Database


def _files(job_id: str, count: int = 1) -> str:
    return json.dumps(
        [
            {
                "key": f"media/{job_id}/{number}.png",
                "content_type": "image/png",
                "format": "PNG",
                "size_bytes": 10,
                "width": 64,
                "height": 32,
                "sha256": "00",
                "description": "a boat",
            }
            for number in range(count)
        ]
    )


def _event(job: dict[str, Any], status: str, **said: Any) -> tuple[Any, ...]:
    files = said.get("files")
    return (
        job["id"],
        None,
        status,
        said.get("phase"),
        said.get("progress"),
        None,
        files,
        said.get("delivery"),
    )


def test_a_completion_stores_the_files_in_order(database: Database, user: str) -> None:
    job = database.create(user, num_images=2)
    done = database.call("job_provider_event", *_event(job, "completed", files=_files(job["id"], 2)))["job"]
    assert [(file["ordinal"], file["key"], file["width"]) for file in done["files"]] == [
        (0, f"media/{job['id']}/0.png", 64),
        (1, f"media/{job['id']}/1.png", 64),
    ]
    assert database.call("job_list", user)[0] == done
    with database.acting("authenticated", user) as connection:
        assert connection.execute("select count(*) from public.media_files").fetchone() == (2,)
    with database.acting("authenticated", str(uuid.uuid4())) as connection:
        assert connection.execute("select count(*) from public.media_files").fetchone() == (0,)


def test_a_file_that_is_named_twice_is_stored_once(database: Database) -> None:
    job = database.create()
    twice = json.dumps(json.loads(_files(job["id"])) * 2)
    done = database.call("job_provider_event", *_event(job, "completed", files=twice))
    assert len(done["job"]["files"]) == 1


def test_another_jobs_file_and_one_that_is_nowhere_are_left_out(database: Database) -> None:
    job = database.create()
    elsewhere = {"url": "https://files.example.com/0.png"}
    files = [{"key": f"media/{uuid.uuid4()}/0.png"}, {"width": 5}, elsewhere, {**elsewhere, "key": "../x"}]
    done = database.call("job_provider_event", *_event(job, "completed", files=json.dumps(files)))
    assert [(file["ordinal"], file["url"]) for file in done["job"]["files"]] == [(2, elsewhere["url"])]


@pytest.mark.parametrize("files", [None, "null", "[]"])
def test_a_completion_may_come_without_files(database: Database, files: str | None) -> None:
    done = database.call("job_provider_event", *_event(database.create(), "completed", files=files))
    assert (done["job"]["status"], done["job"]["files"]) == ("completed", [])


def test_files_of_anything_but_a_completion_are_not_stored(database: Database) -> None:
    job = database.create()
    database.call("job_provider_event", *_event(job, "running", files=_files(job["id"])))
    failed = database.call("job_provider_event", *_event(job, "failed", files=_files(job["id"])))
    assert failed["job"]["files"] == []


@pytest.mark.parametrize(
    ("status", "kind", "told"),
    [
        ("completed", "image", ("job_completed", "1 image(s) générée(s) avec succès")),
        ("completed", "video", ("job_completed", "1 vidéo(s) générée(s) avec succès")),
        (
            "failed",
            "image",
            ("job_failed", "La génération de votre image a échoué ; 1 crédit(s) remboursé(s)"),
        ),
        (
            "timed_out",
            "video",
            ("job_failed", "La génération de votre vidéo a échoué ; 1 crédit(s) remboursé(s)"),
        ),
    ],
)
def test_the_user_is_told_once_how_a_job_ended(
    database: Database, user: str, status: str, kind: str, told: tuple[str, str]
) -> None:
    job = database.create(user, kind)
    for _ in range(2):
        database.call("job_provider_event", *_event(job, status, files=_files(job["id"])))
    [one] = database.call("notification_list", user)
    assert (one["job_id"], one["read_at"]) == (job["id"], None)
    assert (one["type"], one["message"]) == told


def test_a_user_who_cancels_is_not_told_so(database: Database, user: str) -> None:
    database.call("job_cancel", database.create(user)["id"], user)
    assert database.call("notification_list", user) == []


def test_notifications_come_in_pages_and_are_read_once_by_their_user(database: Database, user: str) -> None:
    for _ in range(5):
        database.call("job_provider_event", *_event(database.create(user), "completed"))
    first = database.call("notification_list", user, 3)
    rest = database.call("notification_list", user, 3, first[-1]["created_at"], first[-1]["id"])
    assert (len(first), len(rest), len({told["id"] for told in first + rest})) == (3, 2, 5)
    assert database.call("notification_read", str(uuid.uuid4()), first[0]["id"]) is None
    read = database.call("notification_read", user, first[0]["id"])
    assert read["read_at"] is not None
    assert database.call("notification_read", user, first[0]["id"]) == read


def test_a_delivery_that_was_seen_changes_nothing_for_good(database: Database) -> None:
    job = database.create()
    first = database.call("job_provider_event", *_event(job, "running", progress=10, delivery="one"))
    again = database.call("job_provider_event", *_event(job, "running", progress=90, delivery="one"))
    other = database.call("job_provider_event", *_event(job, "running", progress=90, delivery="two"))
    assert [(answer["changed"], answer["replayed"]) for answer in (first, again, other)] == [
        (True, False),
        (False, True),
        (True, False),
    ]


def test_a_thousand_deliveries_in_any_order_end_each_job_once(cloud: Cloud, database: Database) -> None:
    order = random.Random(7)  # noqa: S311 - the same disorder each time
    users = [str(uuid.uuid4()) for _ in range(5)]
    jobs = [database.create(user, num_images=2) for user in users for _ in range(5)]
    failing = {job["id"] for job in jobs[::5]}
    deliveries: list[tuple[Any, ...]] = []
    for job in jobs:
        end = "failed" if job["id"] in failing else "completed"
        said = [_event(job, end, files=_files(job["id"], 2), delivery="end")]
        said += [_event(job, "running", phase="saving", progress=n, delivery=f"at {n}") for n in range(19)]
        deliveries += said * 2
    deliveries = deliveries[:970] + [_event({"id": str(uuid.uuid4())}, "completed") for _ in range(30)]
    deliveries += [
        _event(
            job, "failed" if job["id"] in failing else "completed", files=_files(job["id"], 2), delivery="x"
        )
        for job in jobs
    ]
    order.shuffle(deliveries)
    answers = together(cloud, database, "job_provider_event", deliveries)
    assert sum(not answer["found"] for answer in answers) == 30
    for job in jobs:
        after = database.call("job_get", job["id"], None)
        assert after["status"] == ("failed" if job["id"] in failing else "completed")
        assert len(after["files"]) == (0 if job["id"] in failing else 2)
    for user in users:
        assert len(database.call("notification_list", user)) == 5
        assert database.balance(user) == 75 - 4 * 2


def test_silent_jobs_are_claimed_oldest_first_and_not_again_at_once(database: Database) -> None:
    silent = [database.create() for _ in range(3)]
    done = database.create()
    database.call("job_cancel", done["id"], None)
    with database.acting("service_role") as connection:
        for age, job in enumerate([*silent, done]):
            query = "update public.jobs set checked_at = now() - make_interval(mins => %s) where id = %s"
            connection.execute(query, (100 - age, job["id"]))
    first = database.call("jobs_claim_silent", 2, 120)
    assert [job["id"] for job in first] == [job["id"] for job in silent[:2]]
    assert [job["id"] for job in database.call("jobs_claim_silent", 20, 120)] == [silent[2]["id"]]
    assert database.call("jobs_claim_silent", 20, 120) == []


def test_news_of_a_job_counts_as_having_heard_of_it(database: Database) -> None:
    job = database.create()
    with database.acting("service_role") as connection:
        connection.execute("update public.jobs set checked_at = '-infinity' where id = %s", (job["id"],))
    database.call("job_provider_event", *_event(job, "running", progress=1))
    assert job["id"] not in {one["id"] for one in database.call("jobs_claim_silent", 100, 120)}


def test_two_reconcilers_at_once_take_no_job_twice(cloud: Cloud, database: Database) -> None:
    jobs = {database.create()["id"] for _ in range(30)}
    with database.acting("service_role") as connection:
        connection.execute("update public.jobs set checked_at = '-infinity' where finished_at is null")
    answers = together(cloud, database, "jobs_claim_silent", [(3, 120)] * 16)
    claimed = [job["id"] for answer in answers for job in answer]
    assert len(claimed) == len(set(claimed))
    claimed += [job["id"] for job in database.call("jobs_claim_silent", 100, 120)]
    assert jobs <= set(claimed)
