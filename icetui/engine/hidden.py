"""Their candidates that hide behind a `.local` name: shown at once, checked when it has an address.

What belongs here: what becomes of such a candidate. How it is asked for is mdns.py's.
What must never come in: waiting. A peer that reaches us first is connected meanwhile, as
peer-reflexive.
"""

from __future__ import annotations

import asyncio
import ipaddress

from msgspec.structs import replace

from icetui.engine import mdns
from icetui.engine.core_runner import CoreRunner
from icetui.engine.net import Address, Net, Unresolved
from icetui.engine.tasks import INTERNAL, Tasks
from icetui.events import Candidate, StartSession

MOST_AT_ONCE = 8
"""Names asked for at the same time: an offer with a hundred of them is no storm on the network."""
LOOKING_UP = "its name is being asked for by mDNS"


class HiddenCandidates:
    """The names of one session."""

    def __init__(self, net: Net, start: StartSession, runner: CoreRunner) -> None:
        self._net = net
        self._start = start
        self._runner = runner
        self._known: dict[Address, str] = {}
        self._tasks = Tasks()
        self._turn = asyncio.Semaphore(MOST_AT_ONCE)

    def add_remote(self, candidate: Candidate) -> bool:
        """As the core's `add_remote`, but of a name the address is found out first."""
        if _is_address(candidate.address):
            return self._runner.add_remote(candidate)
        known = self._known.get((candidate.address, candidate.port))
        if known is not None:  # pasted again, or after a restart
            return self._runner.add_remote(replace(candidate, address=known))
        if not self._runner.add_remote(
            replace(candidate, unsupported=LOOKING_UP, name_state="asked")
        ):
            return False
        ufrag = self._runner.agent.newest.keyring.ufrag
        shown = (candidate.address, candidate.port)
        unsupported = replace(candidate, unsupported=INTERNAL[1], name_state="unresolved")
        self._tasks.start(
            self._look_up(ufrag, candidate),
            lambda: self._runner.name_settled(ufrag, shown, unsupported),
        )
        return True

    async def _look_up(self, ufrag: str, candidate: Candidate) -> None:
        """`ufrag`: ours, of the generation in which it is shown."""
        shown = (candidate.address, candidate.port)
        try:
            if not self._start.ipv4:
                raise Unresolved("its name could only be asked for over IPv4, which is off")
            async with self._turn:
                address = await mdns.resolve(
                    self._net, candidate.address, interfaces=self._start.interfaces
                )
        except Unresolved as problem:
            why = f"{problem}; the peer may reach us all the same"
            unresolved = replace(candidate, unsupported=why, name_state="unresolved")
            self._runner.name_settled(ufrag, shown, unresolved)
            return
        self._known[shown] = address
        self._runner.agent.hidden_host(address)
        self._runner.name_settled(ufrag, shown, replace(candidate, address=address))

    def stop(self) -> None:
        """Ask for nothing any more."""
        self._tasks.cancel()


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
