"""The plugin's entry: `pulumi-resource-cloudflare` runs this module."""

from infra.plugin.serving import serve
from localcloud.provider.install import VERSION
from localcloud.provider.provider import CloudflareProvider

serve(CloudflareProvider(), VERSION)
