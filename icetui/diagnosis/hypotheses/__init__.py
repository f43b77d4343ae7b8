"""The catalogue: everything we know that keeps two sides from ever getting a path, by place."""

from __future__ import annotations

from icetui.diagnosis.evidence import Evidence
from icetui.diagnosis.hypotheses import between, our_side, relaying, their_side, two_nats
from icetui.diagnosis.hypothesis import Hypothesis

NO_PATH: tuple[Hypothesis[Evidence], ...] = (
    *our_side.HYPOTHESES,
    *two_nats.HYPOTHESES,
    *relaying.HYPOTHESES,
    *between.HYPOTHESES,
    *their_side.HYPOTHESES,
)

__all__ = ["NO_PATH"]
