"""The message box: what is said, when it arrived, and that anyone can read it."""

from textual.widgets import Input

from icetui import events
from icetui.events import SendText
from tests.dashboard.looking import looking
from tests.dashboard.streams import SID, FeedSource, Teller, connected, described, gathered


async def test_a_sent_line_shows_its_round_trip_when_the_echo_comes() -> None:
    tell = Teller()
    stream = [*gathered(tell), *described(tell), *connected(tell)]
    async with looking(stream, (80, 24)) as look:
        await look.press("m")
        assert "not encrypted" in look.text
        await look.press("h", "i", "enter")
        assert look.source.sent == [SendText(session=SID, text="hi")]
        await look.tell([tell(events.TextSent, id=1, text="hi", size=2)])
        assert "you   hi  …" in look.text
        await look.tell([tell(events.TextEchoed, id=1, seconds=0.0231)])
        assert "you   hi  ✓ 23.1 ms" in look.text
        await look.tell([tell(events.TextReceived, text="hello", size=5)])
        assert "them  hello" in look.text


async def test_a_message_too_long_is_refused_before_it_is_sent() -> None:
    tell = Teller()
    stream = [*gathered(tell), *described(tell), *connected(tell)]
    async with looking(stream, (80, 24)) as look:
        await look.press("m")
        field = look.app.screen.query_one(Input)
        field.value = "ü" * 700
        await look.press("enter")
        assert "Too long: 1400 bytes, and one message carries 1200." in look.text
        assert look.source.sent == []
        assert field.value == "ü" * 700  # nothing lost


async def test_without_a_path_nothing_is_sent_and_the_box_says_why() -> None:
    tell = Teller()
    stream = [*gathered(tell), *described(tell), *connected(tell)]
    async with looking(stream, (80, 24)) as look:
        await look.press("m", "x")
        await look.tell([tell(events.SelectedPairChanged, pair=None, cause="consent expired")])
        await look.press("enter")
        assert "There is no path at the moment" in look.text
        assert look.source.sent == []


async def test_a_message_announces_itself_when_the_box_is_closed() -> None:
    tell = Teller()
    stream = [*gathered(tell), *described(tell), *connected(tell)]
    async with looking(stream, (80, 24)) as look:
        await look.tell([tell(events.TextReceived, text="are [/y] you there?", size=19)])
        (said,) = look.app._notifications
        assert (said.title, said.markup) == ("Message from the other side", False)
        assert "are [/y] you there?" in said.message


async def test_whoever_left_is_not_written_to_but_what_was_said_can_be_read() -> None:
    tell = Teller()
    said = tell(events.TextReceived, text="see you", size=7)
    start = [*gathered(tell), *described(tell), *connected(tell), said, tell(events.PeerLeft)]
    async with looking(start, (100, 30)) as look:
        await look.press("m")
        assert "see you" in look.text
        assert "The other side has left: nothing can be sent any more." in look.prose
        await look.press("h", "i", "enter")
        assert look.source.sent == []
        assert "a message to the other side" not in look.text


async def test_they_leave_while_one_is_writing() -> None:
    tell = Teller()
    async with looking([*gathered(tell), *described(tell), *connected(tell)], (100, 30)) as look:
        await look.press("m", "h")
        await look.tell([tell(events.PeerLeft)])
        assert "nothing can be sent any more" in look.prose
        await look.press("i", "enter", "escape")
        assert look.source.sent == []
        assert look.app.screen is look.main


async def test_where_another_session_can_be_begun_the_finding_says_how() -> None:
    tell = Teller()
    start = [*gathered(tell), *described(tell), *connected(tell), tell(events.PeerLeft)]
    async with looking(start, (140, 40)) as look:
        assert "Quit with q" in look.prose
        look.app.again = FeedSource
        await look.settle()
        assert "Quit with q" not in look.prose
        assert "N begins another session; both sides need new blobs" in look.prose
