"""NAT behaviour discovery over real sockets: what is concluded, what stays open, who lies."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from icetui import events, signaling
from icetui.engine import nat_probes
from icetui.engine.binding import Answer
from icetui.engine.core import Failure
from icetui.engine.nat import Evidence, FilteringTest, conclude
from icetui.engine.nat_examination import unusable
from icetui.engine.net import Address
from icetui.engine.net.system import System
from icetui.engine.stream import Stream
from icetui.events import NatBehaviour, NatDependence, Reason, StartSession, StunServer, TurnServer
from icetui.streams.event_reader import EventReader
from tests.conftest import Start
from tests.engine.conftest import Coturn
from tests.engine.side import Side
from tests.engine.stun_server import FIRST, OUTSIDE, SECOND, RunningServer, StunServerOptions

Serve = Callable[..., Awaitable[RunningServer]]
INDEPENDENT, ADDRESS, ADDRESS_AND_PORT = (
    "endpoint-independent", "address-dependent", "address-and-port-dependent",
)  # fmt: skip


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts servers; stops them afterwards."""
    running: list[RunningServer] = []

    async def start(**options: Any) -> RunningServer:
        server = RunningServer(StunServerOptions(**options))
        await server.start()
        running.append(server)
        return server

    yield start
    for server in running:
        server.stop()


def on_loopback(*servers: StunServer, **chosen: Any) -> StartSession:
    return StartSession(interfaces=("lo",), ipv6=False, stun_servers=servers, **chosen)


async def examined(side: Side) -> NatBehaviour:
    """What is known of the NAT once no question is open."""
    await side.until(lambda s: s.nats and all(n.complete for n in s.nats.values()), within=8)
    (nat,) = side.session.nats.values()
    return nat


def translated(source: tuple[str, int], asked: tuple[str, int]) -> tuple[str, int]:
    """A NAT that maps independently of the endpoint and keeps ports."""
    return OUTSIDE, source[1]


def by_address(source: tuple[str, int], asked: tuple[str, int]) -> tuple[str, int]:
    """Another port for each address."""
    return OUTSIDE, 30000 + int(asked[0][-1])


def by_address_and_port(source: tuple[str, int], asked: tuple[str, int]) -> tuple[str, int]:
    """Another port for each address and port."""
    return OUTSIDE, 20000 + (asked[1] + 777 * int(asked[0][-1])) % 20000


# --- mapping ------------------------------------------------------------------------------------


async def test_without_a_nat_the_outside_sees_the_local_address(
    side: Callable[..., Side], serve: Serve
) -> None:
    server = await serve()
    one = side(on_loopback(server.server))
    nat = await examined(one)
    assert (nat.behind_nat, nat.mapping, nat.filtering) == (False, INDEPENDENT, INDEPENDENT)
    assert (nat.udp, nat.port_preservation, nat.hairpinning) == (True, True, None)
    assert nat.notes == ()


@pytest.mark.parametrize(
    ("sees", "mapping", "keeps"),
    [
        (translated, INDEPENDENT, True),
        (by_address, ADDRESS, False),
        (by_address_and_port, ADDRESS_AND_PORT, False),
    ],
)
async def test_a_mapping_is_compared_over_addresses_and_ports(
    side: Callable[..., Side], serve: Serve, sees: Any, mapping: str, keeps: bool
) -> None:
    server = await serve(sees=sees)
    one = side(on_loopback(server.server))
    nat = await examined(one)
    assert (nat.behind_nat, nat.mapping, nat.port_preservation) == (True, mapping, keeps)
    rows = one.session.mappings.values()
    assert {r.server for r in rows} == {
        f"{address}:{port}" for address in (FIRST, SECOND) for port in server.ports
    }
    assert {r.local for r in rows} == {f"127.0.0.1:{one.address[1]}"}, "the base that ICE uses"
    assert [r.url for r in rows if r.url] == [server.server.url]


async def test_two_servers_without_rfc_5780_are_enough_for_an_independent_mapping(
    side: Callable[..., Side], serve: Serve
) -> None:
    server = await serve(sees=translated, offers=False)
    nat = await examined(side(on_loopback(server.server, server.at(SECOND, server.ports[1]))))
    assert (nat.mapping, nat.filtering) == (INDEPENDENT, "unknown")
    assert nat.notes == (
        "Filtering is open: no server offers a second address to answer from (RFC 5780).",
    )


async def test_two_servers_without_rfc_5780_show_that_a_mapping_depends_but_not_on_what(
    side: Callable[..., Side], serve: Serve
) -> None:
    server = await serve(sees=by_address_and_port, offers=False)
    start = on_loopback(server.server, server.at(SECOND, server.ports[1]))
    nat = await examined(side(start))
    assert nat.mapping == ADDRESS, "no more than was seen"
    assert any("whether on its port too is open" in note for note in nat.notes)


async def test_one_server_without_rfc_5780_tells_no_mapping(
    side: Callable[..., Side], serve: Serve
) -> None:
    server = await serve(sees=translated, offers=False)
    nat = await examined(side(on_loopback(server.server)))
    assert (nat.behind_nat, nat.mapping, nat.filtering) == (True, "unknown", "unknown")
    assert any("it takes two addresses" in note for note in nat.notes)


async def test_a_turn_server_is_asked_as_a_stun_server(
    side: Callable[..., Side], serve: Serve
) -> None:
    server = await serve(sees=translated, offers=False)
    turn = TurnServer(host=SECOND, port=server.ports[1], transport="tcp")
    nat = await examined(side(on_loopback(server.server, turn_servers=(turn,))))
    assert nat.mapping == INDEPENDENT
    assert server.asked[SECOND, server.ports[1]] >= 1


async def test_a_mapping_that_changes_meanwhile_is_not_taken_for_a_dependent_one(
    side: Callable[..., Side], serve: Serve
) -> None:
    ports = iter(range(40000, 60000))
    server = await serve(sees=lambda source, asked: (OUTSIDE, next(ports)))
    nat = await examined(side(on_loopback(server.server)))
    assert nat.mapping == "unknown"
    assert any("another mapping while" in note for note in nat.notes)


# --- filtering ----------------------------------------------------------------------------------


@pytest.mark.parametrize("sees", [translated, by_address_and_port])
@pytest.mark.parametrize(
    ("changes", "filtering"),
    [("honest", INDEPENDENT), ("port-only", ADDRESS), ("neither", ADDRESS_AND_PORT)],
)
async def test_filtering_is_seen_from_a_socket_that_wrote_to_one_address_only(
    side: Callable[..., Side], serve: Serve, sees: Any, changes: str, filtering: str
) -> None:
    server = await serve(sees=sees, changes=changes)
    nat = await examined(side(on_loopback(server.server)))
    assert nat.filtering == filtering


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"changes": "dropped"}, "does not answer from"),
        ({"changes": "neither", "control_passes": False}, "does not answer from"),
        ({"changes": "ignored"}, "answers from the same address"),
        ({"changes": "refused"}, "420 Unknown Attribute"),
        ({"offers": False}, "no server offers a second address"),
    ],
)
async def test_filtering_stays_unknown_where_the_server_does_not_do_its_part(
    side: Callable[..., Side], serve: Serve, options: dict[str, Any], why: str
) -> None:
    server = await serve(sees=translated, **options)
    nat = await examined(side(on_loopback(server.server)))
    assert nat.filtering == "unknown"
    assert [note for note in nat.notes if why in note], nat.notes


# --- servers that lie ---------------------------------------------------------------------------


async def test_an_other_address_that_does_not_answer_is_named_and_the_next_server_serves(
    side: Callable[..., Side], serve: Serve
) -> None:
    liar = await serve(sees=translated, other_answers=False, changes="dropped")
    honest = await serve(sees=translated)
    nat = await examined(side(on_loopback(liar.server)))
    assert (nat.mapping, nat.filtering) == ("unknown", "unknown")
    named = f"offers {SECOND}:{liar.ports[1]} as its other address, and nothing answers there"
    assert [n for n in nat.notes if named in n]
    nat = await examined(side(on_loopback(liar.server, honest.at(SECOND, honest.ports[0]))))
    assert (nat.mapping, nat.filtering) == (INDEPENDENT, INDEPENDENT)


@pytest.mark.parametrize(
    "other", [("224.0.0.1", 3478), ("192.168.7.7", 3478), ("127.0.0.2", 0), ("0.0.0.0", 9)]
)
async def test_an_other_address_that_cannot_be_is_never_asked(
    side: Callable[..., Side], serve: Serve, other: tuple[str, int]
) -> None:
    server = await serve(other=other)
    one = side(on_loopback(server.server))
    nat = await examined(one)
    assert nat.filtering == "unknown"
    assert [n for n in nat.notes if other[0] in n]
    assert {m.remote for m in one.of(events.StunMessage)} == {f"{FIRST}:{server.ports[0]}"}


async def test_an_alg_that_rewrites_addresses_is_named(
    side: Callable[..., Side], serve: Serve
) -> None:
    server = await serve(plain=("10.0.0.9", 1234))
    nat = await examined(side(on_loopback(server.server)))
    assert [n for n in nat.notes if "ALG" in n and "10.0.0.9:1234" in n]
    assert nat.behind_nat is False, "the hidden form is the true one"


async def test_a_mapped_address_of_another_family_is_no_evidence(
    side: Callable[..., Side], serve: Serve
) -> None:
    server = await serve(sees=lambda source, asked: ("2001:db8::1", 4000))
    nat = await examined(side(on_loopback(server.server)))
    assert (nat.behind_nat, nat.mapping) == (None, "unknown")
    assert [n for n in nat.notes if "[2001:db8::1]:4000" in n]


# --- UDP ----------------------------------------------------------------------------------------


async def test_silence_over_udp_while_tcp_answers_is_blocked_udp(
    side: Callable[..., Side], serve: Serve, coturn: Coturn
) -> None:
    dead = await serve(silent=True)
    turn = TurnServer(host=FIRST, port=dead.ports[0], transport="tcp", username="a", password="b")
    front = await asyncio.start_server(_to(coturn.port), FIRST, dead.ports[0])
    async with front:
        nat = await examined(side(on_loopback(dead.server, turn_servers=(turn,))))
    assert nat.udp is False
    assert nat.notes == (
        f"UDP is blocked: one server was asked over UDP, none answered, while {turn.url} answers.",
    )


def _to(port: int) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """Hands a TCP connection on."""

    async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(FIRST, port)

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            with contextlib.suppress(ConnectionError):  # whoever only looks whether we are there
                while data := await source.read(4096):
                    sink.write(data)
            sink.close()

        await asyncio.gather(pump(reader, back), pump(there, writer))

    return hand_on


async def test_a_dead_server_alone_does_not_prove_that_udp_is_blocked(
    side: Callable[..., Side], serve: Serve
) -> None:
    dead = await serve(silent=True)
    nat = await examined(side(on_loopback(dead.server)))
    assert nat.udp is False, "nothing answered"
    assert "may be blocked, or the network or the server down" in nat.notes[0]


async def test_silence_of_a_server_that_need_not_offer_udp_says_nothing(
    side: Callable[..., Side], serve: Serve
) -> None:
    dead = await serve(silent=True)
    turn = TurnServer(host=FIRST, port=dead.ports[0], transport="tls")
    start = StartSession(interfaces=("lo",), ipv6=False, turn_servers=(turn,))
    nat = await examined(side(start))
    assert nat.udp is None
    assert nat.notes == (
        f"Whether UDP gets out from here is open: {FIRST} did not answer and may offer TCP only.",
    )


async def test_a_base_from_which_nobody_could_be_asked_says_so(
    side: Callable[..., Side], serve: Serve
) -> None:
    server = await serve()
    one = side(StartSession(interfaces=("lo",), stun_servers=(server.server,)))
    await one.until(lambda s: len(s.nats) == 2 and all(n.complete for n in s.nats.values()))
    assert one.session.nats["127.0.0.1"].udp is True
    six = one.session.nats["::1"]
    assert six.udp is None
    assert six.notes == ("Whether UDP gets out from here is open: nobody was asked.",)


async def test_a_refusal_by_the_server_itself_shows_that_udp_gets_there(
    side: Callable[..., Side],
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((FIRST, 0))
        port = taken.getsockname()[1]
    nat = await examined(side(on_loopback(StunServer(host=FIRST, port=port))))
    assert nat.udp is None
    assert nat.notes == (f"UDP gets as far as {FIRST}, where no STUN server listens.",)


# --- binding lifetime ---------------------------------------------------------------------------


async def test_a_lifetime_is_looked_for_only_when_asked(
    side: Callable[..., Side], serve: Serve
) -> None:
    server = await serve(sees=translated, response_port=True)
    nat = await examined(side(on_loopback(server.server)))
    assert (nat.binding_lifetime, nat.binding_lapsed) == (None, None)
    nat = await examined(side(on_loopback(server.server, binding_lifetime=0.8)))
    assert (nat.binding_lifetime, nat.binding_lapsed) == (0.8, None)


async def test_a_server_without_response_port_leaves_the_lifetime_open(
    side: Callable[..., Side], serve: Serve
) -> None:
    server = await serve(sees=translated)
    nat = await examined(side(on_loopback(server.server, binding_lifetime=0.5)))
    assert nat.binding_lifetime is None
    assert [n for n in nat.notes if "RESPONSE-PORT" in n]


# --- beside gathering ---------------------------------------------------------------------------


async def test_gathering_does_not_wait_for_it_and_the_blob_gets_its_byte_later(
    side: Callable[..., Side], serve: Serve
) -> None:
    server = await serve(sees=translated, changes="neither")
    one = side(on_loopback(server.server))
    await one.until(lambda s: s.gathering == "complete", within=2)
    (nat,) = one.session.nats.values()
    assert not nat.complete, "the filter takes its time, gathering does not"
    await examined(one)
    blobs = one.of(events.BlobChanged)
    assert not any(b.resend for b in blobs)
    last = signaling.read(blobs[-1].blob)
    assert (last.mapping, last.filtering) == (INDEPENDENT, ADDRESS_AND_PORT)
    before = signaling.read(blobs[-2].blob)
    assert blobs[-1].nat_only
    assert (before.candidates, before.ufrag, before.complete) == (
        last.candidates, last.ufrag, last.complete,
    )  # fmt: skip


async def test_the_byte_reaches_the_other_side(side: Callable[..., Side], serve: Serve) -> None:
    server = await serve(changes="port-only")
    one, other = side(on_loopback(server.server)), side()
    await examined(one)
    assert one.session.blob is not None
    other.agent.paste(one.session.blob.blob)
    await other.until(lambda s: s.description is not None)
    theirs = other.session.description
    assert theirs is not None
    assert (theirs.mapping, theirs.filtering) == (INDEPENDENT, ADDRESS)


async def test_a_blob_that_is_printed_is_not_printed_again_for_its_byte(
    start: Start, serve: Serve
) -> None:
    server = await serve(sees=translated, changes="neither")
    options = ("--interface", "lo", "--no-ipv6", "--give-up", "3")
    peer = await start("peer", "--stun", server.server.url, *options)
    assert await peer.ends() == 5
    assert len([line for line in peer.out if line.startswith("icetui:")]) == 1
    assert not [line for line in peer.err if "changed" in line]


async def test_it_is_bounded_in_time_and_messages(side: Callable[..., Side], serve: Serve) -> None:
    server = await serve(sees=translated, changes="dropped")
    one = side(on_loopback(server.server, StunServer(host=FIRST, port=server.ports[1])))
    await examined(one)
    began = one.of(events.GatheringStateChanged)[0].t
    ended = one.of(events.NatBehaviourChanged)[-1].t
    assert ended - began < 4
    assert len(one.of(events.StunMessage)) < 150


async def test_closing_in_the_middle_takes_no_time_and_leaves_no_socket(
    side: Callable[..., Side], serve: Serve
) -> None:
    server = await serve(sees=translated, changes="dropped", response_port=True)
    before = _open_files()
    one = side(on_loopback(server.server, binding_lifetime=30.0))
    await one.until(lambda s: s.gathering == "complete")
    assert _open_files() > before
    loop = asyncio.get_running_loop()
    began = loop.time()
    await one.agent.leave("user")
    assert loop.time() - began < 1.0
    assert _open_files() <= before


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("relay_only", [True, False])
async def test_nobody_is_asked_without_servers_or_with_relays_only(
    side: Callable[..., Side], serve: Serve, relay_only: bool
) -> None:
    server = await serve()
    start = on_loopback(server.server, relay_only=True) if relay_only else on_loopback()
    one = side(start)
    await one.until(lambda s: s.gathering == "complete")
    assert not one.session.nats
    assert not one.session.mappings
    assert not server.asked


async def test_a_row_of_the_table_is_said_again_only_when_it_changes(
    side: Callable[..., Side], serve: Serve
) -> None:
    server = await serve(sees=translated)
    one = side(on_loopback(server.server))
    await examined(one)
    (base,) = one.agent._discovery._bases.values()
    again = Answer(mapped=(OUTSIDE, base.endpoint.address[1]), source=server.address, took=0.01)
    url = server.server.url
    rows = len(one.of(events.MappingSeen))
    one.agent._discovery.answered(base.endpoint, url, server.address, again)
    assert len(one.of(events.MappingSeen)) == rows
    moved = Answer(mapped=(OUTSIDE, 7), source=server.address, took=0.01)
    one.agent._discovery.answered(base.endpoint, url, server.address, moved)
    assert one.of(events.MappingSeen)[-1].mapped == f"{OUTSIDE}:7"


async def test_a_nat_that_forgets_while_it_is_examined_is_never_said_to_be_symmetric(
    side: Callable[..., Side], serve: Serve
) -> None:
    """What one server saw before and another one after is no comparison."""
    server = await serve(sees=translated)
    one = side(on_loopback(server.server))
    await examined(one)
    (base,) = one.agent._discovery._bases.values()
    examination = base.examination
    later = examination.evidence.seen.copy()
    assert len(later) > 1
    assert conclude(examination.evidence).mapping == INDEPENDENT

    def sees(server: Address, port: int) -> NatDependence:
        answer = Answer(mapped=(OUTSIDE, port), source=server, took=0.01)
        examination.heard(server, answer, configured=False)
        return conclude(examination.evidence).mapping

    assert sees(("127.0.0.77", 3478), 7) == "unknown", "nobody has confirmed it yet"
    for server_ in later:
        assert sees(server_, 7) == "unknown", "it has moved meanwhile"


# --- conclusions --------------------------------------------------------------------------------

A, B = ("198.51.100.1", 3478), ("198.51.100.2", 3479)
BASE = ("192.168.1.20", 5000)


def evidence(**more: Any) -> NatBehaviour:
    return conclude(Evidence(BASE, complete=True, mapping_settled=True, **more))


def test_a_server_in_the_own_network_does_not_make_a_mapping_look_dependent() -> None:
    nat = evidence(seen={A: ("203.0.113.7", 6000), B: BASE})
    assert (nat.behind_nat, nat.mapping) == (True, "unknown")


def test_two_servers_on_two_sides_of_a_second_nat_show_it() -> None:
    nat = evidence(seen={A: ("203.0.113.7", 6000), B: ("10.9.0.3", 6000)})
    assert nat.mapping == "unknown", "each saw another NAT"
    assert nat.carrier_grade is not None
    assert "10.9.0.3" in nat.carrier_grade


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        ({"seen": {A: ("100.64.3.4", 6000)}}, "100.64.3.4"),
        (
            {"seen": {A: ("203.0.113.7", 1)}, "routers": {1: "192.168.1.1", 2: "100.64.0.1"}},
            "2 hops",
        ),
    ],
)
def test_an_address_that_only_carriers_use_shows_a_carrier_grade_nat(
    found: dict[str, Any], shown: str
) -> None:
    assert shown in (evidence(**found).carrier_grade or "")


def test_a_second_private_router_may_be_a_second_nat_and_is_no_proof() -> None:
    nat = evidence(seen={A: ("203.0.113.7", 1)}, routers={1: "192.168.1.1", 2: "10.0.0.1"})
    assert nat.carrier_grade is None
    assert [n for n in nat.notes if "a second NAT may follow" in n]


def test_behind_no_nat_a_private_router_means_nothing() -> None:
    public = ("198.51.100.77", 5000)
    nat = conclude(
        Evidence(public, complete=True, mapping_settled=True, seen={A: public},
                 routers={2: "100.64.0.1"})
    )  # fmt: skip
    assert (nat.behind_nat, nat.carrier_grade, nat.notes[1:]) == (False, None, ())


def test_a_server_that_sees_a_private_address_as_it_is_says_nothing_of_a_nat_behind_it() -> None:
    nat = evidence(seen={("192.168.1.7", 3478): BASE})
    assert (nat.behind_nat, nat.mapping) == (None, "unknown")
    assert "192.168.1.7 sees our own address" in nat.notes[0]


def test_servers_that_agree_are_no_symmetric_nat_whatever_another_one_says() -> None:
    """A port that is wrong, or an address: one server's word against two others'."""
    here = ("203.0.113.7", 6000)
    honest = {A: here, (A[0], 3479): here, B: here}
    nat = evidence(seen={**honest, ("192.0.2.9", 3478): (here[0], 7000)})
    assert nat.mapping == INDEPENDENT and "192.0.2.9 sees us elsewhere" in nat.notes[0]
    nat = evidence(seen={**honest, ("192.0.2.9", 3478): ("198.51.100.99", 6000)})
    assert nat.mapping == "unknown"
    each = {A: (here[0], 1), (A[0], 3479): (here[0], 2), B: (here[0], 3)}
    assert evidence(seen=each).mapping == ADDRESS_AND_PORT


addresses = st.tuples(st.ip_addresses().map(str), st.integers(0, 65535))
behaviours = st.builds(
    Evidence,
    base=addresses,
    seen=st.dictionaries(addresses, addresses, max_size=6),
    silent=st.dictionaries(
        addresses, st.builds(Failure, st.sampled_from(list(Reason)), st.text()), max_size=4
    ),
    tests=st.lists(
        st.builds(
            FilteringTest,
            addresses,
            addresses,
            address_passed=st.booleans(),
            port_passed=st.booleans(),
            address_control=st.booleans(),
            port_control=st.booleans(),
            ignored=st.booleans(),
            refused=st.text(),
            reachable=st.booleans(),
        ),
        max_size=3,
    ),
    routers=st.dictionaries(st.integers(1, 3), st.ip_addresses().map(str)),
    hairpin=st.none() | st.booleans(),
    mapping_settled=st.booleans(),
    moved=st.booleans(),
    complete=st.booleans(),
)


@given(behaviours)
def test_any_evidence_leads_to_a_conclusion_that_it_bears(found: Evidence) -> None:
    nat = conclude(found)
    assert (nat.behind_nat is None) == (not found.seen)
    if not found.seen:
        assert (nat.mapping, nat.filtering) == ("unknown", "unknown")
    if nat.filtering != "unknown":
        assert found.tests
    EventReader().read(events.encode(events.NatBehaviourChanged(wall=0, t=0, nat=nat)))


@given(addresses, addresses)
def test_an_other_address_that_is_asked_is_a_public_unicast_one(
    server: tuple[str, int], other: tuple[str, int]
) -> None:
    if unusable(server, other) is None:
        ip = ipaddress.ip_address(other[0])
        assert other[1]
        assert not (ip.is_multicast or ip.is_unspecified or ip.is_link_local)
        assert ip.version == ipaddress.ip_address(server[0]).version


# --- arbitrary answers --------------------------------------------------------------------------

numbers = st.sampled_from([0x01, 0x03, 0x05, 0x09, 0x20, 0x22, 0x802B, 0x802C, 0x8028, 0x7777])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from([0x0101, 0x0111, 0x0001, 0x0011, 0x0103]),
    st.lists(st.tuples(numbers, st.binary(max_size=24)), max_size=6),
    st.binary(max_size=8),
)
def test_no_answer_whatever_raises(
    kind: int, attributes: list[tuple[int, bytes]], tail: bytes
) -> None:
    body = b"".join(
        n.to_bytes(2, "big") + len(v).to_bytes(2, "big") + v + bytes(-len(v) % 4)
        for n, v in attributes
    )

    async def run() -> None:
        loop = asyncio.get_running_loop()
        failures: list[Any] = []
        loop.set_exception_handler(lambda _, context: failures.append(context))

        class Liar(asyncio.DatagramProtocol):
            def connection_made(self, transport: Any) -> None:
                self.transport = transport

            def datagram_received(self, data: bytes, addr: Any) -> None:
                head = kind.to_bytes(2, "big") + len(body).to_bytes(2, "big")
                self.transport.sendto(head + data[4:20] + body + tail, addr)
                self.transport.sendto(secrets.token_bytes(8), addr)

        net = System()
        transport, _ = await loop.create_datagram_endpoint(Liar, local_addr=(FIRST, 0))
        address = transport.get_extra_info("sockname")
        try:
            async with nat_probes.probe(net, Stream(net, lambda _: None), FIRST) as asker:
                outcome = await asker.ask(address, change=6, waits=(0.005, 0.01))
        finally:
            transport.close()
        assert isinstance(outcome, Answer) or outcome[0] in list(Reason)
        assert not failures

    asyncio.run(run())
