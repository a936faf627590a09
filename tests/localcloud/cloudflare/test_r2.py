from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cloudflare.types.r2 import Bucket, BucketListResponse

from tests.localcloud.cloudflare.emulator import A, loads_as

if TYPE_CHECKING:
    from localcloud.r2.store import Store as ObjectStore
    from tests.localcloud.cloudflare.emulator import Api

BUCKETS = f"{A}/r2/buckets"


@pytest.mark.parametrize("name", ["ab", "n" * 64, "Media", "-media", "media-", "me.dia", "me dia", ""])
async def test_a_name_that_breaks_r2s_rules_is_refused(api: Api, name: str) -> None:
    assert (await api.refused("POST", BUCKETS, {"name": name}))[:2] == (400, 10005)


@pytest.mark.parametrize(
    "body", [{}, {"name": "media", "locationHint": "moon"}, {"name": "media", "storageClass": "x"}]
)
async def test_a_wrong_field_is_refused(api: Api, body: dict[str, Any]) -> None:
    assert (await api.refused("POST", BUCKETS, body))[:2] == (400, 10026)


async def test_a_name_that_is_taken_is_refused(api: Api) -> None:
    await api.ok("POST", BUCKETS, {"name": "media"})
    assert (await api.refused("POST", BUCKETS, {"name": "media"}))[:2] == (409, 10004)


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_a_bucket_that_does_not_exist_is_not_found(api: Api, method: str) -> None:
    headers = {"cf-r2-storage-class": "Standard"}
    assert (await api.refused(method, f"{BUCKETS}/none", headers=headers))[:2] == (404, 10006)


async def test_a_bucket_that_holds_objects_is_not_deleted(api: Api, objects: ObjectStore) -> None:
    await api.ok("POST", BUCKETS, {"name": "media"})
    objects.put("media", "a.txt", [b"a"])
    assert (await api.refused("DELETE", f"{BUCKETS}/media"))[:2] == (409, 10008)
    assert (await api.ok("GET", f"{BUCKETS}/media"))["name"] == "media"
    objects.delete("media", ["a.txt"])
    await api.ok("DELETE", f"{BUCKETS}/media")
    assert objects.buckets() == []
    assert (await api.refused("GET", f"{BUCKETS}/media"))[:2] == (404, 10006)


async def test_a_bucket_is_given_back_as_it_was_made(api: Api, objects: ObjectStore) -> None:
    body = {"name": "media", "locationHint": "apac", "storageClass": "InfrequentAccess"}
    made = await api.ok("POST", BUCKETS, body, headers={"cf-r2-jurisdiction": "eu"})
    loads_as(Bucket, made)
    assert made == {
        "name": "media",
        "location": "apac",
        "storage_class": "InfrequentAccess",
        "jurisdiction": "eu",
        "creation_date": "2026-11-20T12:00:00.000000Z",
    }
    assert await api.ok("GET", f"{BUCKETS}/media", headers={"cf-r2-jurisdiction": "eu"}) == made
    assert (await api.refused("GET", f"{BUCKETS}/media"))[1] == 10006
    assert objects.buckets() == ["media"]


async def test_what_is_not_sent_has_a_default(api: Api) -> None:
    made = await api.ok("POST", BUCKETS, {"name": "media"})
    assert (made["location"], made["storage_class"], made["jurisdiction"]) == ("weur", "Standard", "default")


async def test_the_storage_class_changes_by_header(api: Api) -> None:
    await api.ok("POST", BUCKETS, {"name": "media"})
    headers = {"cf-r2-storage-class": "InfrequentAccess"}
    changed = await api.ok("PATCH", f"{BUCKETS}/media", headers=headers)
    assert changed["storage_class"] == "InfrequentAccess"
    assert (await api.refused("PATCH", f"{BUCKETS}/media"))[:2] == (400, 10026)


async def test_a_list_goes_on_at_its_cursor_until_it_is_empty(api: Api) -> None:
    names = ["alpha", "beta", "gamma", "media-one", "media-two"]
    for name in reversed(names):
        await api.ok("POST", BUCKETS, {"name": name})
    seen, cursor = [], ""
    while True:
        envelope = (await api.send("GET", f"{BUCKETS}?per_page=2&cursor={cursor}")).json()
        loads_as(BucketListResponse, envelope["result"])
        seen += [bucket["name"] for bucket in envelope["result"]["buckets"]]
        cursor = envelope["result_info"]["cursor"]
        if not cursor:
            break
    assert seen == names


async def test_a_list_is_filtered_and_turned_round(api: Api) -> None:
    for name in ("alpha", "media-one", "media-two"):
        await api.ok("POST", BUCKETS, {"name": name})
    found = await api.ok("GET", f"{BUCKETS}?name_contains=media&direction=desc&per_page=20.0")
    assert [bucket["name"] for bucket in found["buckets"]] == ["media-two", "media-one"]
    after = await api.ok("GET", f"{BUCKETS}?start_after=alpha&per_page=1")
    assert [bucket["name"] for bucket in after["buckets"]] == ["media-one"]
