"""Consent that has expired: two icetui go on with credentials that they derive (RFC 7675 5.1)."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from icetui import events, signaling
from icetui.engine.core.succession import Credentials, successors
from icetui.session import Session
from icetui.streams.own_form import OwnForm
from icetui.vnet.changes import Change, Cut, Restore, Resume, Suspend
from icetui.vnet.demo_network import demo_network
from icetui.vnet.peer import Peer
from icetui.vnet.world import World

ALICE = Credentials("a7Kf", "Zm9vYmFyYmF6cXV4MTIzNA")
BOB = Credentials("9QmZ", "c29tZW90aGVycGFzc3dvcmQ")


class Two:
    """Two sides between two NATs, ten seconds after each has the other's description."""

    def __init__(self, *changes: Change, form: Callable[[str], str] = str) -> None:
        network, sides = demo_network(events.StartNetwork(turn=False, seed=5))
        self.world = World(msgspec.structs.replace(network, changes=changes))
        self.told: list[list[events.AnyEvent]] = [[], []]
        self.sessions = [Session(), Session()]
        self.peers = []
        for number, side in enumerate(sides):
            self.peers.append(Peer(self.world.hosts[side.host], side.start, self.hears(number)))
        assert self.world.clock.run_until_true(lambda: all(p.gathered for p in self.peers), 20)
        self.blobs = [peer.blob for peer in self.peers]
        self.peers[0].send(events.Paste(text=form(self.blobs[1])))
        self.peers[1].send(events.Paste(text=form(self.blobs[0])))
        self.until(10.0)
        assert all(session.connected for session in self.sessions)

    def hears(self, number: int) -> Callable[[events.Event], None]:
        def heard(event: events.Event) -> None:
            self.told[number].append(event)  # type: ignore[arg-type]  # all are of the union
            self.sessions[number].apply(event)  # type: ignore[arg-type]  # as above

        return heard

    def until(self, seconds: float) -> None:
        self.world.clock.run_for(seconds - self.world.clock.now)
        assert not self.world.failures

    def renewals(self, number: int) -> list[events.CredentialsRenewed]:
        return [e for e in self.told[number] if isinstance(e, events.CredentialsRenewed)]

    def named_after(self, number: int, t: float) -> set[str]:
        """USERNAMEs of the checks that one side has sent since."""
        return {
            a.value
            for e in self.told[number]
            if isinstance(e, events.StunMessage) and e.direction == "out" and e.t > t
            for a in e.attributes
            if a.name == "USERNAME"
        }


def test_both_sides_make_the_same_credentials() -> None:
    """Vectors, made with another program (openssl): check your own against them."""
    ours, theirs = successors(ALICE, BOB)
    assert ours == Credentials("EZYbxt9a", "92bhcpFhsNc2YgpA23K9Glwk")
    assert theirs == Credentials("T3iSEgOF", "JfYCRB0lCsaet3WcauDBR+2R")
    assert successors(BOB, ALICE) == (theirs, ours)
    again = successors(ours, theirs)
    assert again[0] == Credentials("n9+3jA6A", "oSEiXcOL/02ugXpsASDdTKDB")


def test_they_are_of_the_length_and_the_characters_that_the_grammar_asks_for() -> None:
    for side in successors(ALICE, BOB):
        assert len(side.ufrag) == 8 and len(side.pwd) == 24
        assert signaling.read(signaling.write_blob(signaling.Description(**side._asdict())))


def test_a_line_that_was_dead_for_a_minute_comes_back_with_credentials_nobody_had_to_send() -> None:
    two = Two(Cut(whom="alice", at=20.0), Restore(whom="alice", at=80.0))
    two.until(79.0)
    (ours,), (theirs,) = two.renewals(0), two.renewals(1)
    assert (ours.ufrag, ours.their_ufrag) == (theirs.their_ufrag, theirs.ufrag)
    assert ours.cause == theirs.cause == "consent"
    assert all(session.lost_after_connected for session in two.sessions)
    two.until(86.0)
    assert all(session.connected for session in two.sessions)
    two.peers[0].send(events.SendText(text="still there?"))
    two.until(87.0)
    assert [text.text for text in two.sessions[1].texts] == ["still there?"]
    for number, (us, them) in enumerate([(ours.ufrag, theirs.ufrag), (theirs.ufrag, ours.ufrag)]):
        assert two.named_after(number, two.renewals(number)[0].t) == {f"{them}:{us}"}


def test_a_second_outage_makes_a_third_generation() -> None:
    two = Two(
        Cut(whom="alice", at=20.0), Restore(whom="alice", at=60.0),
        Cut(whom="bob", at=80.0), Restore(whom="bob", at=125.0),
    )  # fmt: skip
    two.until(140.0)
    assert [[e.generation for e in two.renewals(n)] for n in (0, 1)] == [[1, 2], [1, 2]]
    assert all(session.connected for session in two.sessions)
    assert two.sessions[0].started is not None and two.sessions[1].description is not None
    assert two.sessions[0].started.ufrag == two.sessions[1].description.ufrag


def test_who_slept_through_it_follows_the_first_check_that_has_the_new_ones() -> None:
    two = Two(Suspend(whom="alice", at=20.0), Resume(whom="alice", at=70.0))
    two.until(75.0)
    (ours,), (theirs,) = two.renewals(0), two.renewals(1)
    assert (ours.ufrag, ours.their_ufrag) == (theirs.their_ufrag, theirs.ufrag)
    assert all(session.connected for session in two.sessions)


def test_before_consent_has_expired_nothing_is_renewed() -> None:
    two = Two(Cut(whom="alice", at=20.0), Restore(whom="alice", at=45.0))
    two.until(60.0)
    assert two.renewals(0) == two.renewals(1) == []
    assert all(session.connected for session in two.sessions)


def test_with_another_program_nothing_is_derived() -> None:
    two = Two(Cut(whom="alice", at=20.0), form=lambda blob: OwnForm("json").written(blob))
    two.until(80.0)
    assert two.renewals(0) == two.renewals(1) == []


@pytest.mark.parametrize("late", [False, True], ids=["both have gone over", "only they have"])
def test_the_blob_of_before_and_the_one_they_show_now_are_still_theirs(late: bool) -> None:
    """Whatever of theirs is pasted again begins no other session."""
    two = Two(Suspend(whom="alice", at=20.0), Resume(whom="alice", at=60.0 if late else 21.0),
              *([] if late else [Cut(whom="alice", at=25.0)]))  # fmt: skip
    two.until(59.9 if late else 70.0)
    assert len(two.renewals(1)) == 1
    now = two.peers[1].blob
    assert now != two.blobs[1]
    two.until(60.5 if late else 70.0)
    for text in (two.blobs[1], now, two.blobs[1]):
        two.peers[0].send(events.Paste(text=text))
    two.until(75.0)
    assert not [e for e in two.told[0] if isinstance(e, events.DescriptionRefused)]
    assert not [e for e in two.told[0] if isinstance(e, events.SessionRestarted)]
    assert len(two.renewals(0)) == 1


def test_a_restart_by_hand_of_who_has_gone_over_is_one_to_who_has_not() -> None:
    """Their blob answers a user fragment of ours that we have not shown to anybody yet."""
    two = Two(
        Suspend(whom="alice", at=20.0), Cut(whom="alice", at=59.0), Resume(whom="alice", at=60.0),
        Restore(whom="alice", at=64.0),
    )  # fmt: skip
    two.until(58.0)
    two.peers[1].send(events.Restart())
    two.until(60.01)
    two.peers[0].send(events.Paste(text=two.peers[1].blob))
    two.until(61.0)
    two.peers[1].send(events.Paste(text=two.peers[0].blob))
    two.until(75.0)
    assert not [e for told in two.told for e in told if isinstance(e, events.DescriptionRefused)]
    (restarted,) = [e for e in two.told[0] if isinstance(e, events.SessionRestarted)]
    assert (restarted.generation, restarted.cause) == (2, "their restart")
    assert all(session.connected for session in two.sessions)
