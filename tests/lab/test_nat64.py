"""A host with IPv6 alone, behind a NAT64 of the real world: tayga before the kernel's own NAT."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.lab import icetui_peer, needs, netns
from tests.lab.lab import BuildLab, Lab
from tests.lab.topology import SERVER_V4, TURN_PASSWORD, TURN_USER, Topology

PREFIX, POOL = "2001:db8:64::/96", "192.168.255.0/24"
NAME = "ipv4-only.lab.test"
EMBEDDED = "2001:db8:64::c000:20a"
"""What a DNS64 makes of the server's address."""
SERVERS = (
    "--stun", f"stun:{NAME}",
    "--turn", f"turn:{TURN_USER}:{TURN_PASSWORD}@{NAME}",
)  # fmt: skip


@pytest.fixture
def lab(build_lab: BuildLab, tmp_path: Path) -> Lab:
    """Alice has IPv6 alone; her router translates."""
    if shutil.which("tayga") is None:
        needs.skip("not installed: tayga")
    lab = build_lab(topology=Topology.pair("prc", "prc", ipv6=True))
    router = lab.namespace(lab.router("alice"))
    settings = tmp_path / "tayga.conf"
    settings.write_text(
        f"tun-device nat64\nipv4-addr 192.168.255.1\nipv6-addr 2001:db8:65::1\nprefix {PREFIX}\n"
        f"dynamic-pool {POOL}\ndata-dir {tmp_path}\n"
    )
    netns.run_all([(netns.command(router, "tayga", "--mktun", "-c", str(settings)), "")])
    jobs = [
        netns.ip_batch(
            [
                "link set nat64 up",
                f"route add {POOL} dev nat64",
                f"route add {PREFIX} dev nat64",
            ],
            router,
        ),
        netns.nft(
            router,
            'insert rule inet filter forward iifname { "lan", "nat64" } '
            'oifname { "nat64", "wan" } accept\n',
        ),
        netns.ip_batch(["addr flush dev eth0"], lab.namespace("alice"), family="-4"),
    ]
    netns.run_all(jobs)
    with (tmp_path / "tayga.log").open("w") as log:
        command = netns.command(router, "tayga", "-d", "-c", str(settings))
        lab.children.append(subprocess.Popen(command, stdout=log, stderr=log))
    hosts = f"::1 localhost\n{EMBEDDED} {NAME}\n{SERVER_V4[0]} {NAME}\n"
    for host in ("alice", "bob"):
        netns.write_files(lab.namespace(host), {"hosts": hosts})
    return lab


@pytest.mark.timeout(90)
def test_it_reaches_a_peer_with_ipv4_alone_directly(lab: Lab, tmp_path: Path) -> None:
    four = icetui_peer.Peer(
        lab["bob"], tmp_path, "bob.blob", "alice.blob", "--no-ipv6", servers=SERVERS
    )
    six = icetui_peer.Peer(lab["alice"], tmp_path, "alice.blob", "bob.blob", servers=SERVERS)
    outcomes = six.outcome(), four.outcome()
    for outcome in outcomes:
        assert outcome.state in ("connected", "completed"), outcome.explain()
        assert outcome.path == "direct", outcome.explain()
    told = [e["nat"] for e in outcomes[0].events if e["event"] == "nat-behaviour-changed"]
    assert told[-1]["nat64"], told
    assert told[-1]["mapping"] == "endpoint-independent", told
