"""One TCP connection: set-up, ordered bytes over lossy lines, end (RFC 9293).

Bytes are numbered from 0 in each direction; the FIN counts as one more. The peer's window is as
large as `WINDOW` always, because whoever receives here takes everything at once. Times and counts
of retransmission are Linux's.
"""

from __future__ import annotations

import asyncio
import errno
import os
from typing import TYPE_CHECKING, Any

from icetui.engine.net import Address, StreamReceiver, StreamTransport
from icetui.vnet.packet import Packet, Segment

if TYPE_CHECKING:
    from icetui.vnet.tcp import TcpStack

MSS = 1200
"""Bytes of data in a segment, unless the path takes less …"""
LEAST_MSS = 256
WINDOW = 262_144
"""Bytes under way at most."""
SEND_BUFFER = 131_072
"""Bytes that the system takes from a program before they are acknowledged."""
FIRST_WINDOW = 10
"""Segments sent before the first acknowledgement (RFC 6928)."""
RTO_FIRST, RTO_LEAST, RTO_MOST = 1.0, 0.2, 120.0
"""Seconds until something is sent again (RFC 6298; Linux's least and most)."""
SYN_RETRIES, SYN_ACK_RETRIES, DATA_RETRIES = 6, 5, 15
"""Linux's tcp_syn_retries, tcp_synack_retries, tcp_retries2: 127 s, 63 s, about 15 min."""
LINGER = 60.0
"""Seconds that a closed connection is kept for what its peer has not heard (tcp_fin_timeout)."""


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


class Connection:
    """A connection, and the transport of whoever uses it."""

    def __init__(
        self,
        stack: TcpStack,
        key: tuple[Address, Address],
        receiver: StreamReceiver,
        *,
        accepts: bool,
    ) -> None:
        self.key = key
        self._stack = stack
        self._loop = stack.loop
        self._receiver: StreamReceiver | None = receiver
        """None once it was told that the connection is lost."""
        self._made: asyncio.Future[StreamTransport] | None = None
        self._tell = True
        self._established = False
        self._accepts = accepts
        self._closing = False
        """Whoever uses it has closed it, or was told that it is lost."""
        self._over = False
        self._soft: OSError | None = None
        """What ICMP last said; told only if the connection then times out (RFC 5461)."""

        self._out = bytearray()
        """What was written and is not acknowledged, from `_una` on."""
        self._una = 0
        self._next = 0
        """First byte not sent yet."""
        self._highest = 0
        """First byte never sent yet: beyond `_next` after a time-out."""
        self._fin_at: int | None = None
        """Number of our FIN, once everything before it is written."""
        self._mss = MSS
        self._window = FIRST_WINDOW * MSS
        self._threshold = WINDOW
        self._duplicates = 0
        self._recover = 0

        self._expected = 0
        """Next byte of the peer's."""
        self._early: dict[int, Segment] = {}
        """Arrived ahead of a gap, by number."""
        self._their_fin = False
        self._answered = False
        """Something was sent since the last segment came in."""

        self._srtt: float | None = None
        self._rttvar = 0.0
        self._rto = RTO_FIRST
        self._timed: tuple[int, float] | None = None
        """The number whose acknowledgement ends a measurement of the round trip, and its start."""
        self._tries = 0
        self._timer: asyncio.TimerHandle | None = None
        self._began = self._loop.time()
        if accepts:
            self._emit(Segment("syn-ack"))
            self._arm()

    # --- a transport ----------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        if self._closing or not data:
            return
        self._out += data
        self._transmit()

    def get_write_buffer_size(self) -> int:
        return max(0, len(self._out) - SEND_BUFFER)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """`sockname`, `peername`."""
        return {"sockname": self.key[0], "peername": self.key[1]}.get(name, default)

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        """Send what was written, then the FIN; nothing is received any more."""
        if self._closing:
            return
        self._finish(None)

    def abort(self) -> None:
        """End at once; the peer is reset."""
        if self._over:
            return
        if self._established or self._accepts:
            self._emit(Segment("reset", self._next, self._expected))
        self._end(None)

    # --- what the stack asks --------------------------------------------------------------------

    def connect(self, made: asyncio.Future[StreamTransport], *, tell: bool) -> None:
        """Begin; the future gets this transport (if `tell`) or what went wrong."""
        self._made, self._tell = made, tell
        self._emit(Segment("syn"))
        self._arm()

    def receive(self, segment: Segment) -> None:
        """A segment from the peer."""
        kind = segment.kind
        if kind == "reset":
            refused = not self._established and not self._accepts
            self._end(_error(errno.ECONNREFUSED if refused else errno.ECONNRESET))
            return
        if kind == "syn":
            # Late, or its peer has forgotten us: then that resets us, and asks again (RFC 5961).
            if self._established:
                self._acknowledge()
            elif self._accepts:
                self._emit(Segment("syn-ack"))
            return
        self._answered = False
        if not self._established:
            if not self._accepts and kind != "syn-ack":
                self._emit(Segment("reset", segment.acknowledged, 0))
                return
            self._establish()
        if kind == "syn-ack":
            if not self._answered and not self._over:
                self._acknowledge()
            return
        self._acknowledged(segment)
        if not self._over and (segment.data or kind == "fin"):
            self._arrived(segment)
            if not self._answered and not self._over:
                self._acknowledge()

    def trouble(self, error: OSError) -> None:
        """ICMP: fatal only while connecting (RFC 5461, as Linux does)."""
        if self._established:
            self._soft = error
        else:
            self._end(error)

    def too_big(self, about: Packet) -> None:
        """A segment did not fit the path: smaller ones from now on (RFC 1191)."""
        segment = about.payload
        smaller = max(LEAST_MSS, len(segment.data) * 3 // 4) if isinstance(segment, Segment) else 0
        if 0 < smaller < self._mss:
            self._mss = smaller
            self._next = self._una
            self._transmit()

    def vanish(self) -> None:
        """Nothing of it is left; nobody is told."""
        self._over = self._closing = True
        self._receiver = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._made is not None and not self._made.done():
            self._made.cancel()

    # --- arriving -------------------------------------------------------------------------------

    def _establish(self) -> None:
        self._established = True
        if self._tries == 0:
            self._measured(self._loop.time() - self._began)
        self._tries = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._receiver is not None:
            self._receiver.connection_made(self)
        if self._tell and self._made is not None and not self._made.done():
            self._made.set_result(self)

    def _arrived(self, segment: Segment) -> None:
        end = segment.sequence + len(segment.data)
        if end < self._expected or (end == self._expected and segment.kind != "fin"):
            return  # already here
        if segment.sequence > self._expected:
            if segment.sequence < self._expected + WINDOW:
                self._early[segment.sequence] = segment
            return
        self._take(segment)
        while self._early and not self._over:
            number = min(self._early)
            if number > self._expected:
                break
            self._take(self._early.pop(number))

    def _take(self, segment: Segment) -> None:
        """What continues the stream, or overlaps with what was there."""
        new = segment.data[self._expected - segment.sequence :]
        if self._their_fin or segment.sequence + len(segment.data) < self._expected:
            return
        self._expected += len(new)
        if new:
            if self._closing:
                # Nobody will read it (RFC 9293 section 3.6.1).
                self.abort()
                return
            assert self._receiver is not None
            self._receiver.data_received(new)
        if segment.kind == "fin" and not self._over:
            self._their_fin = True
            self._expected += 1
            if self._closing:
                self._acknowledge()
                self._ended_by_both()
            else:
                self._finish(None)

    # --- acknowledgements -----------------------------------------------------------------------

    def _acknowledged(self, segment: Segment) -> None:
        number = segment.acknowledged
        if number > self._una:
            self._advance(min(number, self._highest))
        elif number == self._una < self._next and not segment.data and segment.kind == "data":
            self._duplicates += 1
            if self._duplicates == 3 and self._una >= self._recover:
                # Fast retransmit (RFC 5681 section 3.2).
                self._threshold = max((self._next - self._una) // 2, 2 * self._mss)
                self._window = self._threshold
                self._recover = self._next
                self._again()

    def _advance(self, number: int) -> None:
        now = self._loop.time()
        taken = number - self._una
        del self._out[:taken]
        self._una = number
        self._next = max(self._next, number)
        self._highest = max(self._highest, number)
        self._duplicates = self._tries = 0
        self._soft = None
        if self._timed is not None and number >= self._timed[0]:
            self._measured(now - self._timed[1])
            self._timed = None
        grown = taken if self._window < self._threshold else self._mss * taken // self._window
        self._window = min(WINDOW, self._window + grown)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if number < self._recover:
            self._again()  # a partial acknowledgement: the next gap (RFC 6582)
        self._transmit()
        self._ended_by_both()

    def _measured(self, round_trip: float) -> None:
        """RFC 6298 section 2."""
        if self._srtt is None:
            self._srtt, self._rttvar = round_trip, round_trip / 2
        else:
            self._rttvar += (abs(self._srtt - round_trip) - self._rttvar) / 4
            self._srtt += (round_trip - self._srtt) / 8
        self._rto = min(RTO_MOST, max(RTO_LEAST, self._srtt + 4 * self._rttvar))

    # --- sending --------------------------------------------------------------------------------

    def _emit(self, segment: Segment) -> None:
        self._answered = True
        self._stack.emit(self.key, segment)

    def _acknowledge(self) -> None:
        self._emit(Segment("data", self._next, self._expected))

    def _transmit(self) -> None:
        """Send what the window allows."""
        if not self._established:
            return
        written = self._una + len(self._out)
        while self._next < written and not self._over:
            room = self._una + self._window - self._next
            size = min(self._mss, written - self._next)
            if room < size and self._next > self._una:
                break
            self._send_from(self._next, size)
        if self._fin_at is not None and self._next == self._fin_at == written and not self._over:
            self._next += 1
            self._highest = max(self._highest, self._next)
            self._emit(Segment("fin", self._fin_at, self._expected))
        if self._next > self._una and self._timer is None:
            self._arm()

    def _send_from(self, number: int, size: int) -> None:
        at = number - self._una
        data = bytes(self._out[at : at + size])
        self._next = max(self._next, number + size)
        if self._next > self._highest:
            self._highest = self._next
            if self._timed is None:
                self._timed = (self._next, self._loop.time())
        self._emit(Segment("data", number, self._expected, data))

    def _again(self) -> None:
        """Send the first that is not acknowledged once more."""
        self._timed = None  # whose acknowledgement it is cannot be told (Karn)
        if self._out:
            self._send_from(self._una, min(self._mss, len(self._out)))
        elif self._fin_at is not None and self._una == self._fin_at:
            self._emit(Segment("fin", self._fin_at, self._expected))

    def _arm(self) -> None:
        wait = min(RTO_MOST, self._rto * (1 << self._tries))
        self._timer = self._loop.call_later(wait, self._expired)

    def _expired(self) -> None:
        self._timer = None
        if self._over:
            return
        retries = DATA_RETRIES
        if not self._established:
            retries = SYN_ACK_RETRIES if self._accepts else SYN_RETRIES
        if self._tries >= retries:
            self._end(self._soft or _error(errno.ETIMEDOUT))
            return
        self._tries += 1
        if not self._established:
            self._emit(Segment("syn-ack" if self._accepts else "syn"))
        else:
            self._threshold = max((self._next - self._una) // 2, 2 * self._mss)
            self._window = self._mss
            self._recover = 0
            self._duplicates = 0
            self._timed = None
            self._next = self._una  # everything after the loss is sent again as the window opens
            self._transmit()
        if self._timer is None:
            self._arm()

    # --- ending ---------------------------------------------------------------------------------

    def _finish(self, error: Exception | None) -> None:
        """Our side ends; what was written is still sent, then the FIN."""
        self._closing = True
        self._tell_lost(error)
        if not self._established:
            self.abort()
            return
        self._fin_at = self._una + len(self._out)
        self._transmit()
        self._ended_by_both()
        if not self._over:
            self._loop.call_later(LINGER, self._lingered)

    def _lingered(self) -> None:
        if self._over:
            return
        if self._fin_at is not None and self._una > self._fin_at:
            self._end(None)
        else:
            self._loop.call_later(LINGER, self._lingered)

    def _ended_by_both(self) -> None:
        if self._their_fin and self._fin_at is not None and self._una > self._fin_at:
            self._end(None)

    def _end(self, error: Exception | None) -> None:
        if self._over:
            return
        self._over = self._closing = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._stack.ended(self)
        if self._made is not None and not self._made.done() and not self._established:
            self._made.set_exception(error or ConnectionAbortedError())
            self._made.exception()  # looked at: whoever asked may have given up
        self._tell_lost(error)

    def _tell_lost(self, error: Exception | None) -> None:
        receiver, self._receiver = self._receiver, None
        if receiver is not None and self._established:
            self._loop.call_soon(receiver.connection_lost, error)
