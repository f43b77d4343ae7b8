"""Networks that come, go and change while a session lives: who is asked again, what is withdrawn,
and that nothing grows with hours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import cast

import pytest

from icetui import signaling
from icetui.engine.core_runner import CoreRunner
from icetui.engine.endpoint import Endpoint
from icetui.engine.gathering import COMES_BACK_WITHIN, LOOK_EACH
from icetui.engine.local_candidates import LocalCandidates
from icetui.engine.stream import Stream
from icetui.events import BlobChanged, Candidate, Reason, StartSession, StunServer, TurnServer
from icetui.signaling.description import MAX_CANDIDATES
from icetui.vnet.network import Server
from icetui.vnet.network_parts import NatKind
from icetui.vnet.servers import StunOptions, TurnOptions
from icetui.vnet.world import World
from tests.engine.served import USERS, Served
from tests.vnet.playing import ALICE, ALICE_OUTSIDE, BOB_OUTSIDE, OTHER_SERVER, SERVER, homes

LEASE = {"link": "alice-lan", "addresses": ("192.168.1.99/24",)}
START = StartSession(ipv6=False, stun_servers=(StunServer(host=SERVER),))


Worlds = Callable[..., World]


@pytest.fixture
def world_with() -> Iterator[Worlds]:
    """Makes two homes behind NATs with servers outside; ends them afterwards."""
    made: list[World] = []
    usual = {
        "stun": StunOptions(addresses=(SERVER,)),
        "turn": TurnOptions(
            addresses=(OTHER_SERVER,), users=USERS, relay_addresses=(OTHER_SERVER,)
        ),
    }

    def make(nat: NatKind = "cone", **servers: StunOptions) -> World:
        running = {n: Server(o, host="server") for n, o in (servers or usual).items()}
        made.append(World(homes(nat, "cone", servers=running)))
        return made[-1]

    yield make
    for world in made:
        world.close()


def blob_of(one: Served) -> list[str]:
    """Addresses in the blob as it is now."""
    assert one.session.blob is not None
    return [c.address for c in signaling.read(one.session.blob.blob).candidates]


def run(world: World, seconds: float) -> None:
    world.clock.run_for(seconds)
    assert not world.failures


# --- asked again --------------------------------------------------------------------------------


def test_a_stun_server_that_was_down_at_the_start_is_asked_again_until_it_answers(
    world_with: Worlds,
) -> None:
    world = world_with()
    run(world, 0.1)
    world.change("stop", "stun")
    one = Served(world, START)
    assert one.gather().state == "failed"
    run(world, 60.0)
    world.change("start", "stun")
    run(world, 20.0)
    assert one.offered("srflx") == [ALICE_OUTSIDE]
    assert one.session.servers[START.stun_servers[0].url].state == "ok"
    assert one.session.blob is not None and one.session.blob.resend


@pytest.mark.parametrize("kind", ["stun", "turn"])
def test_a_name_that_had_no_address_at_the_start_is_looked_up_again(
    world_with: Worlds, kind: str
) -> None:
    world = world_with()
    if kind == "stun":
        start = StartSession(ipv6=False, stun_servers=(StunServer(host="late.example"),))
    else:
        turn = TurnServer(host="late.example", username="alice", password="secret")
        start = StartSession(ipv6=False, turn_servers=(turn,))
    one = Served(world, start)
    assert one.gather().reason == Reason.DNS
    addresses = (SERVER,) if kind == "stun" else (OTHER_SERVER,)
    world.change("answer", "late.example", addresses=addresses)
    run(world, 65.0)
    assert one.offered("srflx" if kind == "stun" else "relay")


def test_a_network_that_comes_up_later_is_gathered_from_at_once(world_with: Worlds) -> None:
    world = world_with()
    world.change("unplug", "alice")
    turn = TurnServer(host=OTHER_SERVER, username="alice", password="secret")
    start = StartSession(ipv6=False, stun_servers=(StunServer(host=SERVER),), turn_servers=(turn,))
    one = Served(world, start)
    one.gather()
    assert not one.session.local_candidates and one.session.blob is None
    run(world, 40.0)
    world.change("plug", "alice", interface={"link": "alice-lan"})
    run(world, LOOK_EACH + 1.0)
    assert one.offered("host") and one.offered("srflx") == [ALICE_OUTSIDE]
    assert one.offered("relay") == [OTHER_SERVER]
    assert {s.state for s in one.session.servers.values()} == {"ok"}
    assert set(blob_of(one)) == {*one.offered("host", "srflx", "relay")}


# --- withdrawn ----------------------------------------------------------------------------------


def test_what_stands_on_an_address_that_is_gone_leaves_candidates_and_blob(
    world_with: Worlds,
) -> None:
    world = world_with()
    one = Served(world, START)
    one.gather()
    assert one.offered("host", "srflx") == [ALICE, ALICE_OUTSIDE]
    world.change("roam", "alice", interface={"link": "bob-lan", "addresses": ("192.168.2.77/24",)})
    run(world, LOOK_EACH + 1.0)
    assert one.offered("host", "srflx") == ["192.168.2.77", BOB_OUTSIDE]
    gone = [c for c in one.session.local_candidates.values() if c.gone]
    assert [(c.type, c.reason, c.gone) for c in gone] == [
        ("host", Reason.GONE, "address"), ("srflx", Reason.GONE, "address"),
    ]  # fmt: skip
    assert all(c.evidence is not None and c.evidence.removed == ALICE for c in gone)
    assert blob_of(one) == ["192.168.2.77", BOB_OUTSIDE]
    assert one.session.blob is not None
    assert any(isinstance(e, BlobChanged) and e.resend for e in one.heard)


def test_after_a_while_the_socket_and_what_is_known_of_its_nat_are_gone_too(
    world_with: Worlds,
) -> None:
    world = world_with()
    one = Served(world, START)
    one.gather()
    run(world, 10.0)
    assert ALICE in one.session.nats
    before = len(world.hosts["alice"].bound)
    world.change("roam", "alice", interface=LEASE)
    run(world, LOOK_EACH + 1.0)
    assert len(world.hosts["alice"].bound) == before + 1
    run(world, COMES_BACK_WITHIN + LOOK_EACH)
    assert len(world.hosts["alice"].bound) == before
    assert list(one.session.nats) == ["192.168.1.99"]
    assert all(local.startswith("192.168.1.99:") for local, _ in one.session.mappings)


def test_an_address_that_comes_back_in_time_has_its_candidate_again(world_with: Worlds) -> None:
    """A lease that is renewed, a radio that was away: the socket was kept, so the port is the
    same, and what the other side knows of it holds again."""
    world = world_with()
    one = Served(world, START)
    one.gather()
    (host,) = [c for c in one.session.local_candidates.values() if c.type == "host"]
    world.change("unplug", "alice")
    run(world, LOOK_EACH + 1.0)
    assert not one.offered("host", "srflx")
    interface = one.session.interfaces[host.interface or ""]
    assert (interface.used, interface.gone) == (False, True)
    world.change("plug", "alice", interface={"link": "alice-lan", "addresses": (f"{ALICE}/24",)})
    run(world, LOOK_EACH + 1.0)
    assert one.session.local_candidates[host.id] == host
    assert one.offered("srflx") == [ALICE_OUTSIDE]


def test_a_mapping_that_is_another_one_now_takes_the_old_candidate_with_it(
    world_with: Worlds,
) -> None:
    world = world_with()
    one = Served(world, START)
    one.gather()
    (old,) = [c for c in one.session.local_candidates.values() if c.type == "srflx"]
    world.change("rebind", "alice-nat")
    run(world, 20.0)
    told = one.session.local_candidates[old.id]
    assert (told.reason, told.gone) == (Reason.GONE, "mapping")
    (new,) = [c for c in one.session.local_candidates.values() if c.type == "srflx" and not c.gone]
    assert told.evidence is not None
    assert told.evidence.moved_from == f"{old.address}:{old.port}"
    assert told.evidence.moved_to == f"{new.address}:{new.port}"
    assert next(iter(one.session.servers.values())).mapped == told.evidence.moved_to


def test_a_mapping_that_another_server_still_sees_stays(world_with: Worlds) -> None:
    """A symmetric NAT: one server's new view says nothing of what another one sees."""
    world = world_with(
        "sym", one=StunOptions(addresses=(SERVER,)), two=StunOptions(addresses=(OTHER_SERVER,))
    )
    both = tuple(StunServer(host=address) for address in (SERVER, OTHER_SERVER))
    one = Served(world, StartSession(ipv6=False, stun_servers=both))
    one.gather()
    assert len(one.offered("srflx")) == 2
    world.change("rebind", "alice-nat")
    run(world, 20.0)
    assert len(one.offered("srflx")) == 2
    assert sum(c.gone == "mapping" for c in one.session.local_candidates.values()) == 2


def test_a_mapping_stays_while_a_server_may_still_see_it_and_not_for_ever(
    world_with: Worlds,
) -> None:
    """Two servers see one mapping; only one of them lives to tell that it is another one now."""
    world = world_with(
        one=StunOptions(addresses=(SERVER,)), two=StunOptions(addresses=(OTHER_SERVER,))
    )
    both = tuple(StunServer(host=address) for address in (SERVER, OTHER_SERVER))
    one = Served(world, StartSession(ipv6=False, stun_servers=both))
    one.gather()
    assert len(one.offered("srflx")) == 1
    world.change("stop", "two")
    world.change("rebind", "alice-nat")
    run(world, 17.0)
    assert len(one.offered("srflx")) == 2
    run(world, 40.0)
    assert len(one.offered("srflx")) == 1


def test_an_allocation_asked_for_from_an_address_that_is_gone_is_asked_for_anew(
    world_with: Worlds,
) -> None:
    world = world_with()
    turn = TurnServer(host=OTHER_SERVER, username="alice", password="secret")
    one = Served(world, StartSession(ipv6=False, turn_servers=(turn,)))
    one.gather()
    world.change("roam", "alice", interface=LEASE)
    run(world, LOOK_EACH + 2.0)
    relays = [c for c in one.session.local_candidates.values() if c.type == "relay"]
    assert [c.gone for c in relays] == ["allocation", None]
    assert relays[0].evidence is not None and relays[0].evidence.removed == ALICE


# --- hours --------------------------------------------------------------------------------------


def test_hours_of_rebinding_and_new_leases_grow_nothing_and_the_blob_keeps_the_newest(
    world_with: Worlds,
) -> None:
    world = world_with()
    turn = TurnServer(host=OTHER_SERVER, username="alice", password="secret")
    start = StartSession(ipv6=False, stun_servers=(StunServer(host=SERVER),), turn_servers=(turn,))
    one = Served(world, start)
    one.gather()
    sizes = []
    for number in range(60):
        if number % 4 == 3:
            lease = {"link": "alice-lan", "addresses": (f"192.168.1.{100 + number}/24",)}
            world.change("roam", "alice", interface=lease)
        else:
            world.change("rebind", "alice-nat")
        run(world, 240.0)
        one.heard.clear()
        sizes.append(
            (
                len(world.hosts["alice"].bound),
                len(one.offered("host", "srflx", "relay")),
                len(blob_of(one)),
                len(one.session.nats),
            )
        )
    assert set(sizes) == {(2, 3, 3, 1)}, "one host, one mapping, one relay, whatever came before"
    assert set(blob_of(one)) == set(one.offered("host", "srflx", "relay"))
    assert len(one.session.local_candidates) <= 60


def test_of_more_than_a_description_holds_the_newest_are_offered(world_with: Worlds) -> None:
    """Even where nothing is withdrawn: a hundred servers, each of which sees us elsewhere."""
    shared = world_with().hosts["alice"]
    told: list[Candidate] = []
    candidates = LocalCandidates(Stream(shared.net, lambda _: None), told.append)
    endpoint = cast(Endpoint, SimpleNamespace(base="one that the core knows"))
    for port in range(1, MAX_CANDIDATES + 21):
        found = Candidate(id="", type="srflx", address="198.51.100.1", port=port)
        candidates.add(found, endpoint, cast(CoreRunner, None))
    assert [c.port for c in candidates.offered] == list(range(21, MAX_CANDIDATES + 21))
