"""A running stand-in on the shared database, with tables of every shape beside the project's own."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from localcloud.supabase import anon_key, service_role_key
from tests.localcloud.postgres import shared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.localcloud.postgres.throwaway import Cloud

TABLES = """
create table if not exists public.books (
    id int primary key,
    title text not null,
    pages int,
    tags text [] not null default '{}',
    meta jsonb not null default '{}',
    shelf text default '50% off',
    isbn text unique
);
create or replace function public.add(a int, b int default 1) returns int
language sql immutable as 'select a + b';
create or replace function public.titles() returns setof text
language sql stable as 'select title from books order by id';
create or replace function public.long_books(min_pages int) returns setof public.books
language sql stable as 'select * from books where pages >= min_pages';
create or replace function public.one_book(book int) returns public.books
language sql stable as 'select * from books where id = book';
create or replace function public.forget(book int) returns void
language sql as 'delete from books where id = book';
create or replace function public.echo(jsonb) returns jsonb
language sql immutable as 'select $1';
create or replace function public.sums(variadic n int []) returns bigint
language sql immutable as 'select sum(x) from unnest(n) as x';
create or replace function public.twice(a int) returns int
language sql immutable as 'select a';
create or replace function public.twice(a text) returns text
language sql immutable as 'select a';
create or replace function public.who() returns jsonb language sql stable as $$
    select jsonb_build_object(
        'role', current_user, 'uid', auth.uid(), 'method', current_setting('request.method'),
        'path', current_setting('request.path'),
        'header', current_setting('request.headers')::jsonb ->> 'x-mine',
        'limit', current_setting('statement_timeout')
    )
$$;
create or replace function public.fail(code text) returns void language plpgsql as $$
begin
    raise exception 'failed on purpose' using errcode = code, detail = 'the detail', hint = 'the hint';
end
$$;
create or replace function public.teapot() returns jsonb language plpgsql as $$
begin
    perform set_config('response.status', '418', true);
    perform set_config('response.headers', '[{"X-Tea": "green"}]', true);
    return '"short and stout"';
end
$$;
create or replace function public.sleep() returns void language sql as 'select pg_sleep(30)';
"""


@dataclass
class Client:
    """Calls the stand-in as a holder of one of its keys, or as a user."""

    cloud: Cloud
    key: str
    token: str | None = None

    def __call__(self, method: str, path: str, *, prefer: str = "", **options: Any) -> httpx.Response:
        headers = {"apikey": self.key, **({"Prefer": prefer} if prefer else {}), **options.pop("headers", {})}
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        return httpx.request(method, self.cloud.url + path, headers=headers, timeout=20, **options)


@pytest.fixture(scope="session")
def cloud(request: pytest.FixtureRequest) -> Cloud:
    made = shared.serving(request.config)
    with made.connect() as connection:
        connection.execute(TABLES)
    return made


@pytest.fixture
def service(cloud: Cloud) -> Client:
    return Client(cloud, service_role_key(cloud.config))


@pytest.fixture
def anon(cloud: Cloud) -> Client:
    return Client(cloud, anon_key(cloud.config))


@pytest.fixture
def email() -> str:
    return f"{uuid.uuid4()}@example.com"


@pytest.fixture
def books(cloud: Cloud) -> Iterator[None]:
    """Five books; tests of one process run one after another."""
    with cloud.connect() as connection:
        connection.execute("""
            truncate public.books;
            insert into public.books (id, title, pages, tags, meta, isbn) values
            (1, 'Alpha', 100, '{red,blue}', '{"author": {"name": "Ada"}, "year": 1843, "keys": [7, 8]}', 'a'),
            (2, 'Beta, the second', 200, '{red}', '{"author": {"name": "Bob"}, "year": 1900}', 'b'),
            (3, 'Gamma (3)', null, '{}', '{}', 'c'),
            (4, 'Delta "quoted"', 400, '{blue}', '{"year": 2000}', 'd'),
            (5, 'Épsilon', 500, '{green}', '{"year": 2010}', 'e')
        """)
        yield
