"""Every broken network of the lab's table, from its recording: right first, nothing false."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from icetui.diagnosis import diagnose
from icetui.session import Session
from tests.lab.scenarios import table
from tests.lab.scenarios.recorded import recorded
from tests.lab.scenarios.scenario import SCENARIOS, SIDES, Scenario, judge

FOLDER = Path(__file__).parents[1] / "recordings" / "scenarios"
assert table.MODULES  # they fill SCENARIOS
CASES = [
    pytest.param(scenario, side, id=f"{scenario.key}.{side}")
    for scenario, side in itertools.product(SCENARIOS, SIDES)
    if getattr(scenario, side)
]


@pytest.mark.parametrize(("scenario", "side"), CASES)
def test_the_first_finding_names_the_cause_and_none_is_false(scenario: Scenario, side: str) -> None:
    verdict = judge(scenario, side, recorded(FOLDER / f"{scenario.key}.{side}.jsonl.gz"))
    assert verdict.right, verdict.first
    assert not verdict.false


@pytest.mark.parametrize(("scenario", "side"), CASES[::5])
def test_a_finding_rests_on_what_is_there_now(scenario: Scenario, side: str) -> None:
    """The same state says the same thing however it came about: nothing is remembered."""
    stream = recorded(FOLDER / f"{scenario.key}.{side}.jsonl.gz")
    asked, unasked = Session(), Session()
    for event in stream:
        asked.apply(event)
        unasked.apply(event)
        diagnose(asked)
    assert diagnose(asked) == diagnose(unasked)


def test_the_recordings_are_those_of_the_scenarios() -> None:
    names = {path.name.partition(".")[0] for path in FOLDER.iterdir()}
    assert names == {scenario.key for scenario in SCENARIOS}


def test_the_recordings_hold_no_password_and_are_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 1_000_000
    for path in FOLDER.iterdir():
        for event in recorded(path):
            assert getattr(event, "blob", "icetui:(not recorded)") == "icetui:(not recorded)"
