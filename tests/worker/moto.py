"""Moto's S3, the one that the local cloud runs, with a bucket and a key that may use it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import httpx

from tests.worker.real_workerd import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api.settings import Settings

BOOT_SECONDS = 60
BUCKET, REGION = "alphogenai-media", "us-east-1"
_POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
}


class Moto:
    """One server on loopback."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        server = str(Path(sys.executable).parent / "moto_server")
        command = [sys.executable, server, "-H", "127.0.0.1", "-p", str(port)]
        with (folder / f"moto-{port}.log").open("w") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        self._await_boot()
        iam = self._client("iam")
        iam.create_user(UserName="worker")
        iam.put_user_policy(UserName="worker", PolicyName="bucket", PolicyDocument=json.dumps(_POLICY))
        key = iam.create_access_key(UserName="worker")["AccessKey"]
        self._key_id, self._secret = key["AccessKeyId"], key["SecretAccessKey"]
        self._s3 = self._client("s3")
        self._s3.create_bucket(Bucket=BUCKET)

    def settings(self, settings: Settings) -> Settings:
        """Give a worker's settings that keep its files here."""
        return replace(
            settings,
            media_storage="s3",
            s3_bucket=BUCKET,
            s3_region=REGION,
            s3_endpoint=self.url,
            s3_access_key_id=self._key_id,
            s3_secret_access_key=self._secret,
        )

    @contextmanager
    def strict(self) -> Iterator[None]:
        """Check the signature of every request meanwhile; signed addresses moto then cannot serve."""
        self._check_all_but("0")
        try:
            yield
        finally:
            self._check_all_but("inf")

    def _check_all_but(self, count: str) -> None:
        httpx.post(f"{self.url}/moto-api/reset-auth", content=count).raise_for_status()

    def content(self, key: str) -> tuple[bytes, str]:
        """Look into the bucket past the worker: a file's bytes and type."""
        found = self._s3.get_object(Bucket=BUCKET, Key=key)
        return found["Body"].read(), found["ContentType"]

    def _client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "anyone", "aws_secret_access_key": "anyone"}  # moto takes any
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, **keys)

    def _await_boot(self) -> None:
        deadline = time.monotonic() + BOOT_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                httpx.get(f"{self.url}/moto-api/")
            except httpx.TransportError:
                time.sleep(0.2)
            else:
                return
        raise AssertionError("moto did not start")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)
