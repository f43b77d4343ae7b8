"""Ends: a living path is not left by one stray key, and what was is not lost."""

from pathlib import Path

from textual.widgets import Input

from icetui import events
from icetui.dashboard.app import BELOW
from icetui.dashboard.farewell import farewell, last_words
from icetui.streams.cannot_open import CannotOpen
from icetui.streams.recording import Recorded
from icetui.streams.source import Source
from tests.dashboard.looking import looking
from tests.dashboard.streams import FeedSource, Teller, connected, described, gathered, whole


async def test_a_living_path_is_left_by_two_keys_and_anything_else_by_one() -> None:
    async with looking(whole(), (80, 24)) as look:
        await look.press("q")
        assert "Leave?" in look.text
        await look.press("escape")
        assert look.app.screen is look.main
        await look.press("q", "q")
    assert look.app.return_value == 0
    assert look.source.closed
    async with looking(gathered(), (80, 24)) as look:
        await look.press("q")
    assert look.app.return_value == 0


async def test_ctrl_c_leaves_as_q_does() -> None:
    async with looking(whole(), (80, 24)) as look:
        await look.press("d", "ctrl+c")
        assert "Leave?" in look.text
        await look.press("ctrl+c")
    assert look.app.return_value == 0


async def test_a_restart_of_a_living_path_is_asked_about() -> None:
    async with looking(whole(), (80, 24)) as look:
        await look.press("r")
        assert look.source.sent == []
        assert "both sides have to exchange new blobs" in look.toasts
        await look.press("r")
        assert [type(command) for command in look.source.sent] == [events.Restart]


async def test_after_they_left_nothing_looks_alive_and_n_begins_another_session() -> None:
    tell = Teller()
    start = [*gathered(tell), *described(tell), *connected(tell)]
    async with looking(start, (140, 40)) as look:
        second = FeedSource()

        def again() -> Source:
            return second

        look.app.again = again
        await look.press("N")
        assert len(look.app.watches) == 1, "a living session is not left so"
        await look.tell([tell(events.PeerLeft)])
        assert "THEY LEFT" in look.lines[0]
        assert "The other side has left" in look.lines[1]
        assert "★ ✓" not in look.text
        assert "☆ ✓" in look.text
        assert "══" not in look.text
        await look.press("N")
        second.feed(gathered())
        await second.told()
        await look.settle()
        assert "session 2 of 2" in look.lines[0]
        assert "Send this to the other side" in look.text
        assert look.source.closed
        await look.press("left_square_bracket")
        assert "THEY LEFT" in look.lines[0]
        assert "An earlier session" in look.lines[1]
        await look.press("right_square_bracket")
        assert "session 2 of 2" in look.lines[0]


async def test_e_writes_a_report_in_the_format_of_its_ending(tmp_path: Path) -> None:
    async with looking(whole(), (80, 24)) as look:
        for name, holds in (("x.md", "# icetui report"), ("x.csv", "L1-R2"), ("x.json", "{")):
            await look.press("e")
            field = look.app.screen.query_one(Input)
            field.value = str(tmp_path / name)
            await look.press("enter")
            assert holds in (tmp_path / name).read_text()
            assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
        await look.press("e")
        look.app.screen.query_one(Input).value = str(tmp_path / "x.doc")
        await look.press("enter")
        assert ".doc says no format" in look.text
        for name in ("x.md", "x.csv", "x.json"):
            assert str(tmp_path / name) in last_words(look.app).splitlines()[-1]


async def test_five_lines_stay_on_the_terminal() -> None:
    async with looking(whole(), (80, 24)) as look:
        lines = farewell(look.app.living).splitlines()
    assert [line.split()[0] for line in lines] == ["peer", "path", "lasted", "finding", "saved"]
    assert "9QmZ" in lines[0]
    assert "direct, srflx 203.0.113.7:61001 ─ srflx 198.51.100.9:4022, 24.9 ms" in lines[1]
    assert "00:00:30, connected after 00:00:00" in lines[2]
    assert "! The TURN server" in lines[3]


async def test_the_lines_say_what_was_refused_and_that_it_was_a_recording() -> None:
    tell = Teller()
    refused = tell(events.DescriptionRefused, problem="The blob is cut off.")
    async with looking([*gathered(tell), refused], (80, 24)) as look:
        look.source.live = False
        lines = farewell(look.app.living).splitlines()
    assert lines[0].endswith("none: what was pasted could not be used")
    assert "this was a recording" in lines[4] and "--record" not in lines[4]


async def test_the_last_words_are_of_the_session_that_had_a_path_and_name_every_file(
    tmp_path: Path,
) -> None:
    tell = Teller()
    start = [*gathered(tell), *described(tell), *connected(tell)]
    async with looking(start, (140, 40)) as look:
        second = FeedSource()
        look.app.again = lambda: Recorded(second, tmp_path / "x.jsonl.2")
        await look.tell([tell(events.PeerLeft)])
        await look.press("N")
        assert f"recorded to {tmp_path / 'x.jsonl.2'}" in look.toasts
        second.feed(gathered())
        await look.settle()
        await look.press("left_square_bracket", "e")
        look.app.screen.query_one(Input).value = str(tmp_path / "x.md")
        await look.press("enter")
        lines = last_words(look.app).splitlines()
    assert "9QmZ" in lines[0]
    assert "session 1 of 2" in lines[2]
    assert str(tmp_path / "x.md") in lines[4]
    assert str(tmp_path / "x.jsonl.2") in lines[4]


async def test_a_session_that_cannot_be_begun_leaves_the_old_one_on_the_screen() -> None:
    tell = Teller()
    start = [*gathered(tell), *described(tell), *connected(tell), tell(events.PeerLeft)]
    async with looking(start, (140, 40)) as look:

        def again() -> Source:
            raise CannotOpen("x.jsonl.2 cannot be written: No space left on device")

        look.app.again = again
        await look.press("N")
        assert "No space left" in look.toasts
        assert len(look.app.watches) == 1
        assert not look.source.closed


async def test_what_lies_below_a_box_stays_true() -> None:
    tell = Teller()
    async with looking([*gathered(tell), *described(tell), *connected(tell)], (140, 40)) as look:
        await look.press("m")
        now = look.app.monotonic()
        look.app.monotonic = lambda: now + BELOW + 0.5  # the box is open for that long
        await look.tell([tell(events.PeerLeft)])
        below = [strip.text for strip in look.main._compositor.render_strips()]
        assert "THEY LEFT" in below[0]
