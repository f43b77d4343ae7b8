"""The picture of the path: who is where, what is measured, and where it stops."""

from msgspec.structs import replace

from icetui import events
from icetui.dashboard.chart import Series, chart, nice
from icetui.dashboard.panes.path import ends
from icetui.events import Candidate, Reason
from icetui.session import fold
from tests.dashboard.looking import looking
from tests.dashboard.streams import (
    TURN,
    Teller,
    connected,
    described,
    gathered,
    pair,
    succeeded,
    whole,
)

RELAY = Candidate(id="L3", type="relay", address="192.0.2.10", port=49682, server=TURN,
                  related_address="203.0.113.7", related_port=61001)  # fmt: skip


async def test_the_picture_goes_from_me_over_both_nats_to_them() -> None:
    async with looking(whole(), (140, 40)) as look:
        rows = [line[70:] for line in look.lines]
        titles = next(n for n, row in enumerate(rows) if " me ──" in row)
        assert "my NAT" in rows[titles]
        assert "═ 23.4 ms ═" in rows[titles]
        assert rows[titles].index("their NAT") < rows[titles].index("them")
        for title, address in (("me", "192.168.1.20"), ("my NAT", "203.0.113.7"),
                               ("their NAT", "198.51.100.9"), ("them", "10.0.0.4")):  # fmt: skip
            assert rows[titles].index(f"{title} ") == rows[titles + 1].index(address)
        assert "★ L1-R2 for 30 s: nominated by us" in look.prose


async def test_where_it_does_not_fit_it_stands_upright() -> None:
    async with looking(whole(), (104, 40)) as look:
        assert "║ 23.4 ms" in look.text
        assert "them       10.0.0.4:40000" in look.text


def test_a_relay_stands_at_its_true_end() -> None:
    tell = Teller()
    relayed = pair("L3-R2", state="succeeded", valid=True, relayed=True)
    stream = [*gathered(tell), tell(events.CandidateGathered, candidate=RELAY), *described(tell)]
    near, far = ends(fold(stream), relayed)
    assert [node.title for node in near] == ["me", "my NAT", "TURN turn.b"]
    assert [node.title for node in far] == ["their NAT", "them"]
    theirs = replace(RELAY, id="R3")
    stream.append(tell(events.RemoteCandidateAdded, candidate=theirs))
    near, far = ends(fold(stream), replace(succeeded(), id="L1-R3", remote="R3"))
    assert [node.title for node in near] == ["me", "my NAT"]
    assert [node.title for node in far] == ["their TURN", "their NAT", "them"]


async def test_what_failed_is_drawn_as_far_as_it_goes() -> None:
    tell = Teller()
    start = [*gathered(tell), *described(tell)]
    failed = tell(events.PairChanged, pair=pair("L1-R2", state="failed", requests_sent=7,
        reason=Reason.TIMEOUT, detail="7 requests, no answer"))  # fmt: skip
    async with looking([*start, failed], (140, 40)) as look:
        assert "═ ✗ timeout ═" in look.text
        assert "my NAT" in look.text


async def test_a_switch_says_why_and_instead_of_what() -> None:
    tell = Teller()
    stream = [*gathered(tell), *described(tell), *connected(tell, samples=2)]
    switched = [
        tell(events.PairChanged, pair=pair("L1-R1", state="succeeded", valid=True)),
        tell(
            events.SelectedPairChanged,
            pair="L1-R1",
            previous="L1-R2",
            occasion="silent",
            cause="L1-R2 is silent",
        ),
    ]
    async with looking([*stream, *switched], (140, 40)) as look:
        assert "★ L1-R1 for 0 s, instead of L1-R2: L1-R2 is silent" in look.prose


def test_the_chart_begins_at_zero_and_marks_losses_and_switches() -> None:
    samples = [(float(t), 0.02 if t != 5 else None) for t in range(10)]
    lines = [line.plain for line in chart([Series("a", samples)], [3.0], 10.0, 10.0, 69, 12)]
    assert lines[0].startswith("50.0 ms ┤")
    assert any(line.startswith("   0 ms └") for line in lines)
    assert sum(line.count("×") for line in lines) == 1
    assert sum(line.count("●") for line in lines) == 9
    assert "┊" in lines[0]
    assert lines[-1].strip().startswith("10 s ago")


def test_scales_are_round_figures() -> None:
    assert [nice(v) for v in (0.00011, 0.0234, 0.05, 0.3)] == [0.0002, 0.05, 0.05, 0.5]


async def test_p_and_t_draw_round_trips_and_states_over_time() -> None:
    async with looking(whole(), (100, 30)) as look:
        await look.press("p")
        assert "● L1-R2 ★  now" in look.text
        assert "60 s ago" in look.text
        await look.press("plus")
        assert "30 s ago" in look.text
        await look.press("escape", "T")
        assert "L1-R2        ███" in look.text
        assert "L1-R1        ✗" in look.text
        await look.press("escape", "enter", "t")
        assert "Timeline" in look.text
