"""Loopback ports for what a bench starts."""

from __future__ import annotations

import socket


def free_ports(count: int) -> list[int]:
    """Return ports that nothing listens on."""
    holders = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [holder.getsockname()[1] for holder in holders]
    for holder in holders:
        holder.close()
    return ports
