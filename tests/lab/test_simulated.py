"""The kernel still does what the simulated internet does; `python -m tests.vnet compare --kernel`
asks it about all networks."""

from __future__ import annotations

import pytest

from tests.vnet.kernel import lab_outcomes
from tests.vnet.kernel.outcome import differences
from tests.vnet.kernel.plays import plays
from tests.vnet.kernel.simulated_stage import play

ASKED = (
    "prc-prc", "cone-sym", "sym-sym", "udpblock-arc", "prc-in-sym-and-prc",
    "kept-apart-behind-arc-with-hairpin", "ipv6-prc-and-prc", "relays-over-tls-sym",
    "docker-interface-only", "firewall-that-says-so", "turn-quota-full",
    "address-reported-unreachable", "path-over-a-vpn",
)  # fmt: skip
"""None in which it matters how soon a busy machine gets round to something."""
AT_ONCE = 2


@pytest.mark.timeout(180)
def test_the_kernel_ends_where_the_simulated_network_does(lab_needs: None) -> None:
    scenarios = [scenario for scenario in plays() if scenario.key in ASKED]
    assert len(scenarios) == len(ASKED)
    for scenario, kernel in lab_outcomes.play_all(scenarios, AT_ONCE):
        assert not isinstance(kernel, str), kernel
        assert not differences(scenario, play(scenario), kernel), scenario.key
