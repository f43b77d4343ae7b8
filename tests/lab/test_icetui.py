"""icetui × icetui connects across all NAT kinds, directly wherever ICE can."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.lab import icetui_peer
from tests.lab.icetui_peer import Outcome
from tests.lab.lab import BuildLab, Lab
from tests.lab.topology import KINDS, SERVER_V4, STUN_URL, TURNS_URL, Site, Topology
from tests.lab.weather import Weather

Grid = dict[tuple[str, str], Future[tuple[Outcome, Outcome]]]
AT_ONCE = 3
CONNECTED = ("connected", "completed")


def can_be_direct(alice: str, bob: str) -> bool:
    """Whether two such NATs let a direct path through (two ports that nobody can guess do not)."""
    if "udpblock" in (alice, bob):
        return False
    return {alice, bob} not in ({"sym", "prc"}, {"sym"})


@pytest.fixture(scope="module")
def grid(lab_needs: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grid]:
    """All 36 sessions, a few at a time, in one lab with two sites of each kind."""
    sides = {f"{side}{kind}": kind for side in ("a", "b") for kind in KINDS}
    topology = Topology(
        sites={name: Site((kind,)) for name, kind in sides.items()},
        hosts={name: (name,) for name in sides},
    )
    with Lab.build(topology) as lab, ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            (one, other): pool.submit(
                icetui_peer.pair,
                lab[f"a{one}"],
                lab[f"b{other}"],
                tmp_path_factory.mktemp(f"{one}-{other}"),
            )
            for one, other in itertools.product(KINDS, KINDS)
        }


@pytest.mark.timeout(180)
@pytest.mark.parametrize("bob", KINDS)
@pytest.mark.parametrize("alice", KINDS)
def test_every_pair_of_nats_connects_and_is_direct_where_ice_can(
    grid: Grid, alice: str, bob: str
) -> None:
    outcomes = grid[alice, bob].result()
    assert_connected(*outcomes, path="direct" if can_be_direct(alice, bob) else "relayed")


def assert_connected(*outcomes: Outcome, path: str) -> None:
    for outcome in outcomes:
        assert outcome.code == 0 and outcome.state in CONNECTED, outcome.explain()
        assert outcome.path == path, outcome.explain()


def selected(outcome: Outcome) -> tuple[str, str]:
    """The addresses of the selected pair."""
    pair = outcome.summary["selected_pair"]
    return pair["local"]["address"], pair["remote"]["address"]


def test_both_sides_name_the_same_path_from_their_ends(build_lab: BuildLab, tmp_path: Path) -> None:
    lab = build_lab("prc", "prc")
    alice, bob = icetui_peer.pair(lab["alice"], lab["bob"], tmp_path)
    assert_connected(alice, bob, path="direct")
    near, far = (lab.topology.plan(site).public for site in ("alice", "bob"))
    assert selected(alice)[1] == far and selected(bob)[1] == near


def test_two_hosts_of_one_lan_meet_in_it(build_lab: BuildLab, tmp_path: Path) -> None:
    lab = build_lab(topology=Topology.shared("sym"))
    outcomes = icetui_peer.pair(lab["alice"], lab["bob"], tmp_path)
    assert_connected(*outcomes, path="direct")
    assert selected(outcomes[0]) == (lab["alice"].address, lab["bob"].address)


@pytest.mark.parametrize("hairpin", [True, False])
def test_isolated_hosts_of_one_lan_meet_at_the_hairpin_or_the_relay(
    build_lab: BuildLab, tmp_path: Path, hairpin: bool
) -> None:
    site = Site(("prc",), isolated=True, hairpin=hairpin)
    lab = build_lab(topology=Topology.shared(site))
    outcomes = icetui_peer.pair(lab["alice"], lab["bob"], tmp_path)
    assert_connected(*outcomes, path="direct" if hairpin else "relayed")


def test_carrier_grade_nats_are_crossed(build_lab: BuildLab, tmp_path: Path) -> None:
    lab = build_lab("prc+prc", "prc+arc")
    outcomes = icetui_peer.pair(lab["alice"], lab["bob"], tmp_path)
    assert_connected(*outcomes, path="direct")


def test_stateful_firewalls_are_crossed_in_ipv6(build_lab: BuildLab, tmp_path: Path) -> None:
    """Symmetric NATs leave IPv6 as the only direct path."""
    lab = build_lab(topology=Topology.pair("sym", "sym", ipv6=True))
    outcomes = icetui_peer.pair(lab["alice"], lab["bob"], tmp_path)
    assert_connected(*outcomes, path="direct")
    assert all(":" in address for address in selected(outcomes[0]))


def test_a_second_uplink_and_an_idle_interface_do_not_mislead(
    build_lab: BuildLab, tmp_path: Path
) -> None:
    topology = Topology(
        sites={"home": Site(("sym",)), "lte": Site(("prc",)), "bob": Site(("prc",))},
        hosts={"alice": ("home", "lte"), "bob": ("bob",)},
        idle=("alice", "bob"),
    )
    lab = build_lab(topology=topology)
    outcomes = icetui_peer.pair(lab["alice"], lab["bob"], tmp_path)
    assert_connected(*outcomes, path="direct")
    assert selected(outcomes[1])[1] == topology.plan("lte").public


def test_turn_over_tls_is_enough(build_lab: BuildLab, tmp_path: Path) -> None:
    lab = build_lab("udpblock", "udpblock")
    servers = ("--stun", STUN_URL, "--turn", TURNS_URL)
    outcomes = icetui_peer.pair(lab["alice"], lab["bob"], tmp_path, servers=servers)
    assert_connected(*outcomes, path="relayed")
    assert SERVER_V4[0] in selected(outcomes[0])


def test_a_lossy_slow_line_delays_but_does_not_prevent(build_lab: BuildLab, tmp_path: Path) -> None:
    lab = build_lab("prc", "prc")
    for link in ("alice", "bob"):
        lab.set_weather(link, Weather(delay=0.05, jitter=0.02, loss=0.05, reorder=0.1))
    stun = ("--stun", STUN_URL)
    outcomes = icetui_peer.pair(lab["alice"], lab["bob"], tmp_path, servers=stun)
    assert_connected(*outcomes, path="direct")


def test_without_servers_two_nats_keep_peers_apart(build_lab: BuildLab, tmp_path: Path) -> None:
    lab = build_lab("prc", "prc", server=False)
    outcomes = icetui_peer.pair(
        lab["alice"], lab["bob"], tmp_path, servers=("--no-servers",), give_up=3
    )
    for outcome in outcomes:
        assert (outcome.code, outcome.path) == (5, None), outcome.explain()
