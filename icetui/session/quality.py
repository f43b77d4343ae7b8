"""Round trips of a pair over time, and what follows from them: average, jitter, loss."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

SAMPLES_KEPT = 240
SAME = 0.01
"""Seconds by which two tellings of when one request was sent may differ: what an icetui says it has
held it for is left out of its round trip."""


@dataclass(slots=True)
class Quality:
    """Round trips of one pair since it exists: seconds, and the share of requests lost (0…1)."""

    samples: deque[float | None] = field(default_factory=lambda: deque(maxlen=SAMPLES_KEPT))
    """The latest measurements in the order of sending; None is a request that got no answer."""
    sent: deque[float] = field(default_factory=lambda: deque(maxlen=SAMPLES_KEPT))
    """When each of them was sent, seconds since the engine's start."""
    measured: int = 0
    lost: int = 0
    total: float = 0.0
    minimum: float | None = None
    maximum: float | None = None
    jitter: float | None = None
    """Smoothed difference between neighbours, as RFC 3550 section 6.4.1 smooths it (1/16)."""
    latest: float | None = None

    def add(self, seconds: float, sent: float) -> None:
        """A request sent at `sent` was answered after `seconds`."""
        if self.latest is not None:
            difference = abs(seconds - self.latest)
            self.jitter = (
                difference
                if self.jitter is None
                else (self.jitter + (difference - self.jitter) / 16)
            )
        if not self._late(seconds, sent):
            self._enter(seconds, sent)
        self.measured += 1
        self.total += seconds
        self.latest = seconds
        self.minimum = seconds if self.minimum is None else min(self.minimum, seconds)
        self.maximum = seconds if self.maximum is None else max(self.maximum, seconds)

    def add_loss(self, sent: float | None) -> None:
        """A request sent at `sent` got no answer; without a time it is the latest."""
        latest = self.sent[-1] if self.sent else 0.0
        self._enter(None, latest if sent is None else sent)
        self.lost += 1

    def _late(self, seconds: float, sent: float) -> bool:
        """Whether it is the answer to a request that counted as lost until now."""
        for n in range(len(self.sent) - 1, -1, -1):
            if self.sent[n] < sent - SAME:
                return False
            if self.samples[n] is None and abs(self.sent[n] - sent) <= SAME:
                self.samples[n] = seconds
                self.lost -= 1
                return True
        return False

    def _enter(self, sample: float | None, sent: float) -> None:
        """That a request is lost shows later than that the next one is answered."""
        if len(self.samples) == SAMPLES_KEPT:
            self.samples.popleft()
            self.sent.popleft()
        at = len(self.sent)
        while at and self.sent[at - 1] > sent:
            at -= 1
        self.samples.insert(at, sample)
        self.sent.insert(at, sent)

    @property
    def average(self) -> float | None:
        return self.total / self.measured if self.measured else None

    @property
    def loss(self) -> float:
        asked = self.measured + self.lost
        return self.lost / asked if asked else 0.0
