"""A mark by which two sides notice that they ask the same server, without naming it."""

from __future__ import annotations

import hashlib

MARK = 3
"""Bytes. Two different servers have the same mark once in 16 million pairs."""
MOST_MARKS = 2
"""Servers that a blob marks, of those that answer and of those that are silent."""


def server_mark(host: str, port: int) -> bytes:
    """Of a server as it is named: the beginning of the SHA-256 of `host:port` in lower case."""
    return hashlib.sha256(f"{host.rstrip('.')}:{port}".lower().encode()).digest()[:MARK]
