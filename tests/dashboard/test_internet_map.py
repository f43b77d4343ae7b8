"""What stands between two sides, as a fold and drawn: from any stream, at any width."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icetui import events
from icetui.dashboard.network_actions import NETWORK_ACTIONS, first_choice, label
from icetui.dashboard.network_words import speed_words
from icetui.dashboard.panes import happenings, nat_tables
from icetui.dashboard.panes.internet_map import HEIGHT, Moment, Route, draw, items
from icetui.dashboard.stage import NetworkClock
from icetui.events import LineState, NatBinding, NetworkLine, NetworkNode, PacketPassage
from icetui.session.internet import Internet
from tests.making import structs

NETWORK = (
    events.TopologyChanged, events.NatTableChanged, events.PacketsPassed, events.NetworkChanged,
    events.PaceChanged,
)  # fmt: skip
SLOW = LineState(delay=0.025)


def homes(**changed: NetworkLine) -> events.TopologyChanged:
    """Alice behind a NAT, Bob behind another, a TURN server."""
    lines = {
        "alice.eth0": NetworkLine(name="alice.eth0", node="alice", link="lan"),
        "nat.inside": NetworkLine(name="nat.inside", node="nat", link="lan", side="inside"),
        "nat.outside": NetworkLine(
            name="nat.outside", node="nat", link="internet", side="outside", up=SLOW, down=SLOW
        ),
        "bob.eth0": NetworkLine(name="bob.eth0", node="bob", link="internet", up=SLOW, down=SLOW),
        "turn.eth0": NetworkLine(name="turn.eth0", node="turn", link="internet"),
    }
    return events.TopologyChanged(
        wall=0.0, t=0.0,
        nodes=(
            NetworkNode(name="nat", kind="nat", nat="prc", addresses=("203.0.113.2", "10.0.0.1")),
            NetworkNode(name="alice", kind="host", session="alice", addresses=("10.0.0.2",)),
            NetworkNode(name="bob", kind="host", session="bob", addresses=("192.0.2.30",)),
            NetworkNode(name="turn", kind="turn", host="turn", addresses=("192.0.2.20",)),
        ),
        lines=tuple({**lines, **changed}.values()),
    )  # fmt: skip


def passed(**fields: object) -> events.PacketsPassed:
    whole = {"at": 1.0, "line": "nat.outside", "takes": 0.025, "method": "Binding"}
    # Fields of several types, as each test wants them.
    passage = PacketPassage(**{**whole, "message_class": "request", **fields})  # type: ignore[arg-type]  # any
    return events.PacketsPassed(wall=0.0, t=1.0, passages=(passage,))


def folded(*stream: events.AnyEvent) -> Internet:
    internet = Internet()
    for event in stream:
        internet.apply(event)
    return internet


def drawn(internet: Internet, now: float = 0.0, width: int = 80) -> list[str]:
    route = Route()
    return [c.plain for c in draw(internet, route, None, Moment(now, 0.1), width)]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of([structs(kind) for kind in NETWORK]), max_size=8), st.integers(1, 200))
def test_any_network_is_drawn_and_can_be_acted_upon(stream, width):
    internet = folded(*stream)
    assert len(drawn(internet, 0.0, width)) == HEIGHT
    for item in (None, *items(internet)):
        lines = draw(internet, Route(internet.sessions), item, Moment(0.0, 0.1), width)
        assert all(len(line.plain) == width for line in lines)
        for action in NETWORK_ACTIONS:
            action.do(internet, item)
            label(action, internet, item)
    for session in internet.sessions[:2]:
        nat_tables.draw(internet, session, 0.0, width, 6)
    happenings.passing(internet, width, 5)
    happenings.happened(internet, {}, width, 5)
    first_choice(internet)
    speed_words(internet.pace)


def test_the_way_out_leads_over_every_router():
    internet = folded(homes())
    assert internet.chain("alice").nodes == ("alice", "nat")
    assert [s.link for s in internet.chain("alice").segments] == ["lan", "internet"]
    assert internet.chain("bob").nodes == ("bob",)
    assert internet.sessions == ("alice", "bob")


@pytest.mark.parametrize(
    ("share", "direction", "mark", "where"),
    [
        (0.0, "up", "▶", 0.0),
        (0.5, "up", "▶", 0.5),
        (0.5, "down", "◀", 0.5),
        (0.9, "down", "◀", 0.1),
    ],
)
def test_a_message_stands_where_it_is_on_its_way(share, direction, mark, where):
    internet = folded(homes(), passed(direction=direction))
    line = drawn(internet, 1.0 + share * 0.025)[2]
    start, end = line.index("nat") + 4, line.index("internet") - 1
    assert line.count(mark) == 1
    assert (line.index(mark) - start) / (end - start) == pytest.approx(where, abs=0.1)
    assert "Binding" in "".join(drawn(internet, 1.0 + share * 0.025)[3:])


def test_a_message_that_has_arrived_is_gone():
    internet = folded(homes(), passed())
    assert "▶" not in drawn(internet, 1.2)[2]


def test_what_is_dropped_is_marked_where_and_said_why():
    internet = folded(homes(), passed(dropped="filtered", line="", place="nat"))
    assert "✗" in drawn(internet, 1.05)[1]
    (told,) = happenings.passing(internet, 100, 3)
    assert "✗ nat: not let in from this sender" in told.plain


def test_a_cut_line_is_drawn_as_such_in_each_direction():
    cut = LineState(delay=0.025, cut=True)
    whole = NetworkLine(
        name="nat.outside", node="nat", link="internet", side="outside", up=cut, down=cut
    )
    assert "╳" in drawn(folded(homes(**{"nat.outside": whole})))[2]
    one = NetworkLine(
        name="nat.outside", node="nat", link="internet", side="outside", up=cut, down=SLOW
    )
    assert "cut one way" in drawn(folded(homes(**{"nat.outside": one})))[1]


def test_a_binding_counts_down_and_is_gone_when_it_ends():
    row = NatBinding(inside="10.0.0.2:5000", outside="203.0.113.2:6000", ends_in=30.0,
                     lets_in=("192.0.2.20:3478", "192.0.2.30:9"))  # fmt: skip
    table = events.NatTableChanged(wall=0.0, t=10.0, nat="nat", bindings=(row,))
    internet = folded(homes(), table)

    def lines(now: float) -> str:
        return "\n".join(c.plain for c in nat_tables.draw(internet, "alice", now, 70, 6))

    assert "5000 → 6000  lets in turn:3478 and 1 more" in lines(10.0)
    assert "30 s" in lines(10.0)
    assert "12 s" in lines(28.0)
    assert "empty" in lines(41.0)


def test_the_networks_time_goes_as_it_is_told():
    ours = [100.0]
    clock = NetworkClock(lambda: ours[0])

    def pace(t: float, speed: float | None, *, paused: bool = False) -> None:
        clock.heard(events.PaceChanged(wall=0.0, t=t, speed=speed, paused=paused))

    pace(5.0, 0.1)
    ours[0] += 10
    assert clock() == pytest.approx(6.0)
    assert clock.ours(0.5) == pytest.approx(0.05)
    pace(6.0, 0.1, paused=True)
    ours[0] += 10
    assert clock() == 6.0
    pace(6.0, None)
    ours[0] += 10
    assert clock() == 6.0
    clock.heard(events.PeerLeft(wall=0.0, t=9.0))
    assert clock() == 9.0


def test_a_network_that_has_stood_still_puts_the_clock_back():
    ours = [0.0]
    clock = NetworkClock(lambda: ours[0])
    clock.heard(events.PaceChanged(wall=0.0, t=0.0, speed=1.0))
    ours[0] = 8.0
    clock.heard(events.PeerLeft(wall=0.0, t=7.9))
    assert clock() == 8.0
    clock.heard(events.PeerLeft(wall=0.0, t=3.0))
    assert clock() == 3.0
    clock.heard(events.EngineFailed(wall=0.0, t=3.0, problem="it has ended"))
    ours[0] = 20.0
    assert clock() == 3.0


def test_slow_motion_does_not_turn_the_clock_back():
    """What tells of it is some milliseconds on its way."""
    ours = [0.0]
    clock = NetworkClock(lambda: ours[0])
    clock.heard(events.PaceChanged(wall=0.0, t=0.0, speed=1.0))
    ours[0] = 8.0
    clock.heard(events.PaceChanged(wall=0.0, t=7.95, speed=0.1))
    assert clock() == 8.0
    ours[0] = 9.0
    clock.heard(events.PaceChanged(wall=0.0, t=8.05, speed=0.1, paused=True))
    assert clock() == pytest.approx(8.1)
