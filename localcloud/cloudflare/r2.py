"""R2 buckets: their settings are here, their objects in the local cloud's object store."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from localcloud.cloudflare.call import Answer, Call, Resource
from localcloud.cloudflare.errors import (
    BucketExistsError,
    BucketNotEmptyError,
    BucketNotFoundError,
    InvalidBucketNameError,
    InvalidRequestError,
)
from localcloud.cloudflare.identity import stamp
from localcloud.cloudflare.paging import MOST_PER_PAGE, PER_PAGE, count_of
from localcloud.cloudflare.store import DuplicateError
from localcloud.r2 import store as objects

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from localcloud.cloudflare.store import Body, Records

NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
JURISDICTIONS = ("default", "eu", "us", "fedramp", "fedramp-high")
LOCATIONS = ("apac", "eeur", "enam", "weur", "wnam", "oc")
STORAGE_CLASSES = ("Standard", "InfrequentAccess")


def bucket_name(name: str) -> str:
    """See that a name keeps R2's rules; pure.

    Raises:
        InvalidBucketNameError: it does not.
    """
    if not NAME.fullmatch(name):
        raise InvalidBucketNameError
    return name


def page_of(buckets: Sequence[Body], query: Mapping[str, str]) -> tuple[list[Body], dict[str, Any]]:
    """The part of a list that a query asks for; `cursor` leads on and is empty at the end. Pure."""
    per_page = count_of(query, "per_page", PER_PAGE, MOST_PER_PAGE)
    down = query.get("direction") == "desc"
    after = query.get("cursor") or query.get("start_after") or ""
    chosen = sorted(
        (bucket for bucket in buckets if query.get("name_contains", "") in bucket["name"]),
        key=lambda bucket: bucket["name"],
        reverse=down,
    )
    if after:
        chosen = [one for one in chosen if (one["name"] < after if down else one["name"] > after)]
    page = chosen[:per_page]
    return page, {"per_page": per_page, "cursor": page[-1]["name"] if len(chosen) > per_page else ""}


def answer_of(bucket: Body) -> dict[str, Any]:
    """A bucket as the API gives it."""
    return {key: value for key, value in bucket.items() if key != "id"}


def _jurisdiction(call: Call) -> str:
    jurisdiction = call.request.headers.get("cf-r2-jurisdiction", "default")
    if jurisdiction not in JURISDICTIONS:
        raise InvalidRequestError(f"cf-r2-jurisdiction must be one of {', '.join(JURISDICTIONS)}.")
    return jurisdiction


def _bucket_of(call: Call, records: Records) -> Body:
    bucket = records.named("bucket", call.params["account_id"], call.params["bucket_name"])
    if bucket is None or bucket["jurisdiction"] != _jurisdiction(call):
        raise BucketNotFoundError
    return bucket


async def create(call: Call) -> Answer:
    """Make a bucket."""
    fields = await call.fields()
    name = bucket_name(fields.text("name"))
    bucket = {
        "id": name,
        "name": name,
        "creation_date": stamp(call.now),
        "location": fields.choice("locationHint", LOCATIONS, "weur"),
        "storage_class": fields.choice("storageClass", STORAGE_CLASSES, "Standard"),
        "jurisdiction": _jurisdiction(call),
    }
    async with call.cloud.change() as records:
        try:
            records.add("bucket", call.params["account_id"], bucket, name=name)
        except DuplicateError:
            raise BucketExistsError from None
        # A crash right after this leaves a place for objects without a bucket; the next try takes it over.
        call.cloud.objects.create_bucket(name)
    return Answer(answer_of(bucket))


async def listing(call: Call) -> Answer:
    """The account's buckets of one jurisdiction."""
    jurisdiction = _jurisdiction(call)
    buckets = call.cloud.store.committed.listed("bucket", call.params["account_id"])
    page, info = page_of([one for one in buckets if one["jurisdiction"] == jurisdiction], call.query)
    return Answer({"buckets": [answer_of(bucket) for bucket in page]}, info)


async def read(call: Call) -> Answer:
    """One bucket."""
    return Answer(answer_of(_bucket_of(call, call.cloud.store.committed)))


async def edit(call: Call) -> Answer:
    """Change the storage class, which stands in a header."""
    storage_class = call.request.headers.get("cf-r2-storage-class")
    if storage_class not in STORAGE_CLASSES:
        raise InvalidRequestError(f"cf-r2-storage-class must be one of {', '.join(STORAGE_CLASSES)}.")
    async with call.cloud.change() as records:
        bucket = {**_bucket_of(call, records), "storage_class": storage_class}
        records.save("bucket", bucket, name=bucket["name"])
    return Answer(answer_of(bucket))


async def delete(call: Call) -> Answer:
    """Remove a bucket that holds no objects."""
    async with call.cloud.change() as records:
        bucket = _bucket_of(call, records)
        records.remove("bucket", bucket["id"])
        try:
            call.cloud.objects.delete_bucket(bucket["name"])
        except objects.BucketNotEmptyError:
            raise BucketNotEmptyError from None
    return Answer({})


RESOURCE: Resource = {
    "/accounts/{account_id}/r2/buckets": {"POST": create, "GET": listing},
    "/accounts/{account_id}/r2/buckets/{bucket_name}": {"GET": read, "PATCH": edit, "DELETE": delete},
}
