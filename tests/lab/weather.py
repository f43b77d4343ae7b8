"""What an uplink does to packets, as a value, and how to tell the relay about it."""

from __future__ import annotations

import dataclasses
import json
import socket
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Weather:
    """Applied in each direction of one uplink; times in seconds, shares from 0 to 1.

    ``jitter`` spreads the delay evenly over ±jitter and keeps the order; the share ``reorder`` of
    the packets is held back by ``reorder_by`` more while later ones overtake it.
    """

    delay: float = 0.0
    jitter: float = 0.0
    loss: float = 0.0
    reorder: float = 0.0
    reorder_by: float = 0.010

    def __post_init__(self) -> None:
        for name, value in dataclasses.asdict(self).items():
            if value < 0:
                raise ValueError(f"{name} cannot be negative")
        if self.jitter > self.delay:
            raise ValueError("jitter cannot exceed the delay")
        if self.loss > 1 or self.reorder > 1:
            raise ValueError("loss and reorder are shares between 0 and 1")


def tell_relay(path: Path, link: str, weather: Weather) -> None:
    """Have the relay at ``path`` apply ``weather`` to ``link``; returns when it is in force."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as control:
        control.settimeout(5)
        control.connect(str(path))
        control.send(json.dumps({"link": link, **dataclasses.asdict(weather)}).encode())
        answer = json.loads(control.recv(65536))
    if "error" in answer:
        raise RuntimeError(f"the relay refused: {answer['error']}")
