"""The ICE agent without I/O (RFC 8445 sections 6 to 9, RFC 7675): it decides, its shell does.

What belongs here: what a datagram, a command or a moment means. Everything comes in by `Agent`'s
methods, each with the time at which it happens; what is to be done comes out of `Agent.outputs`, in
order, and `Agent.next_due` says when it wants to be asked again.
What must never come in: loops, sockets, clocks, threads, randomness of its own.
"""

from icetui.engine.core.agent import Agent
from icetui.engine.core.base import Base
from icetui.engine.core.failure import Failure
from icetui.engine.core.outbox import (
    KnockedBy,
    Output,
    Prepare,
    Prove,
    Renewed,
    SeenAs,
    SendData,
    SendStun,
    Tell,
)
from icetui.engine.core.pair_table import MOST_REMOTE_CANDIDATES
from icetui.engine.core.timing import STRICT, Timing

__all__ = [
    "MOST_REMOTE_CANDIDATES",
    "STRICT",
    "Agent",
    "Base",
    "Failure",
    "KnockedBy",
    "Output",
    "Prepare",
    "Prove",
    "Renewed",
    "SeenAs",
    "SendData",
    "SendStun",
    "Tell",
    "Timing",
]
