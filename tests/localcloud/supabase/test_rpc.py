"""/rest/v1/rpc/<function>."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.localcloud.postgres.throwaway import Cloud
    from tests.localcloud.supabase.conftest import Client

pytestmark = pytest.mark.usefixtures("books")


@pytest.mark.parametrize(
    ("name", "arguments", "status", "code"),
    [
        ("nothing", {}, 404, "PGRST202"),
        ("add", {}, 404, "PGRST202"),
        ("add", {"a": 1, "c": 2}, 404, "PGRST202"),
        ("twice", {"a": 1}, 300, "PGRST203"),
        ("add", {"a": "x"}, 400, "22P02"),
        ("fail", {"code": "P0001"}, 400, "P0001"),
        ("fail", {"code": "23505"}, 409, "23505"),
        ("fail", {"code": "23503"}, 409, "23503"),
        ("fail", {"code": "42501"}, 403, "42501"),
        ("fail", {"code": "40001"}, 500, "40001"),
        ("fail", {"code": "53300"}, 503, "53300"),
        ("fail", {"code": "28000"}, 403, "28000"),
        ("fail", {"code": "PT402"}, 402, "PT402"),
    ],
)
def test_a_wrong_call_is_refused(service: Client, name: str, arguments: Any, status: int, code: str) -> None:
    answer = service("POST", f"/rest/v1/rpc/{name}", json=arguments)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_an_error_raised_in_sql_keeps_its_words(service: Client) -> None:
    assert service("POST", "/rest/v1/rpc/fail", json={"code": "P0001"}).json() == {
        "code": "P0001",
        "message": "failed on purpose",
        "details": "the detail",
        "hint": "the hint",
    }


def test_a_body_that_is_not_json_is_refused(service: Client) -> None:
    assert service("POST", "/rest/v1/rpc/add", content="{").json()["code"] == "PGRST102"


@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("add", {"a": 1, "b": 2}, 3),
        ("add", {"a": 1}, 2),
        ("add", {"a": None}, None),
        ("echo", {"any": [1, None, "x"]}, {"any": [1, None, "x"]}),
        ("sums", {"n": [1, 2, 3]}, 6),
        ("titles", {}, ["Alpha", "Beta, the second", "Gamma (3)", 'Delta "quoted"', "Épsilon"]),
    ],
)
def test_values_come_as_they_are(service: Client, name: str, arguments: Any, answer: Any) -> None:
    assert service("POST", f"/rest/v1/rpc/{name}", json=arguments).json() == answer


def test_no_body_is_no_arguments(service: Client) -> None:
    assert service("POST", "/rest/v1/rpc/titles").status_code == 200


def test_rows_are_a_list_and_one_row_is_an_object(service: Client) -> None:
    assert [b["id"] for b in service("POST", "/rest/v1/rpc/long_books", json={"min_pages": 200}).json()] == [
        2,
        4,
        5,
    ]
    assert service("POST", "/rest/v1/rpc/one_book", json={"book": 4}).json()["pages"] == 400


def test_a_functions_rows_are_filtered_ordered_and_counted(service: Client) -> None:
    path = "/rest/v1/rpc/long_books?select=id&id=lt.5&order=id.desc&limit=1"
    answer = service("POST", path, json={"min_pages": 200}, prefer="count=exact")
    assert (answer.status_code, answer.json(), answer.headers["content-range"]) == (206, [{"id": 4}], "0-0/2")


def test_nothing_to_return_is_204(service: Client) -> None:
    answer = service("POST", "/rest/v1/rpc/forget", json={"book": 1})
    assert (answer.status_code, answer.content) == (204, b"")
    assert service("GET", "/rest/v1/books?id=eq.1").json() == []


def test_get_takes_arguments_and_filters_from_the_address(service: Client) -> None:
    assert service("GET", "/rest/v1/rpc/add?a=2&b=5").json() == 7
    answer = service("GET", "/rest/v1/rpc/long_books?min_pages=200&id=gt.2&select=id&order=id")
    assert answer.json() == [{"id": 4}, {"id": 5}]
    assert service("GET", "/rest/v1/rpc/add?x=2").json()["code"] == "PGRST202"


def test_get_changes_nothing(service: Client) -> None:
    answer = service("GET", "/rest/v1/rpc/forget?book=2")
    assert (answer.status_code, answer.json()["code"]) == (405, "25006")


def test_a_function_may_set_status_and_headers(service: Client) -> None:
    answer = service("POST", "/rest/v1/rpc/teapot")
    assert (answer.status_code, answer.headers["x-tea"], answer.json()) == (418, "green", "short and stout")


def test_sql_sees_who_asks_and_how(service: Client, anon: Client) -> None:
    assert service("GET", "/rest/v1/rpc/who", headers={"X-Mine": "yes"}).json() == {
        "role": "service_role",
        "uid": None,
        "method": "GET",
        "path": "/rpc/who",
        "header": "yes",
        "limit": "8s",
    }
    assert anon("POST", "/rest/v1/rpc/who").json() | {"method": "", "path": ""} == {
        "role": "anon",
        "uid": None,
        "method": "",
        "path": "",
        "header": None,
        "limit": "3s",
    }


def test_a_call_that_takes_too_long_is_cut_off(anon: Client) -> None:
    answer = anon("POST", "/rest/v1/rpc/sleep")
    assert (answer.status_code, answer.json()["code"]) == (500, "57014")


def test_the_functions_of_the_api_are_for_the_service_role(service: Client, anon: Client) -> None:
    arguments = {"p_user_id": None, "p_kind": "image", "p_payload": {"prompt": "a boat"}}
    made = service("POST", "/rest/v1/rpc/job_create", json=arguments)
    assert (made.status_code, made.json()["job"]["status"]) == (200, "queued")
    refused = anon("POST", "/rest/v1/rpc/job_create", json=arguments)
    assert (refused.status_code, refused.json()["code"]) == (401, "42501")


def test_a_function_that_changed_is_called_as_it_is_now(service: Client, cloud: Cloud) -> None:
    with cloud.connect() as connection:
        connection.execute("create function public.later(a int) returns int language sql as 'select a'")
        assert service("POST", "/rest/v1/rpc/later", json={"a": 1}).json() == 1
        connection.execute("drop function public.later")
        connection.execute(
            "create function public.later(a text) returns text language sql as 'select a || a'"
        )
        assert service("POST", "/rest/v1/rpc/later", json={"a": "x"}).json() == "xx"
        connection.execute("drop function public.later")
