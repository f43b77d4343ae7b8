"""What icetui says of a NAT is what the NAT is, behind every kind and with poor servers, too."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab import behaviour, icetui_peer
from tests.lab.behaviour import ADDRESS, ADDRESS_AND_PORT, INDEPENDENT
from tests.lab.icetui_peer import Peer
from tests.lab.lab import SERVER, BuildLab, Host, Lab
from tests.lab.topology import (
    KINDS,
    SERVER_V4,
    SERVER_V6,
    STUN_URL,
    TURN_TCP_URL,
    TURN_UDP_URL,
    Site,
    Topology,
)
from tests.lab.weather import Weather

LIMIT = 25.0
AT_ONCE = 3
SERVERS = ("--stun", STUN_URL, "--turn", TURN_UDP_URL, "--turn", TURN_TCP_URL)
PLAIN_PORT = 3500
"""Of a STUN server that knows nothing of RFC 5780, on both of the server's addresses."""
PLAIN = tuple(f"stun:{address}:{PLAIN_PORT}" for address in SERVER_V4)

SITES = {
    **{kind: Site((kind,)) for kind in KINDS},
    "hairpin": Site(("prc",), hairpin=True),
    "carrier": Site(("prc", "prc")),
    "short": Site(("prc",), binding_lifetime=2),
    "rebound": Site(("prc",)),
}


@dataclasses.dataclass(frozen=True)
class Doctor:
    """How `icetui doctor --json` ended."""

    code: int
    found: dict[str, Any]
    stderr: str

    @property
    def nat(self) -> dict[str, Any]:
        return dict(self.found["nat"])

    @property
    def paths(self) -> dict[str, str]:
        return {peer["kind"]: peer["path"] for peer in self.found["peers"]}


@pytest.fixture(scope="module")
def lab(lab_needs: None) -> Iterator[Lab]:
    """A lab with a site of every kind, a host each, and a plain STUN server beside coturn."""
    topology = Topology(sites=SITES, hosts={name: (name,) for name in SITES}, idle=("hairpin",))
    with Lab.build(topology) as built:
        start_plain_server(built)
        yield built


def start_plain_server(lab: Lab) -> None:
    """A second coturn, without RFC 5780; it answers on return."""
    argv = ["turnserver", "-n", "--no-cli", "--no-tls", "--no-dtls", "--no-rfc5780", "--no-auth"]
    argv += [f"--listening-ip={address}" for address in SERVER_V4]
    argv += ["-p", str(PLAIN_PORT), "--relay-threads=1", "--log-file=stdout"]
    argv += [f"--userdb={lab.folder / 'plaindb'}", f"--pidfile={lab.folder / 'plain.pid'}"]
    lab[SERVER].spawn(*argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    request = b"\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes(12)
    with behaviour.udp_socket(lab[SERVER], SERVER_V4[0]) as probe:
        probe.settimeout(0.05)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            probe.sendto(request, (SERVER_V4[1], PLAIN_PORT))
            try:
                probe.recv(2048)
            except OSError:
                continue
            return
    raise AssertionError("the plain STUN server does not answer")


def examine(host: Host, *options: str) -> Doctor:
    """Run it on a host of the lab."""
    argv = (sys.executable, "-m", "icetui", "doctor", "--json", *options)
    done = host.run(*argv, timeout=LIMIT)
    found = json.loads(done.stdout) if done.stdout else {}
    return Doctor(done.returncode, found, done.stderr)


Rebound = tuple[list[dict[str, Any]], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def rebound(
    lab: Lab, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[concurrent.futures.Future[Rebound]]:
    """It takes 15 s, so it runs beside all others."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        yield pool.submit(rebind, lab, tmp_path_factory.mktemp("rebound"))


@pytest.fixture(scope="module")
def examined(
    lab: Lab, rebound: concurrent.futures.Future[Rebound]
) -> Iterator[dict[str, concurrent.futures.Future[Doctor]]]:
    """Every site but the one that is rebound, a few at a time."""
    options = {"short": ("--lifetime", "4")}
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            name: pool.submit(examine, lab[name], *SERVERS, *options.get(name, ()))
            for name in SITES
            if name != "rebound"
        }


def rebind(lab: Lab, folder: Path) -> Rebound:
    """Rebind a NAT under a waiting peer: what its server saw, and what was said of the NAT."""
    peer = Peer(lab["rebound"], folder, "alice", "nobody", give_up=30)
    before = peer.wait_for("mapping-seen", url=STUN_URL)
    lab.rebind("rebound")
    deadline = time.monotonic() + LIMIT
    rows: list[dict[str, Any]] = []
    while time.monotonic() < deadline and len(rows) < 2:
        time.sleep(icetui_peer.POLL)  # its output is a file, and a file tells nobody
        seen = [e for e in peer.events() if e["event"] == "mapping-seen"]
        rows = [e for e in seen if e["server"] == before["server"]]
    peer.process.terminate()
    said = peer.outcome().events
    return rows, [e["nat"] for e in said if e["event"] == "nat-behaviour-changed"]


EXPECTED = {
    "open": (False, INDEPENDENT, INDEPENDENT),
    "cone": (True, INDEPENDENT, INDEPENDENT),
    "arc": (True, INDEPENDENT, ADDRESS),
    "prc": (True, INDEPENDENT, ADDRESS_AND_PORT),
    "sym": (True, ADDRESS_AND_PORT, ADDRESS_AND_PORT),
}
DIRECT = {"open": 5, "cone": 5, "arc": 5, "prc": 4, "sym": 3}
"""To how many of the six kinds of peers."""

Examined = dict[str, "concurrent.futures.Future[Doctor]"]


@pytest.mark.parametrize("kind", EXPECTED)
def test_mapping_and_filtering_are_what_the_nat_does(examined: Examined, kind: str) -> None:
    doctor = examined[kind].result()
    nat = doctor.nat
    found = nat["behind_nat"], nat["mapping"], nat["filtering"]
    assert found == EXPECTED[kind], nat
    assert nat["udp"] is True and nat["complete"] and doctor.found["complete"]
    assert nat["port_preservation"] is (kind != "sym")
    assert nat["hairpinning"] is (None if kind == "open" else False)
    assert nat["carrier_grade"] is None
    assert nat["notes"] == []
    assert doctor.code == 0
    assert list(doctor.paths.values()).count("direct") == DIRECT[kind]
    assert "no" not in doctor.paths.values()


def test_the_nat_table_says_who_sees_us_where(lab: Lab, examined: Examined) -> None:
    rows = examined["prc"].result().found["nat_table"]
    assert len(rows) == 4, "two addresses with two ports"
    assert {row["local"].rpartition(":")[0] for row in rows} == {lab["prc"].address}
    assert {row["seen_as"].rpartition(":")[0] for row in rows} == {lab.topology.plan("prc").public}
    assert [row["url"] for row in rows if row["url"]] == [STUN_URL]


def test_blocked_udp_is_told_from_a_dead_server(examined: Examined) -> None:
    doctor = examined["udpblock"].result()
    assert doctor.nat["udp"] is False
    assert (doctor.nat["mapping"], doctor.nat["filtering"]) == ("unknown", "unknown")
    assert doctor.nat["notes"][0].startswith("UDP is blocked")
    assert doctor.code == 1
    assert set(doctor.paths.values()) == {"relay"}


def test_nothing_works_where_udp_is_blocked_and_no_relay_is_reached_over_tcp(lab: Lab) -> None:
    doctor = examine(lab["udpblock"], "--stun", STUN_URL, "--turn", TURN_UDP_URL)
    assert doctor.code == 4
    # Nothing answers in any way: the servers may be down as well, so nothing is denied.
    assert set(doctor.paths.values()) == {"no", "direct-or-no"}


def test_a_hairpin_is_seen(examined: Examined) -> None:
    assert examined["hairpin"].result().nat["hairpinning"] is True


def test_an_idle_interface_is_not_taken_for_blocked_udp(examined: Examined) -> None:
    doctor = examined["hairpin"].result()
    (idle,) = (nat for nat in doctor.found["nats"] if nat["interface"] == "docker0")
    assert idle["udp"] is False and "this address leads nowhere" in idle["notes"][0]
    assert doctor.found["udp"] is True and doctor.code == 0


def test_a_carrier_grade_nat_is_seen_by_a_router_on_the_way(lab: Lab, examined: Examined) -> None:
    said = examined["carrier"].result().nat["carrier_grade"]
    assert lab.topology.plan("carrier").between(0)[1] in said


def test_a_binding_lifetime_is_between_what_lived_and_what_lapsed(examined: Examined) -> None:
    nat = examined["short"].result().nat
    assert nat["binding_lifetime"] <= 2 <= nat["binding_lapsed"], nat


@pytest.mark.parametrize("kind", ["open", "cone", "prc", "sym"])
def test_what_one_plain_server_cannot_tell_is_unknown(lab: Lab, kind: str) -> None:
    nat = examine(lab[kind], "--stun", PLAIN[0]).nat
    independent = kind == "open"
    assert nat["mapping"] == (INDEPENDENT if independent else "unknown")
    assert nat["filtering"] == "unknown"
    assert nat["behind_nat"] is not independent
    assert len(nat["notes"]) == (1 if independent else 2)


@pytest.mark.parametrize(("kind", "mapping"), [("prc", INDEPENDENT), ("sym", ADDRESS)])
def test_two_plain_servers_tell_the_mapping(lab: Lab, kind: str, mapping: str) -> None:
    nat = examine(lab[kind], "--stun", PLAIN[0], "--stun", PLAIN[1]).nat
    assert (nat["mapping"], nat["filtering"]) == (mapping, "unknown")
    undecided = [note for note in nat["notes"] if "whether on its port too is open" in note]
    assert len(undecided) == (1 if kind == "sym" else 0)


def test_a_masked_examination_shows_no_address(lab: Lab) -> None:
    doctor = examine(lab["carrier"], *SERVERS, "--mask")
    text = json.dumps(doctor.found)
    plan = lab.topology.plan("carrier")
    for real in (plan.public, plan.between(0)[1], lab["carrier"].address, *SERVER_V4):
        assert real not in text
    assert doctor.nat["mapping"] == INDEPENDENT and "100.64." in doctor.nat["carrier_grade"]


def test_for_people_it_fits_a_terminal_and_has_words(lab: Lab) -> None:
    argv = (sys.executable, "-m", "icetui", "doctor", *SERVERS)
    done = lab["sym"].run(*argv, timeout=LIMIT)
    assert done.returncode == 0
    assert "Your NAT shows each destination another port" in done.stdout
    assert "symmetric" in done.stdout and "over a relay" in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines())


def test_the_other_side_learns_what_our_nat_does(lab: Lab, tmp_path: Path) -> None:
    alice = Peer(lab["arc"], tmp_path, "alice", "bob", hold=2)
    bob = Peer(lab["sym"], tmp_path, "bob", "alice", hold=2)
    alice.wait_for("description-accepted", mapping=ADDRESS_AND_PORT, filtering=ADDRESS_AND_PORT)
    bob.wait_for("description-accepted", mapping=INDEPENDENT, filtering=ADDRESS)
    for outcome in (alice.outcome(), bob.outcome()):
        assert (outcome.code, outcome.path) == (0, "direct"), outcome.explain()
        assert not [e for e in outcome.events if e["event"] == "blob-changed" and e.get("resend")]


def test_ipv6_is_examined_beside_ipv4(build_lab: BuildLab) -> None:
    built = build_lab(topology=Topology.pair("sym", "open", ipv6=True))
    six = f"stun:[{SERVER_V6[0]}]:3478"
    doctor = examine(built["alice"], "--stun", STUN_URL, "--stun", six)
    assert doctor.found["ipv6"] is True
    by_family = {":" in nat["local"]: nat for nat in doctor.found["nats"]}
    assert by_family[True]["behind_nat"] is False
    assert by_family[True]["filtering"] == ADDRESS_AND_PORT, "a stateful firewall"
    assert doctor.nat["mapping"] == ADDRESS_AND_PORT, "what a peer without IPv6 meets"


@pytest.mark.parametrize("kind", ["arc", "prc"])
def test_a_lossy_slow_line_does_not_change_the_answer(build_lab: BuildLab, kind: str) -> None:
    built = build_lab(kind, "open")
    built.set_weather("alice", Weather(delay=0.08, jitter=0.01, loss=0.1))
    nat = examine(built["alice"], "--stun", STUN_URL).nat
    assert (nat["behind_nat"], nat["mapping"], nat["filtering"]) == EXPECTED[kind]


def test_a_rebound_nat_gives_a_new_row(rebound: concurrent.futures.Future[Rebound]) -> None:
    """Within the 15 s after which a warm mapping is asked for again."""
    rows, nats = rebound.result()
    assert len(rows) == 2
    assert rows[1]["local"] == rows[0]["local"]
    assert rows[1]["mapped"] != rows[0]["mapped"]
    assert all(nat.get("mapping", INDEPENDENT) == INDEPENDENT for nat in nats), "no other kind"
