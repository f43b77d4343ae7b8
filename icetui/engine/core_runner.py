"""Runs one core on an event loop: what comes in goes into it, what it wants done is done.

What belongs here: endpoints' datagrams in, outputs out in their order, one timer.
What must never come in: decisions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from icetui.engine import core, stun
from icetui.engine.core.outbox import Moment
from icetui.engine.endpoint import Endpoint
from icetui.engine.net import Address, Net
from icetui.engine.stream import Stream
from icetui.engine.tasks import contain
from icetui.events import Candidate, Reason, RefusalKind

TICK_AGAIN = 0.1
"""Seconds after a tick that an error of our own has ended."""
LEAST_SLEEP = 0.5
"""Seconds; less is the two clocks' own difference."""

P = ParamSpec("P")
T = TypeVar("T")


class CoreRunner:
    """The owner of a session's endpoints."""

    def __init__(
        self,
        net: Net,
        stream: Stream,
        agent: core.Agent,
        *,
        seen_as: Callable[[Endpoint, Address], None],
        lost: Callable[[Endpoint], None],
        knocked: Callable[[str], None],
        doubted: Callable[[], None] = lambda: None,
        renewed: Callable[[core.Renewed], None] = lambda _: None,
    ) -> None:
        """`seen_as` hears at which address a peer sees an endpoint, `lost` of one that is gone
        though nobody closed it, `knocked` the user fragment of `core.KnockedBy`, `doubted` that a
        pair has gone silent, `renewed` that credentials were derived."""
        self.agent = agent
        self._net = net
        self._stream = stream
        self._seen_as = seen_as
        self._lost = lost
        self._knocked = knocked
        self._renewed = renewed
        self._doubted = doubted
        self._endpoints: dict[core.Base, Endpoint] = {}
        self._draining = False
        self._asleep = self._asleep_for()
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    def run(self, method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a method of the core and do what comes of it."""
        asleep = self._asleep_for()
        if asleep - self._asleep > LEAST_SLEEP:
            self.agent.slept(asleep - self._asleep, self._net.now())
        self._asleep = asleep
        result = method(*args, **kwargs)
        self._drain()
        return result

    def _asleep_for(self) -> float:
        """Seconds that the machine has slept, from some moment on."""
        return self._net.uptime() - self._net.now()

    def stop(self) -> None:
        """No more ticks."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def add_remote(self, candidate: Candidate) -> bool:
        """One of their candidates."""
        return self.run(self.agent.add_remote, candidate, self._net.now())

    def name_settled(self, ufrag: str, shown: Address, candidate: Candidate) -> None:
        """See `Agent.name_settled`."""
        self.run(self.agent.name_settled, ufrag, shown, candidate, self._net.now())

    # --- endpoints ------------------------------------------------------------------------------

    def add(self, endpoint: Endpoint, candidate: Candidate) -> None:
        """This endpoint stands for `candidate` from now on."""
        base = endpoint.base = core.Base(candidate)
        self._endpoints[base] = endpoint
        self.run(self.agent.add_base, base, self._net.now())

    def stun_received(
        self, endpoint: Endpoint, source: Address, message: stun.Message, at: float
    ) -> None:
        if endpoint.base is not None:
            now = self._net.now()
            self.run(self.agent.received, endpoint.base, source, message, at, now)

    def data_received(self, endpoint: Endpoint, source: Address, data: bytes) -> None:
        if endpoint.base is not None:
            self.run(self.agent.data_received, endpoint.base, source, data, self._net.now())

    def refuse(
        self,
        endpoint: Endpoint,
        source: Address,
        reason: Reason,
        detail: str,
        kind: RefusalKind = "other",
    ) -> None:
        if endpoint.base is not None:
            self.run(self.agent.refuse, endpoint.base, source, reason, detail, kind)

    def undelivered(self, endpoint: Endpoint, to: Address, why: core.Failure) -> None:
        if endpoint.base is not None:
            self.run(self.agent.undelivered, endpoint.base, to, why, self._net.now())

    def pair_id(self, endpoint: Endpoint, addr: Address) -> str | None:
        return None if endpoint.base is None else self.agent.pair_id(endpoint.base, addr)

    def awaits(self, endpoint: Endpoint, transaction_id: bytes) -> bool:
        return endpoint.base is not None and self.agent.awaits(endpoint.base, transaction_id)

    def knows(self, endpoint: Endpoint, addr: Address) -> bool:
        return endpoint.base is not None and self.agent.knows(endpoint.base, addr)

    def vouches(self, endpoint: Endpoint, message: stun.Message) -> bool:
        return endpoint.base is not None and self.agent.vouches(endpoint.base, message)

    def is_named_by(self, request: stun.Message) -> bool:
        return self.agent.named_by(request) is not None or self.agent.names_successor(request)

    def carries(self, endpoint: Endpoint, addr: Address) -> bool:
        return endpoint.base is not None and self.agent.carries(endpoint.base, addr) is not None

    def endpoint_lost(self, endpoint: Endpoint) -> None:
        if endpoint.base is not None:
            self._endpoints.pop(endpoint.base, None)
            self.run(self.agent.base_lost, endpoint.base, self._net.now())
        self._lost(endpoint)

    # --- what the core wants --------------------------------------------------------------------

    def _drain(self) -> None:
        if self._draining:
            return  # what comes of doing this is done by whoever drains
        self._draining = True
        try:
            while (output := self.agent.next_output()) is not None:
                self._do(output)
        finally:
            self._draining = False
        self._arm()

    def _do(self, output: core.Output) -> None:
        if isinstance(output, core.Tell):
            self._stream.emit(output.kind, **self._in_stream_time(output.fields))
            return
        if isinstance(output, core.Renewed):
            self._renewed(output)
            return
        if isinstance(output, core.KnockedBy):
            self._knocked(output.ufrag)
            return
        endpoint = self._endpoints.get(output.base)
        if endpoint is None:
            return  # it was lost meanwhile
        match output:
            case core.SendStun():
                message = output.message
                left = endpoint.send_stun(message, output.to, output.transmission, output.pair)
                if message.message_class == stun.Class.REQUEST:
                    self.agent.left(output.base, message.transaction_id, left)
            case core.SendData():
                endpoint.send_data(output.data, output.to)
            case core.Prepare():
                endpoint.prepare(output.peer)
            case core.Prove():
                endpoint.verify()
                self._doubted()
            case core.SeenAs():
                self._seen_as(endpoint, output.mapped)

    def _in_stream_time(self, fields: dict[str, Any]) -> dict[str, Any]:
        if not any(isinstance(value, Moment) for value in fields.values()):
            return fields
        return {
            name: round(self._stream.elapsed(value.at), value.digits)
            if isinstance(value, Moment)
            else value
            for name, value in fields.items()
        }

    def _arm(self) -> None:
        """Have the core ticked when it wants to be; a timer that is too early does no harm."""
        due = self.agent.next_due()
        if due is None:
            return
        due = max(due, self._net.now())
        if self._timer is not None:
            if self._timer.when() <= due:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(due, self._tick)

    def _tick(self) -> None:
        self._timer = None
        try:
            self.run(self.agent.tick, self._net.now())
        except Exception as error:  # whatever it is: the session's clock has to go on
            contain(error, "a tick of a session")
            if self._timer is None:
                self._timer = self._loop.call_later(TICK_AGAIN, self._tick)
