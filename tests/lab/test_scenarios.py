"""A handful of the broken networks, and of the healthy ones; all of them run by one command:
``python -m tests.lab scenarios --healthy``."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.lab.scenarios import healthy, table
from tests.lab.scenarios.scenario import named

BROKEN = (
    "wrong-password", "firewall-one-way-to-alice", "turn-forbids-the-peer",
    "peer-killed-after-connecting", "symmetric-and-symmetric", "docker-interface-only",
)  # fmt: skip
HEALTHY = (("prc", "prc"), ("sym", "sym"), ("udpblock", "cone"))
AT_ONCE = 3


@pytest.mark.timeout(120)
def test_the_first_finding_names_what_is_broken(lab_needs: None) -> None:
    scenarios = list(itertools.chain.from_iterable(named([name]) for name in BROKEN))
    assert len(scenarios) == len(BROKEN)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = list(pool.map(table.play, scenarios))
    for outcome in outcomes:
        assert outcome.good, (outcome.scenario.name, outcome.problem, outcome.verdicts)


@pytest.mark.timeout(120)
def test_what_is_healthy_is_said_to_have_no_problem(lab_needs: None) -> None:
    for alice, bob, said, false in healthy.cells(HEALTHY):
        assert not false, (alice, bob, said)


def test_there_are_enough_broken_networks_and_each_has_a_name_of_its_own() -> None:
    scenarios = named([])
    assert len({s.key for s in scenarios}) == len(scenarios) >= 28
    assert all(s.alice or s.bob for s in scenarios)


def test_a_scenario_that_does_not_exist_is_said() -> None:
    with pytest.raises(KeyError, match="no scenario is called nosuch"):
        named(["nosuch"])
