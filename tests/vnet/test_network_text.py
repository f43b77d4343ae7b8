"""Network files: what is read, what is written, and the sentence for each mistake."""

from __future__ import annotations

import msgspec
import pytest

from icetui.vnet import changes
from icetui.vnet.network import BadNetwork, Network, Server
from icetui.vnet.network_parts import (
    Attachment,
    Host,
    Interface,
    Line,
    Link,
    Name,
    Nat,
    Router,
    Rule,
    Session,
)
from icetui.vnet.network_text import read, unknown, write
from icetui.vnet.servers import StunOptions, TurnOptions
from icetui.vnet.world import World

TEXT = """\
seed = 7

[routers.alice-nat]
inside = "alice-lan"
outside = { link = "internet", line = { delay = 0.025 } }
nat = "prc"

[routers.bob-nat]
inside = "bob-lan"
outside = "internet"
nat = { kind = "sym", lifetime = 60 }

[hosts.alice]
interfaces = "alice-lan"

[hosts.bob]
interfaces = ["bob-lan", { link = "none", name = "docker0", address = "172.17.0.1/16" }]

[servers.stun]
kind = "stun"
addresses = ["192.0.2.10"]

[names."stun.example.org"]
addresses = ["192.0.2.10"]
delay = 0.2

[sessions.alice]
host = "alice"
stun = ["stun:stun.example.org"]

[[changes]]
at = 10
what = "cut"
whom = "alice.eth0"

[[changes]]
at = 12
what = "weather"
whom = "bob-nat"
line = { loss = 0.3 }
"""

EVERYTHING = Network(
    seed=3,
    wall=1_600_000_000.5,
    ipv6=True,
    links={
        "internet": Link(blackhole=("192.0.2.66/32",), unknown="blackhole"),
        "cafe": Link(isolated=True, prefix="10.1.2.0/24"),
    },
    routers={
        "cafe-nat": Router(
            inside=(Attachment("cafe"),),
            outside=(Attachment("internet", up=Line(rate=125_000.0, queue=5_000, mtu=1400)),),
            nat=Nat(first_lifetime=None, alg=True, hairpin="yes"),
            firewall=(
                Rule(name="dpi", protocol="udp", stun=True, share=0.5, source=("10.1.2.0/24",)),
                Rule(action="reject", reject_with="admin-prohibited", destination_ports=("1-9",)),
            ),
        ),
    },
    hosts={
        "alice": Host(
            interfaces=(
                Interface("cafe", "eth1", ("10.1.2.9/24",)),
                Interface(None, "eth0", ("10.8.0.2/24",), default=True),
            ),
            wall_error=-3.5,
            local_names=("a.local",),
            echo=(7,),
        ),
    },
    servers={
        "stun": Server(StunOptions(other_addresses=("192.0.2.11",), mapped="plain", error=420)),
        "turn": Server(
            TurnOptions(users={"al ice": 'se"cret'}, relay_ports=(50_000, 50_100)), "alice"
        ),
    },
    names={"turn.example.org": Name(silent=True, hosts={"alice": Name(addresses=("192.0.2.9",))})},
    sessions={"one": Session(host="alice", relay_only=True, pastes_at=4.5, ipv6=False)},
    changes=(
        changes.Cut(whom="alice.eth1", at=1.0, direction="up"),
        changes.Weather(whom="cafe-nat", at=2.0, line=Line(delay=0.1, jitter=0.05)),
        changes.Roam(whom="alice", at=3.0, interface=Interface("internet", "eth1")),
        changes.AddRules(whom="internet", at=4.0, rules=(Rule(protocol="udp"),)),
        changes.Reboot(whom="alice", at=5.0, takes=1.0),
    ),
)


def test_a_file_becomes_a_world() -> None:
    world = World(read(TEXT))
    assert world.hosts["alice"].interfaces() == [("lo", "127.0.0.1"), ("eth0", "192.168.1.20")]
    assert world.hosts["bob"].interfaces()[1:] == [
        ("eth0", "192.168.2.20"),
        ("docker0", "172.17.0.1"),
    ]
    nat = world.routers["bob-nat"].kind
    assert nat is not None
    assert (nat.mapping, nat.lifetime) == ("address-and-port-dependent", 60.0)
    world.clock.run_for(13)
    assert world.port("alice.eth0").up.line.cut
    assert world.port("bob-nat.outside").down.line.loss == 0.3


@pytest.mark.parametrize("network", [EVERYTHING, read(TEXT), Network()])
def test_what_is_written_reads_as_the_same_network(network: Network) -> None:
    assert read(write(network)) == network


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ('nat = "prc"', 'nat = "pcr"', "line 6: 'pcr' is no value of nat; perhaps prc"),
        ('kind = "sym"', 'kind = "smy"', "line 11: 'smy' is no kind of NAT; perhaps sym"),
        ("nat = {", "natt = {", "line 11: 'natt' is no setting of routers; perhaps nat"),
        ("delay = 0.025", "dely = 0.025", "line 5: 'dely' is no setting of routers; perhaps delay"),
        ("delay = 0.025", "delay = -1", "line 5: routers.alice-nat.outside.0.line.delay: expected"),
        ("delay = 0.025", "jitter = 1.0", "line 5: jitter cannot exceed the delay"),
        ('= "alice-lan"\n\n[hosts.bob]', '= "alise-lan"\n\n[hosts.bob]',
         "line 14: there is no link 'alise-lan'; perhaps alice-lan"),
        ("[hosts.bob]", "[host.bob]", "line 16: 'host' is no part of a network; perhaps hosts"),
        ("[hosts.bob]", '[hosts."b b"]', "line 16: 'b b' is no name"),
        ('"172.17.0.1/16"', '"172.17.0.300/16"', "line 17: '172.17.0.300/16' is no IP address"),
        ('kind = "stun"', 'kind = "stunn"', "line 20: 'stunn' is no kind of server; perhaps stun"),
        ('kind = "stun"\n', "", "line 19: a server has a kind"),
        ('["192.0.2.10"]\n\n', '["192.0.2.1x"]\n\n',
         "line 21: servers.stun.addresses: '192.0.2.1x' does not"),
        ('host = "alice"', 'host = "alise"', "line 28: there is no host 'alise'; perhaps alice"),
        ("stun:stun.example", "stn:stun.example", "line 29: this names no server icetui knows"),
        ('what = "cut"', 'what = "cot"', "line 33: 'cot' is no change; perhaps cut"),
        ('"alice.eth0"', '"alise.eth0"', "line 34: there is no router or host 'alise'; perhaps"),
        ("at = 12", "at = 12\ncolour = 1", "line 38: 'colour' is no setting of changes"),
        ('whom = "bob-nat"\nline', 'whom = "bob-nat"\nlin', "line 40: 'lin' is no setting"),
        ("line = { loss = 0.3 }", "", "line 36: changes.1: object missing required field line"),
        ("seed = 7", 'seed = "7"', "line 1: seed: expected int, got str"),
        ("seed = 7", "seed = ", "not TOML: "),
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence_with_its_line(right: str, wrong: str, says: str) -> None:
    assert right in TEXT
    with pytest.raises(BadNetwork) as raised:
        read(TEXT.replace(right, wrong, 1))
    assert str(raised.value).startswith(says)
    assert "\n" not in str(raised.value)


def test_two_hosts_of_one_address_are_refused() -> None:
    again = '[hosts.carol]\ninterfaces = { link = "alice-lan", address = "192.168.1.9" }\n'
    text = TEXT + again + again.replace("carol", "dave")
    with pytest.raises(BadNetwork, match=r"^line 44: 192\.168\.1\.9 is hosts\.carol's already$"):
        read(text)


def test_two_servers_at_one_port_are_refused() -> None:
    text = TEXT + '[servers.turn]\nkind = "turn"\nhost = "alice"\n'
    again = text + '[servers.other]\nkind = "stun"\nhost = "alice"\n'
    read(text)
    with pytest.raises(BadNetwork, match=r"^line 44: its port 3478 is turn's already$"):
        read(again)


def test_sizes_are_bounded() -> None:
    hosts = "".join(f'[hosts.h{i}]\ninterfaces = "internet"\n' for i in range(65))
    with pytest.raises(BadNetwork, match="64 are the most"):
        read(hosts)
    cuts = '[[changes]]\nwhat = "cut"\nwhom = "alice"\n' * 1001
    with pytest.raises(BadNetwork, match="1000 are the most"):
        read('[hosts.alice]\ninterfaces = "internet"\n' + cuts)
    with pytest.raises(BadNetwork, match="characters"):
        read("#" * 1_000_001)


def test_every_change_can_be_written() -> None:
    for kind in changes.CHANGES.values():
        needed = {
            f.name: {"addresses": ("192.0.2.9",), "line": Line(), "link": "cafe", "name": "x",
                     "interface": Interface("cafe"), "rules": (Rule(),), "error": 1.0}[f.name]
            for f in msgspec.structs.fields(kind)
            if f.required
        }  # fmt: skip
        whom = "turn" if kind in (changes.Start, changes.Restart, changes.Stop) else "alice"
        whom = "cafe-nat" if kind in (changes.Rebind, changes.Uplink) else whom
        network = msgspec.structs.replace(EVERYTHING, changes=(kind(whom=whom, **needed),))
        assert read(write(network)) == network


def test_what_there_is_is_listed_as_in_a_sentence() -> None:
    known = unknown("setting of changes", "foo", ("what", "whom", "at"))
    assert known == "'foo' is no setting of changes; there are what, whom and at"
    assert unknown("kind", "foo", ("bar",)) == "'foo' is no kind; there is bar"
