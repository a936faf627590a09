"""Our signatures are botocore's, bit for bit: its own client and signer are asked for the same requests."""

from __future__ import annotations

import calendar
import time
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import boto3
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.config import Config
from botocore.credentials import Credentials
from hypothesis import assume, example, given
from hypothesis import strategies as st

from api.domain import keys
from api.domain.sigv4 import LONGEST_SECONDS, Signer, Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SIGNER = Signer("AKIDEXAMPLE", "canary/s3+secret=0000000000000000000000", "eu-west-3")
TEMPORARY = replace(SIGNER, session_token="a/session+token==")
ENDPOINTS = (None, "http://127.0.0.1:8793", "https://storage.example:443")
BUCKET = "alphogenai-media"
NOW = 1_800_000_000.0
TYPES = st.sampled_from(["image/png", "video/mp4", "text/plain;  charset=utf-8", " application/x "])


def _is_allowed(key: str) -> bool:
    try:
        return bool(keys.parse(key))
    except keys.InvalidKeyError:
        return False


TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40)
KEYS = (TEXTS | st.text(alphabet="aé /+~%&=?#*'()!@:;,$_-.\\\"", min_size=1, max_size=20)).filter(_is_allowed)
SIGNERS, ORIGINS = st.sampled_from([SIGNER, TEMPORARY]), st.sampled_from(ENDPOINTS)


@cache
def _client(signer: Signer, endpoint: str | None) -> Any:
    client = boto3.client(
        "s3",
        region_name=signer.region,
        endpoint_url=endpoint,
        aws_access_key_id=signer.access_key_id,
        aws_secret_access_key=signer.secret_access_key,
        aws_session_token=signer.session_token or None,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path" if endpoint else "virtual", "payload_signing_enabled": False},
            request_checksum_calculation="when_required",
        ),
    )
    client.meta.events.register("before-send.s3", _answer)
    return client


_sent: list[Any] = []


class _Nothing:
    def stream(self) -> Iterator[bytes]:
        return iter(())


def _answer(request: Any, **_: Any) -> AWSResponse:
    _sent.append(request)
    return AWSResponse(request.url, 200, {}, _Nothing())


def _target(method: str, endpoint: str | None, key: str) -> Target:
    if endpoint:
        return Target(method, endpoint, f"/{BUCKET}/{key}")
    return Target(method, f"https://{BUCKET}.s3.{SIGNER.region}.amazonaws.com", f"/{key}")


def _seconds(timestamp: str) -> int:
    return calendar.timegm(time.strptime(timestamp, "%Y%m%dT%H%M%SZ"))


@pytest.mark.parametrize("operation", ["head_object", "delete_object"])
@given(signer=SIGNERS, endpoint=ORIGINS, key=KEYS)
@example(signer=SIGNER, endpoint=None, key="media/é à+b~c/0 1.png")
def test_a_request_is_signed_as_boto3s_client_signs_it(
    operation: str, signer: Signer, endpoint: str | None, key: str
) -> None:
    getattr(_client(signer, endpoint), operation)(Bucket=BUCKET, Key=key)
    sent = _sent.pop()
    theirs = {name.lower(): _text(value) for name, value in sent.headers.items()}
    signed = theirs["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    extra = {name: theirs[name] for name in signed if not name.startswith("x-amz-") and name != "host"}
    target = _target(sent.method, endpoint, key)
    assert target.address == sent.url
    ours = signer.headers(target, extra, _seconds(theirs["x-amz-date"]))
    assert {name.lower(): value for name, value in ours.items()} == {
        name: value for name, value in theirs.items() if name == "authorization" or name in signed
    }


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


@given(
    signer=SIGNERS,
    method=st.sampled_from(["GET", "PUT", "HEAD", "DELETE"]),
    key=KEYS,
    query=st.lists(st.tuples(TEXTS, st.just("") | TEXTS), max_size=4),
    headers=st.dictionaries(st.sampled_from(["Range", "content-type", "X-Amz-Meta-A"]), TYPES),
)
@example(SIGNER, "GET", "a", [("b", "~"), ("a", "é /+"), ("a", ""), ("B", "=&")], {})
def test_query_and_headers_are_signed_as_botocore_signs_them(
    signer: Signer, method: str, key: str, query: list[tuple[str, str]], headers: dict[str, str]
) -> None:
    target = replace(_target(method, None, key), query=tuple(query))
    ours = signer.headers(target, headers, NOW)
    theirs = _by_botocore(signer, target, ours)
    assert theirs["Authorization"] == ours["Authorization"]


def _by_botocore(signer: Signer, target: Target, headers: Mapping[str, str]) -> Any:
    """Sign what is sent, by botocore's signer for S3, at the time that the request names."""
    request = AWSRequest(target.method, target.address, dict(headers))
    del request.headers["Authorization"]
    request.context["timestamp"] = headers["x-amz-date"]
    signing = S3SigV4Auth(Credentials(signer.access_key_id, signer.secret_access_key), "s3", signer.region)
    canonical = signing.canonical_request(request)
    signature = signing.signature(signing.string_to_sign(request, canonical), request)
    signing._inject_signature_to_request(request, signature)
    return request.headers


@given(signer=SIGNERS, endpoint=ORIGINS, key=KEYS, seconds=st.integers(1, LONGEST_SECONDS))
def test_a_download_address_is_boto3s(signer: Signer, endpoint: str | None, key: str, seconds: int) -> None:
    theirs = _client(signer, endpoint).generate_presigned_url(
        "get_object", {"Bucket": BUCKET, "Key": key}, seconds
    )
    _check_same(theirs, signer, _target("GET", endpoint, key), {}, seconds)


@given(signer=SIGNERS, endpoint=ORIGINS, key=KEYS, content_type=TYPES)
def test_an_upload_address_is_boto3s(
    signer: Signer, endpoint: str | None, key: str, content_type: str
) -> None:
    wanted = {"Bucket": BUCKET, "Key": key, "ContentType": content_type}
    theirs = _client(signer, endpoint).generate_presigned_url("put_object", wanted, 60)
    _check_same(theirs, signer, _target("PUT", endpoint, key), {"Content-Type": content_type}, 60)


@given(signer=SIGNERS, key=KEYS, name=TEXTS)
def test_an_address_with_a_query_of_its_own_is_boto3s(signer: Signer, key: str, name: str) -> None:
    wanted = {"Bucket": BUCKET, "Key": key, "ResponseContentDisposition": name}
    theirs = _client(signer, None).generate_presigned_url("get_object", wanted, 60)
    query = (("response-content-disposition", name),)
    _check_same(theirs, signer, replace(_target("GET", None, key), query=query), {}, 60)


def _check_same(
    theirs: str, signer: Signer, target: Target, headers: Mapping[str, str], seconds: int
) -> None:
    """Compare everything but the order of the query, which no signature minds."""
    asked = dict(parse_qsl(urlsplit(theirs).query, keep_blank_values=True))
    ours = signer.address(target, headers, _seconds(asked["X-Amz-Date"]), seconds)
    assert _without_query(ours) == _without_query(theirs)
    assert sorted(urlsplit(ours).query.split("&")) == sorted(urlsplit(theirs).query.split("&"))


def _without_query(address: str) -> str:
    return address.partition("?")[0]


ADDRESS: dict[str, Any] = {
    "key": "media/j/0.png",
    "method": "PUT",
    "content_type": "image/png",
    "now": NOW,
    "seconds": 60,
}


@given(
    field=st.sampled_from(sorted(ADDRESS)),
    text=KEYS,
    number=st.integers(1, LONGEST_SECONDS),
)
def test_whatever_of_an_address_is_changed_its_signature_changes(field: str, text: str, number: int) -> None:
    changed = {**ADDRESS, field: number if field in {"now", "seconds"} else text}
    assume(changed != ADDRESS)
    assert _signature(**changed) != _signature(**ADDRESS)
    assert _signature(**ADDRESS, signer=replace(SIGNER, secret_access_key=text)) != _signature(**ADDRESS)


def _signature(  # noqa: PLR0913 - everything that an address binds
    *, key: str, method: str, content_type: str, now: float, seconds: int, signer: Signer = SIGNER
) -> str:
    target = _target(method, None, key)
    return signer.address(target, {"Content-Type": content_type}, now, seconds).rpartition("=")[2]


def test_a_signer_shows_neither_its_secret_nor_its_token() -> None:
    assert SIGNER.secret_access_key not in repr(TEMPORARY)
    assert TEMPORARY.session_token not in repr(TEMPORARY)
