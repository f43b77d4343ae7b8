"""A mask hides who it was, never what was wrong."""

from __future__ import annotations

import pytest

from icetui.diagnosis import diagnose
from icetui.session import fold
from icetui.streams.masking import Mask
from tests.diagnosis.test_recorded import CASES, FOLDER
from tests.lab.scenarios.recorded import recorded
from tests.lab.scenarios.scenario import Scenario


@pytest.mark.parametrize(("scenario", "side"), CASES)
def test_masked_the_same_causes_are_named_in_the_same_order(scenario: Scenario, side: str) -> None:
    stream = recorded(FOLDER / f"{scenario.key}.{side}.jsonl.gz")
    mask = Mask()
    true, masked = diagnose(fold(stream)), diagnose(fold(mask.event(e) for e in stream))
    assert [(f.rule, f.strength, [h.code for h in f.hypotheses]) for f in masked] == [
        (f.rule, f.strength, [h.code for h in f.hypotheses]) for f in true
    ]
