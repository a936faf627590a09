"""The functions the API calls."""

from __future__ import annotations

import json
import threading
import uuid
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

if TYPE_CHECKING:
    from tests.localcloud.postgres.throwaway import Cloud
    from tests.supabase.conftest import Database

FIELDS = {
    "id",
    "user_id",
    "kind",
    "status",
    "phase",
    "progress",
    "provider",
    "provider_job_id",
    "payload",
    "result",
    "credits",
    "files",
    "created_at",
    "submitted_at",
    "started_at",
    "finished_at",
}


def _submitted(database: Database, job: dict[str, Any], provider_job_id: str | None = None) -> dict[str, Any]:
    provider_job_id = provider_job_id or f"rp-{uuid.uuid4()}"
    answer: dict[str, Any] = database.call(
        "job_submitted", job["id"], "submitted", "runpod", provider_job_id, '{"status": "IN_QUEUE"}'
    )
    return answer


def _told(database: Database, job: dict[str, Any], status: str, **said: Any) -> dict[str, Any]:
    result = json.dumps(said["result"]) if "result" in said else None
    answer: dict[str, Any] = database.call(
        "job_provider_event",
        job["id"],
        said.get("provider_job_id"),
        status,
        said.get("phase"),
        said.get("progress"),
        result,
    )
    return answer


def test_a_kind_that_does_not_exist_is_refused(database: Database) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        database.call("job_create", None, "song", "{}")


def test_a_new_job_is_queued_and_has_every_field(database: Database, user: str) -> None:
    job = database.create(user, prompt="a boat")
    assert set(job) == FIELDS
    assert (job["status"], job["user_id"], job["payload"]) == ("queued", user, {"prompt": "a boat"})
    assert job["created_at"].endswith("+00:00")


def test_a_submission_of_no_job_is_null(database: Database) -> None:
    assert database.call("job_submitted", uuid.uuid4(), "noop", None, None, None) is None


@pytest.mark.parametrize("status", ["running", "completed", "nonsense"])
def test_a_submission_ends_in_no_other_state(database: Database, status: str) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        database.call("job_submitted", database.create()["id"], status, None, None, None)


@pytest.mark.parametrize(("status", "finished"), [("submitted", False), ("noop", True), ("error", True)])
def test_a_submission_is_recorded(database: Database, status: str, *, finished: bool) -> None:
    job = database.create()
    done = database.call("job_submitted", job["id"], status, "runpod", None, '{"why": 1}')
    assert (done["status"], done["result"], done["provider"]) == (status, {"why": 1}, "runpod")
    assert (done["finished_at"] is not None) is finished
    assert (done["submitted_at"] is not None) is not finished


def test_a_webhook_that_is_faster_than_the_submission_wins(database: Database) -> None:
    job = database.create()
    _told(database, job, "completed", result={"output": 1}, provider_job_id="fast")
    late = _submitted(database, job, "fast")
    assert (late["status"], late["result"], late["provider"]) == ("completed", {"output": 1}, "runpod")


def test_a_job_cancelled_while_it_is_submitted_keeps_the_providers_id(database: Database) -> None:
    job = database.create()
    database.call("job_cancel", job["id"], None)
    late = _submitted(database, job, "to-cancel-there-too")
    assert (late["status"], late["provider_job_id"]) == ("cancelled", "to-cancel-there-too")


def test_a_job_is_found_by_our_id_and_by_the_providers(database: Database, user: str) -> None:
    job = _submitted(database, database.create(user))
    for name in (job["id"], job["id"].upper(), job["provider_job_id"]):
        assert database.call("job_get", name, user) == job
        assert database.call("job_get", name, None) == job


@pytest.mark.parametrize("name", ["", "nothing", "'; drop table jobs --", str(uuid.UUID(int=7))])
def test_what_does_not_exist_is_null(database: Database, name: str) -> None:
    assert database.call("job_get", name, None) is None


def test_another_users_job_is_null_by_either_id(database: Database, user: str) -> None:
    for owner in (user, None):
        job = _submitted(database, database.create(owner))
        stranger = str(uuid.uuid4())
        assert database.call("job_get", job["id"], stranger) is None
        assert database.call("job_get", job["provider_job_id"], stranger) is None


def test_pages_show_each_job_once_newest_first_also_when_times_are_equal(
    database: Database, user: str
) -> None:
    with database.acting("service_role") as connection:
        connection.execute(
            "insert into public.jobs (user_id, created_at, finished_at, status) select"
            " %s, '2026-01-01'::timestamptz + n / 3 * interval '1s', now(), 'completed'"
            " from generate_series(1, 23) as n",
            (user,),
        )
    seen: list[dict[str, Any]] = []
    after: tuple[Any, Any] = (None, None)
    while page := database.call("job_list", user, None, None, 5, *after):
        assert len(page) <= 5
        seen += page
        after = (page[-1]["created_at"], page[-1]["id"])
    keys = [(job["created_at"], job["id"]) for job in seen]
    assert len(keys) == 23
    assert keys == sorted(set(keys), reverse=True)


def test_lists_filter_by_owner_state_and_kind(database: Database, user: str) -> None:
    image, video = database.create(user), database.create(user, "video")
    database.create(str(uuid.uuid4()))
    database.call("job_cancel", video["id"], None)

    def ids(*filters: str | None) -> list[str]:
        return [job["id"] for job in database.call("job_list", user, *filters)]

    assert ids() == [video["id"], image["id"]]
    assert ids("cancelled") == [video["id"]]
    assert ids(None, "image") == [image["id"]]
    assert ids("cancelled", "image") == []


@pytest.mark.parametrize(("limit", "rows"), [(None, 3), (0, 1), (-5, 1), (2, 2), (10**6, 3)])
def test_a_limit_is_kept_within_bounds(database: Database, user: str, limit: int | None, rows: int) -> None:
    for _ in range(3):
        database.create(user)
    assert len(database.call("job_list", user, None, None, limit)) == rows


@pytest.mark.parametrize("where", ["user_id = %(user)s", "status = 'failed'", "true"])
def test_each_page_is_read_from_an_index(database: Database, user: str, where: str) -> None:
    with database.acting("service_role") as connection:
        connection.execute("set local enable_seqscan = off")
        connection.execute("set local enable_sort = off")
        ordered = "order by created_at desc, id desc limit 20"
        query = f"explain select * from public.jobs where {where} {ordered}"  # noqa: S608 - constants
        plan = "\n".join(row[0] for row in connection.execute(query, {"user": user}))
    assert "Index Scan using jobs_newest" in plan
    assert "Sort" not in plan


def test_news_of_an_unknown_job_is_not_found(database: Database) -> None:
    unknown = {"found": False, "changed": False, "replayed": False, "job": None}
    assert _told(database, {"id": str(uuid.uuid4())}, "completed") == unknown
    assert _told(database, {"id": None}, "completed") == unknown
    assert _told(database, {"id": None}, "completed", provider_job_id="nobody's") == unknown


@pytest.mark.parametrize("status", [None, "noop", "error"])
def test_a_state_that_no_provider_reports_is_refused(database: Database, status: Any) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        _told(database, database.create(), status)


def test_a_state_that_does_not_exist_is_refused(database: Database) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        _told(database, database.create(), "nonsense")


def test_news_with_another_runs_provider_id_is_not_this_jobs(database: Database) -> None:
    job = _submitted(database, database.create())
    assert _told(database, job, "completed", provider_job_id="other")["found"] is False
    assert database.call("job_get", job["id"], None)["status"] == "submitted"


def test_news_with_another_jobs_provider_id_is_not_this_jobs(database: Database) -> None:
    other, job = _submitted(database, database.create()), database.create()
    told = _told(database, job, "running", provider_job_id=other["provider_job_id"])
    assert told == {"found": False, "changed": False, "replayed": False, "job": None}
    assert database.call("job_get", job["id"], None) == job


def test_news_is_found_by_the_providers_id_alone(database: Database) -> None:
    job = _submitted(database, database.create())
    told = _told(database, {"id": None}, "running", provider_job_id=job["provider_job_id"])
    assert (told["changed"], told["job"]["id"], told["job"]["status"]) == (True, job["id"], "running")


def test_a_job_runs_through_its_phases_and_completes_once(database: Database) -> None:
    job = _submitted(database, database.create())
    for phase, progress in (("initializing", 0), ("generating", 50), ("saving", 90)):
        told = _told(database, job, "running", phase=phase, progress=progress)
        assert (told["changed"], told["job"]["phase"], told["job"]["progress"]) == (True, phase, progress)
        assert _told(database, job, "running", phase=phase, progress=progress)["changed"] is False
    done = _told(database, job, "completed", result={"output": {"files": []}})
    assert done["changed"]
    assert (done["job"]["status"], done["job"]["progress"], done["job"]["phase"]) == ("completed", 100, None)
    assert done["job"]["result"] == {"output": {"files": []}}
    replay = _told(database, job, "failed", result={"error": "late"})
    assert (replay["found"], replay["changed"], replay["job"]) == (True, False, done["job"])


def test_progress_and_phase_never_go_back(database: Database) -> None:
    job = _submitted(database, database.create())
    _told(database, job, "running", phase="saving", progress=80)
    late = _told(database, job, "running", phase="generating", progress=30)
    assert (late["changed"], late["job"]["phase"], late["job"]["progress"]) == (False, "saving", 80)
    assert _told(database, job, "submitted")["job"]["status"] == "running"


def test_the_providers_own_time_tells_when_the_work_began(database: Database) -> None:
    job = _submitted(database, database.create())
    with database.acting("service_role") as connection:
        connection.execute(
            "update public.jobs set created_at = now() - interval '1 minute' where id = %s", (job["id"],)
        )
    done = _told(database, job, "completed", result={"executionTime": 2500})["job"]
    with database.acting("service_role") as connection:
        query = "select finished_at - started_at = interval '2.5 seconds' from public.jobs where id = %s"
        assert connection.execute(query, (done["id"],)).fetchone() == (True,)


def test_a_user_cancels_own_jobs_only_and_only_once(database: Database, user: str) -> None:
    job = database.create(user)
    assert database.call("job_cancel", job["id"], str(uuid.uuid4()))["found"] is False
    first = database.call("job_cancel", job["id"], user)
    assert (first["found"], first["changed"], first["job"]["status"]) == (True, True, "cancelled")
    second = database.call("job_cancel", job["id"], user)
    assert (second["found"], second["changed"]) == (True, False)
    assert database.call("job_cancel", uuid.uuid4(), None) == {"found": False, "changed": False, "job": None}


def test_not_even_an_update_changes_a_terminal_state(database: Database) -> None:
    job = database.create()
    database.call("job_cancel", job["id"], None)
    with (
        pytest.raises(psycopg.errors.CheckViolation, match="cannot become running"),
        database.acting("service_role") as c,
    ):
        c.execute("update public.jobs set status = 'running', finished_at = null where id = %s", (job["id"],))


def test_twenty_deliveries_at_once_change_a_job_once(cloud: Cloud, database: Database) -> None:
    job = _submitted(database, database.create())
    name = database.connection.info.dbname
    changes: list[bool] = []

    def deliver() -> None:
        with cloud.connect(name) as connection:
            query = "select public.job_provider_event(%s, null, 'completed')"
            changes.append(connection.execute(query, (job["id"],)).fetchone()[0]["changed"])

    threads = [threading.Thread(target=deliver) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(changes) == [False] * 19 + [True]
