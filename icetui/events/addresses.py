"""Transport addresses as text."""

from __future__ import annotations


def bracketed(host: str) -> str:
    """An IPv6 address in brackets, anything else as it is (RFC 3986 section 3.2.2)."""
    return f"[{host}]" if ":" in host else host


def address_port(address: str, port: int) -> str:
    """`192.0.2.1:3478` or `[2001:db8::1]:3478`."""
    return f"{bracketed(address)}:{port}"
