"""The bucket that holds generated media."""

from __future__ import annotations

import pulumi
import pulumi_cloudflare as cloudflare


class Media(pulumi.ComponentResource):
    """A private R2 bucket for generated images and videos.

    It opens nothing to the public: files leave through the API, by signed address. It does not empty itself:
    Cloudflare refuses to delete a bucket that holds objects, so `pulumi destroy` cannot take media with it.
    """

    bucket_name: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        account_id: str,
        bucket: str,
        location: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("alphogenai:infra:Media", name, opts=opts)
        self.bucket = cloudflare.R2Bucket(
            name,
            account_id=account_id,
            name=bucket,
            location=location,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.bucket_name = self.bucket.name
        self.register_outputs({"bucket_name": self.bucket_name})
