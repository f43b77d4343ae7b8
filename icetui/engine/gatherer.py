"""Who uses what is gathered, as gathering knows it."""

from __future__ import annotations

from typing import Protocol

from icetui.engine.endpoint import Endpoint
from icetui.engine.net import Address
from icetui.events import Candidate


class Gatherer(Protocol):
    """A session, to those that gather for it."""

    def new_endpoint(self, *, via: str | None = None) -> Endpoint: ...
    def found(self, candidate: Candidate, endpoint: Endpoint) -> Candidate | None: ...
    def mapping_gone(self, endpoint: Endpoint, before: Address, now: Address) -> None:
        """The NAT in front of a base maps it to `now`, and by nobody's word to `before` any
        more."""
        ...

    def base_gone(self, endpoint: Endpoint) -> None:
        """This machine has the address of a base no more; it may come back."""
        ...

    def base_back(self, endpoint: Endpoint) -> None:
        """It has come back."""
        ...

    def direct(self) -> bool: ...
    def server_at(self, address: str) -> None: ...
    def server_answered(self, seconds: float) -> None: ...
