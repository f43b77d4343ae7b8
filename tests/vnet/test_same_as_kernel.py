"""Whatever the kernel's lab comes to, the simulated internet comes to as well.

The kernel's outcomes are kept in a table that `python -m tests.vnet kernel` makes;
`tests/lab/test_simulated.py` plays some of them anew in the lab.
"""

from __future__ import annotations

import functools
import time

import msgspec
import pytest

from tests.lab.scenarios.scenario import Scenario
from tests.vnet.kernel import lab_outcomes
from tests.vnet.kernel.outcome import Outcome, differences
from tests.vnet.kernel.plays import cells, plays
from tests.vnet.kernel.simulated_stage import play

PLAYS = {scenario.key: scenario for scenario in plays()}
CELLS = [cell.key for cell in cells()]
WITHIN = 10.0
"""Seconds of one core for all cells."""


@functools.cache
def played(key: str) -> tuple[Outcome, float]:
    """How it ends when simulated, and what that takes of a core."""
    began = time.process_time()
    found = play(PLAYS[key])
    return found, time.process_time() - began


@functools.cache
def kernel() -> dict[str, Outcome]:
    return lab_outcomes.kept()


@pytest.mark.parametrize("key", PLAYS)
def test_it_ends_as_in_the_kernel(key: str) -> None:
    simulated, _ = played(key)
    assert not differences(PLAYS[key], simulated, kernel()[key])


@pytest.mark.parametrize("key", PLAYS)
def test_the_first_finding_is_right_and_none_is_false(key: str) -> None:
    simulated, _ = played(key)
    assert {side: (end.first, end.right, end.false) for side, end in simulated.items()} == {
        side: (end.first, True, ()) for side, end in simulated.items()
    }


def test_all_cells_take_ten_seconds_of_a_core_at_most() -> None:
    assert len(CELLS) == 36
    assert sum(played(key)[1] for key in CELLS) < WITHIN


def test_every_play_has_a_name_and_an_outcome_of_its_own() -> None:
    assert len(plays()) == len(PLAYS)
    assert set(kernel()) == set(PLAYS)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("path", "relayed"),
        ("state", "failed"),
        ("first", "relayed-path"),
        ("false", ("lossy-path",)),
        ("nats", ()),
        ("candidates", ("host 192.168.1.20",)),
        ("pairs", ()),
        ("servers", ()),
    ],
)
def test_any_other_end_is_a_difference(field: str, value: object) -> None:
    known = kernel()["prc-prc"]
    other = {**known, "bob": msgspec.structs.replace(known["bob"], **{field: value})}
    assert not differences(PLAYS["prc-prc"], known, known)
    found = differences(PLAYS["prc-prc"], other, known)
    assert found and all(text.startswith(f"bob {field}") for text in found)


def test_another_of_a_scenarios_first_findings_is_none() -> None:
    scenario: Scenario = PLAYS["short-interruption"]
    known = kernel()[scenario.key]
    first = next(rule for rule in scenario.alice if rule != known["alice"].first)
    other = {**known, "alice": msgspec.structs.replace(known["alice"], first=first)}
    assert not differences(scenario, other, known)
    wrong = msgspec.structs.replace(other["alice"], right=False)
    assert differences(scenario, {**known, "alice": wrong}, known)


def test_a_side_that_was_not_looked_at_is_a_difference() -> None:
    known = kernel()["prc-prc"]
    assert differences(PLAYS["prc-prc"], {"alice": known["alice"]}, known)
