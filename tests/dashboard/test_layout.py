"""The main screen at three sizes: everything the size promises is there and readable."""

import msgspec
import pytest

from icetui import events
from tests.dashboard.looking import looking
from tests.dashboard.streams import Teller, connected, described, gathered, whole


async def test_a_wide_screen_shows_every_pane_at_once() -> None:
    async with looking(whole(), (140, 40)) as look:
        text = look.text
        assert look.lines[0].startswith(" icetui  a7Kf ⇄ 9QmZ  CONNECTED  direct")
        assert "controlling" in look.lines[0]
        for title in ("Candidates", "Path", "Pair checks  2: 1 succeeded · 1 failed",
                      "What is going on", "Log"):  # fmt: skip
            assert title in text
        assert "srflx   203.0.113.7:61001  stun.a  18.0 ms" in text
        assert "relay ✗                    turn.b  40.0 ms 401 Unauthorized" in text
        assert "avg 24.9 ms  min 22.9 ms  max 53.5 ms  jitter" in text
        assert "consent fresh, 26 s left  tx 12 kB  rx 11 kB" in text
        assert "★ ✓  succeeded    host   192.168.1.20:51234  srflx  198.51.100.9:4022" in text
        assert "     4/4 " in text
        assert "timeout: 7 requests, no answer" in text
        assert "connection connected: first valid pair" in text  # the end of the log


async def test_80_by_24_has_path_pairs_one_tab_and_the_keys() -> None:
    async with looking(whole(), (80, 24)) as look:
        lines, text = look.lines, look.text
        assert len(lines) == 24
        assert "CONNECTED  direct" in lines[0]
        assert "Connected, direct" in lines[1]
        assert "NAT 203.0.113.7:61001 ══▶ NAT 198.51.100.9:4022" in text
        assert "loss 0 %" in text
        assert "consent fresh, 26 s left" in text
        assert "Pair checks  2:" in text
        assert "★ ✓ host  192.168.1.20:51234 srflx 198.51.100.9:4022  23.4 ms" in text
        assert "✗ host  192.168.1.20:51234 host  10.0.0.4:40000             timeout" in text
        assert any("1 Candidates   2 What is going on   3 Log" in line for line in lines)
        assert "? help" in lines[23]
        assert "q quit" in lines[23]


async def test_the_tabs_of_a_narrow_screen_are_one_key_away() -> None:
    async with looking(whole(), (80, 24)) as look:
        assert "theirs" not in look.text
        await look.press("1")
        assert "theirs" in look.text
        await look.press("3")
        assert "theirs" not in look.text
        assert "round trip" in look.text


@pytest.mark.parametrize("size", [(60, 20), (40, 12), (20, 6), (200, 60), (300, 20), (100, 30)])
async def test_no_size_breaks_it(size: tuple[int, int]) -> None:
    tell = Teller()
    async with looking(gathered(tell), size) as look:
        await look.tell(described(tell))
        await look.tell(connected(tell))
        assert "CONNECTED" in look.lines[0] or size[0] < 40
        assert all(len(line) <= size[0] for line in look.lines)


async def test_60_by_20_still_says_which_path_how_fast_and_why_not() -> None:
    async with looking(whole(), (60, 20)) as look:
        text = look.text
        assert "CONNECTED  direct" in look.lines[0]
        assert "NAT 203.0.113.7:61001 ══▶ NAT 198.51.100.9:4022" in text
        assert "23.4 ms" in text
        assert "timeout" in text
        assert "? help" in look.lines[-1]


async def test_a_screen_that_is_resized_keeps_every_pane() -> None:
    async with looking(whole(), (140, 40)) as look:
        await look.pilot.resize_terminal(80, 24)
        await look.settle()
        assert "3 Log" in look.text
        await look.pilot.resize_terminal(140, 40)
        await look.settle()
        titles = next(line for line in look.lines if "Candidates" in line)
        assert titles.index("Candidates") < titles.index("Path")


async def test_empty_panes_say_what_they_wait_for() -> None:
    async with looking((), (140, 40)) as look:
        text = look.text
        assert "WAITING FOR THEIR BLOB" in look.lines[0]
        assert "none yet: looking at this machine" in text
        assert "unknown until you paste their blob" in text
        assert "No path yet: it takes both blobs." in text
        assert "No pairs yet: a pair is one of your candidates with one of theirs." in text
        assert "Nothing has happened yet" in text


async def test_where_nobody_exchanges_by_hand_nobody_is_told_to_paste() -> None:
    """In a recording, and in the demo, which exchanges both blobs itself."""
    async with looking(gathered(), (140, 40)) as look:
        assert "Send ours" in look.text and "Paste theirs" in look.text
        look.source.live = False
        look.app.repaint()
        await look.settle()
        for told in ("until you paste", "Paste theirs", "Send ours", "paste theirs"):
            assert told not in look.text


async def test_the_keys_shown_are_the_keys_that_do_something() -> None:
    tell = Teller()
    async with looking(gathered(tell), (140, 40)) as look:
        assert "m message" not in look.lines[-1]
        assert "enter details" not in look.lines[-1]
        await look.tell(described(tell))
        assert "enter details" in look.lines[-1]
        await look.tell(connected(tell))
        assert "m message" in look.lines[-1]
        assert "n nominate" not in look.lines[-1]  # the highlighted pair is in use already


async def test_what_was_turned_away_is_counted_on_the_screen() -> None:
    tell = Teller()
    refused = tell(events.Refused, remote="192.0.2.1:9", local="192.168.1.20:51234",
                   reason=events.Reason.UNAUTHENTICATED, detail="bad", count=7)  # fmt: skip
    dropped = tell(events.DataDropped, remote="192.0.2.1:9", cause="no valid pair", count=2)
    async with looking([*gathered(tell), refused, dropped], (140, 40)) as look:
        assert "7 datagrams refused · 2 dropped" in look.text


async def test_an_interface_left_out_is_named_with_the_reason() -> None:
    tell = Teller()
    bridge = events.Interface(name="docker0", used=False, why_not="a container bridge")
    async with looking([tell(events.InterfaceFound, interface=bridge)], (140, 40)) as look:
        assert "docker0 left out: a container bridge" in look.text


async def test_a_hint_about_the_stream_is_read_at_the_start_and_then_makes_room() -> None:
    hint = "demo: the far peer runs on this machine"
    tell = Teller()
    start = [*gathered(tell), *described(tell), *connected(tell, samples=3)]
    async with looking(start, (80, 24), hint=hint) as look:
        assert hint in look.text
        await look.tell([tell.after(20)(events.RoundTripMeasured, pair="L1-R2", seconds=0.02)])
        assert hint not in look.text


async def test_their_candidates_stand_once_each_after_a_new_generation() -> None:
    tell = Teller()
    start = [*gathered(tell), *described(tell), *connected(tell)]
    theirs = [e.candidate for e in start if isinstance(e, events.RemoteCandidateAdded)]
    async with looking(start, (140, 40)) as look:
        shown = [line for line in look.lines if theirs[0].address in line[:70]]
        again = [msgspec.structs.replace(c, id=f"R{n}") for n, c in enumerate(theirs, 20)]
        await look.tell([tell(events.RemoteCandidateAdded, candidate=c) for c in again])
        assert len([line for line in look.lines if theirs[0].address in line[:70]]) == len(shown)
