"""A base of ours (RFC 8445 section 4): a socket, or the relayed address of a TURN allocation.

What belongs here: what the core knows of one. What carries its datagrams is the shell's.
"""

from __future__ import annotations

from dataclasses import dataclass

from icetui.events import Candidate

Address = tuple[str, int]
"""An IP address without a zone, and a port."""


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """Two are the same only if they are one object: sessions share sockets."""

    candidate: Candidate
    """The host or relayed candidate that it stands for."""

    @property
    def address(self) -> Address:
        return (self.candidate.address, self.candidate.port)

    @property
    def relayed(self) -> bool:
        return self.candidate.type == "relay"

    def __repr__(self) -> str:
        return f"base {self.candidate.id}"
