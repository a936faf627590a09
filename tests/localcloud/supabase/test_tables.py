"""/rest/v1/<table>: reading, writing, and PostgREST's own errors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.localcloud.postgres.throwaway import Cloud
    from tests.localcloud.supabase.conftest import Client

pytestmark = pytest.mark.usefixtures("books")
ONE = "application/vnd.pgrst.object+json"


def _ids(client: Client, query: str) -> list[int]:
    answer = client("GET", f"/rest/v1/books?select=id&order=id&{query}")
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/nothing", 404, "PGRST205"),
        ("/books/1", 404, "PGRST125"),
        ("/books?id=5", 400, "PGRST100"),
        ("/books?id=eqq.5", 400, "PGRST100"),
        ("/books?id=is.maybe", 400, "PGRST100"),
        ("/books?id=in.1,2", 400, "PGRST100"),
        ("/books?or=id.eq.1", 400, "PGRST100"),
        ("/books?or=(id.eq.1", 400, "PGRST100"),
        ("/books?and=()", 400, "PGRST100"),
        ("/books?order=id.up;drop", 400, "42703"),
        ("/books?limit=many", 400, "PGRST100"),
        ("/books?limit=-1", 416, "PGRST103"),
        ("/books?select=id::in'jected", 400, "PGRST100"),
        ("/books?select=author(name)", 400, "PGRST100"),
        ("/books?select=nothing", 400, "42703"),
        ("/books?nothing=eq.1", 400, "42703"),
        ("/books?id=eq.one", 400, "22P02"),
        ("/books?title=eq.a%00b", 400, "PGRST100"),
        ("/books?select=a%25s", 400, "PGRST100"),
        ("/books?id=cs.{1}", 404, "42883"),
    ],
)
def test_a_wrong_read_is_refused(service: Client, path: str, status: int, code: str) -> None:
    answer = service("GET", f"/rest/v1{path}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set(answer.json()) == {"code", "details", "hint", "message"}


def test_a_table_that_is_nearly_named_is_hinted_at(service: Client) -> None:
    answer = service("GET", "/rest/v1/book")
    assert answer.json() == {
        "code": "PGRST205",
        "details": None,
        "hint": "Perhaps you meant the table 'public.books'",
        "message": "Could not find the table 'public.book' in the schema cache",
    }


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("id=eq.2", [2]),
        ("id=neq.2", [1, 3, 4, 5]),
        ("id=gt.3&id=lte.4", [4]),
        ("id=gte.2&id=lt.4", [2, 3]),
        ("title=like.*ta*", [2, 4]),
        ("title=ilike.alpha", [1]),
        ("title=like(any).{A*,B*}", [1, 2]),
        ("title=match.^[A-B]", [1, 2]),
        ("pages=is.null", [3]),
        ("pages=not.is.null", [1, 2, 4, 5]),
        ("id=in.(1,3,9)", [1, 3]),
        ("id=in.()", []),
        ("id=not.in.(1,3)", [2, 4, 5]),
        ('title=in.("Beta, the second","Gamma (3)")', [2, 3]),
        ('title=in.("Delta \\"quoted\\"")', [4]),
        ("tags=cs.{red}", [1, 2]),
        ("tags=cd.{red,green}", [2, 3, 5]),
        ("tags=ov.{blue,green}", [1, 4, 5]),
        ('meta=cs.{"year":2000}', [4]),
        ("meta->>year=eq.2000", [4]),
        ("meta->year=gt.1950", [4, 5]),
        ("meta->author->>name=eq.Ada", [1]),
        ("meta->keys->0=eq.7", [1]),
        ("or=(id.eq.1,id.eq.5)", [1, 5]),
        ("or=(id.eq.1,and(pages.gt.150,pages.lt.450))", [1, 2, 4]),
        ("and=(id.gt.1,not.or(id.eq.3,id.eq.4))", [2, 5]),
        ("not.or=(id.eq.1,id.in.(2,3))", [4, 5]),
        ('or=(title.eq."Beta, the second",id.eq.3)', [2, 3]),
        ("title=fts(simple).second", [2]),
        ("pages=isdistinct.100", [2, 3, 4, 5]),
        ("title=eq.' or 1=1 --", []),
    ],
)
def test_filters(service: Client, query: str, ids: list[int]) -> None:
    assert _ids(service, query.replace("%", "%25").replace("+", "%2B")) == ids


def test_select_names_casts_and_reaches_into_json(service: Client) -> None:
    query = "select=number:id::text,title,author:meta->author->>name,meta->year,meta->keys->1&id=eq.1"
    assert service("GET", f"/rest/v1/books?{query}").json() == [
        {"number": "1", "title": "Alpha", "author": "Ada", "year": 1843, "keys": 8}
    ]


@pytest.mark.parametrize(
    ("order", "ids"),
    [
        ("id.desc", [5, 4, 3, 2, 1]),
        ("pages.desc", [3, 5, 4, 2, 1]),
        ("pages.desc.nullslast", [5, 4, 2, 1, 3]),
        ("pages.asc.nullsfirst", [3, 1, 2, 4, 5]),
        ("pages.nullsfirst,id", [3, 1, 2, 4, 5]),
        ("meta->>year.desc.nullslast,id", [5, 4, 2, 1, 3]),
    ],
)
def test_order(service: Client, order: str, ids: list[int]) -> None:
    assert [row["id"] for row in service("GET", f"/rest/v1/books?select=id&order={order}").json()] == ids


@pytest.mark.parametrize(
    ("query", "headers", "prefer", "status", "content_range", "rows"),
    [
        ("", {}, "", 200, "0-4/*", 5),
        ("&id=eq.9", {}, "", 200, "*/*", 0),
        ("&id=eq.9", {}, "count=exact", 200, "*/0", 0),
        ("&limit=2", {}, "", 200, "0-1/*", 2),
        ("&limit=2&offset=1", {}, "count=exact", 206, "1-2/5", 2),
        ("", {"Range": "3-9", "Range-Unit": "items"}, "count=exact", 206, "3-4/5", 2),
        ("", {"Range": "3-"}, "", 200, "3-4/*", 2),
        ("&limit=0", {}, "", 200, "*/*", 0),
    ],
)
def test_pages(  # noqa: PLR0913, PLR0917 - one column of the table above each
    service: Client, query: str, headers: Any, prefer: str, status: int, content_range: str, rows: int
) -> None:
    answer = service("GET", f"/rest/v1/books?order=id{query}", prefer=prefer, headers=headers)
    assert (answer.status_code, answer.headers["content-range"]) == (status, content_range)
    assert len(answer.json()) == rows


def test_a_page_after_the_last_row_is_refused_when_rows_are_counted(service: Client) -> None:
    answer = service("GET", "/rest/v1/books?offset=9", prefer="count=exact")
    assert (answer.status_code, answer.json()["code"]) == (416, "PGRST103")
    assert answer.json()["details"] == "An offset of 9 was requested, but there are only 5 rows."


def test_head_counts_without_a_body(service: Client) -> None:
    answer = service("HEAD", "/rest/v1/books", prefer="count=exact")
    assert (answer.headers["content-range"], answer.content) == ("0-4/5", b"")


@pytest.mark.parametrize(("query", "rows"), [("id=gt.1", 4), ("id=eq.9", 0)])
def test_one_object_needs_exactly_one_row(service: Client, query: str, rows: int) -> None:
    answer = service("GET", f"/rest/v1/books?{query}", headers={"Accept": ONE})
    assert (answer.status_code, answer.json()["code"]) == (406, "PGRST116")
    assert answer.json()["details"] == f"The result contains {rows} rows"


def test_one_row_is_one_object_where_asked(service: Client) -> None:
    answer = service("GET", "/rest/v1/books?id=eq.3&select=id,pages", headers={"Accept": ONE})
    assert answer.json() == {"id": 3, "pages": None}
    assert answer.headers["content-type"] == f"{ONE}; charset=utf-8"
    stripped = service(
        "GET", "/rest/v1/books?id=eq.3&select=id,pages", headers={"Accept": f"{ONE};nulls=stripped"}
    )
    assert stripped.json() == {"id": 3}


def test_a_form_that_is_not_served_is_refused(service: Client) -> None:
    answer = service("GET", "/rest/v1/books", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.json()["code"]) == (406, "PGRST107")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("", 400, "PGRST102"),
        ("{", 400, "PGRST102"),
        ("3", 400, "PGRST102"),
        ("[1]", 400, "PGRST102"),
        ("[" * 100_000, 400, "PGRST102"),
        ('[{"id": 8, "title": "x"}, {"id": 9}]', 400, "PGRST102"),
        ('{"nothing": 1}', 400, "PGRST204"),
        ('{"id": 8}', 400, "23502"),
        ('{"id": 1, "title": "x"}', 409, "23505"),
        ('{"id": "one", "title": "x"}', 400, "22P02"),
    ],
)
def test_a_wrong_insert_is_refused_and_nothing_is_stored(
    service: Client, body: str, status: int, code: str
) -> None:
    answer = service("POST", "/rest/v1/books", content=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert _ids(service, "") == [1, 2, 3, 4, 5]


def test_an_insert_says_nothing_unless_asked(service: Client) -> None:
    answer = service("POST", "/rest/v1/books", json={"id": 6, "title": "Zeta"})
    assert (answer.status_code, answer.content) == (201, b"")
    assert _ids(service, "id=eq.6") == [6]


def test_an_insert_gives_back_the_columns_that_are_asked_for(service: Client) -> None:
    rows = [{"id": 6, "title": "Zeta", "meta": {"a": 1}}, {"id": 7, "title": "Eta", "meta": None or {}}]
    answer = service("POST", "/rest/v1/books?select=id,a:meta->a", json=rows, prefer="return=representation")
    assert (answer.status_code, answer.json()) == (201, [{"id": 6, "a": 1}, {"id": 7, "a": None}])
    assert answer.headers["preference-applied"] == "return=representation"


def test_a_missing_key_is_null_or_the_default(service: Client) -> None:
    rows = [{"id": 6, "title": "Zeta", "shelf": "top"}, {"id": 7, "title": "Eta"}]
    path = "/rest/v1/books?columns=id,title,shelf&select=shelf"
    as_null = service("POST", path, json=rows, prefer="return=representation")
    assert as_null.json() == [{"shelf": "top"}, {"shelf": None}]
    service("DELETE", "/rest/v1/books?id=gt.5")
    as_default = service("POST", path, json=rows, prefer="return=representation,missing=default")
    assert as_default.json() == [{"shelf": "top"}, {"shelf": "50% off"}]


def test_an_empty_list_inserts_nothing_and_an_empty_object_the_defaults(service: Client) -> None:
    assert service("POST", "/rest/v1/books", json=[]).status_code == 201
    assert service("POST", "/rest/v1/books", json={}).json()["code"] == "23502"  # title has no default


def test_numbers_arrive_as_they_were_sent(service: Client) -> None:
    body = '{"id": 6, "title": "Zeta", "meta": {"big": 12345678901234567890.123456789}}'
    service("POST", "/rest/v1/books", content=body)
    assert "12345678901234567890.123456789" in service("GET", "/rest/v1/books?id=eq.6").text


def test_an_upsert_merges_or_ignores(service: Client) -> None:
    rows = [{"id": 1, "title": "New"}, {"id": 6, "title": "Zeta"}]
    prefer = "return=representation,resolution="
    ignored = service("POST", "/rest/v1/books?select=id", json=rows, prefer=f"{prefer}ignore-duplicates")
    assert ignored.json() == [{"id": 6}]
    merged = service(
        "POST", "/rest/v1/books?select=id,title,pages", json=rows[:1], prefer=f"{prefer}merge-duplicates"
    )
    assert merged.json() == [{"id": 1, "title": "New", "pages": 100}]


def test_an_upsert_takes_the_columns_that_conflict(service: Client) -> None:
    row = {"id": 1, "title": "Same", "isbn": "a"}
    answer = service(
        "POST", "/rest/v1/books?on_conflict=isbn", json=row, prefer="resolution=merge-duplicates"
    )
    assert answer.status_code == 201
    assert service("GET", "/rest/v1/books?id=eq.1&select=title").json() == [{"title": "Same"}]


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_change_of_every_row_must_be_meant(service: Client, method: str) -> None:
    answer = service(method, "/rest/v1/books", json={"pages": 1})
    assert (answer.status_code, answer.json()["code"]) == (400, "21000")
    assert "requires a WHERE clause" in answer.json()["message"]


def test_an_update_changes_what_matches(service: Client) -> None:
    path = "/rest/v1/books?id=in.(1,2)&select=id,pages&order=id.desc"
    answer = service(
        "PATCH", path, json={"pages": 7, "tags": ["x"]}, prefer="return=representation,count=exact"
    )
    assert (answer.status_code, answer.json()) == (200, [{"id": 2, "pages": 7}, {"id": 1, "pages": 7}])
    assert answer.headers["content-range"] == "0-1/2"
    assert _ids(service, "tags=cs.{x}") == [1, 2]


def test_an_update_of_nothing_is_empty(service: Client) -> None:
    assert service("PATCH", "/rest/v1/books?id=eq.9", json={"pages": 7}).status_code == 204
    assert service("PATCH", "/rest/v1/books?id=eq.1", json={}).status_code == 204


def test_a_delete_gives_back_what_is_gone(service: Client) -> None:
    answer = service("DELETE", "/rest/v1/books?id=eq.1&select=title", prefer="return=representation")
    assert (answer.status_code, answer.json()) == (200, [{"title": "Alpha"}])
    assert _ids(service, "") == [2, 3, 4, 5]


def test_a_change_that_cannot_be_shown_as_one_object_is_not_made(service: Client) -> None:
    answer = service(
        "DELETE", "/rest/v1/books?id=gt.1", prefer="return=representation", headers={"Accept": ONE}
    )
    assert answer.json()["code"] == "PGRST116"
    assert _ids(service, "") == [1, 2, 3, 4, 5]


def test_put_is_not_served(service: Client) -> None:
    assert service("PUT", "/rest/v1/books?id=eq.1", json={}).json()["code"] == "PGRST117"


def test_a_table_made_after_the_start_is_served_at_once(service: Client, cloud: Cloud) -> None:
    with cloud.connect() as connection:
        connection.execute("create table public.late as select 1 as id")
        assert service("GET", "/rest/v1/late").json() == [{"id": 1}]
        connection.execute("alter table public.late add column name text")
        assert service("POST", "/rest/v1/late", json={"id": 2, "name": "x"}).status_code == 201
        connection.execute("drop table public.late")
    assert service("GET", "/rest/v1/late").json()["code"] == "PGRST205"


def test_no_more_than_a_thousand_rows_come_at_once(service: Client) -> None:
    rows = [{"id": n, "title": "x"} for n in range(10, 1010)]
    assert service("POST", "/rest/v1/books", content=json.dumps(rows)).status_code == 201
    assert len(service("GET", "/rest/v1/books?limit=5000").json()) == 1000
