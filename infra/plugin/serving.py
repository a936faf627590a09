"""Serves a provider to the Pulumi engine, with errors as their author wrote them."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import provider_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pulumi.provider.experimental.provider import Provider


class PluginError(Exception):
    """Something a person is to read: its text reaches the terminal as it is."""


class _Plainly(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]  # generic in the stubs only
    """Without it gRPC would put «Unexpected <class …>» before every message."""

    async def intercept_service(
        self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: Any
    ) -> Any:
        handler = await continuation(handler_call_details)

        async def call(request: Any, context: Any) -> Any:
            try:
                return await handler.unary_unary(request, context)
            except PluginError as error:
                await context.abort(grpc.StatusCode.UNKNOWN, str(error))

        return grpc.unary_unary_rpc_method_handler(
            call, handler.request_deserializer, handler.response_serializer
        )


def serve(provider: Provider, version: str) -> None:
    """Serve on a free loopback port, printed on stdout as the engine expects, until the engine ends."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(provider, version))


async def _serve(provider: Provider, version: str) -> None:
    engine = sys.argv[1]
    server = grpc.aio.server(options=_GRPC_CHANNEL_OPTIONS, interceptors=[_Plainly()])
    servicer = ProviderServicer(sys.argv[1:], version, provider, engine_address=engine)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)  # noqa: T201 - the plugin protocol's first and only line
    await server.wait_for_termination()
