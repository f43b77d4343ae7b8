"""The message box: what is said, when it arrived, and that anyone can read it."""

from textual.widgets import Input

from icetui import events
from icetui.events import SendText
from tests.dashboard.looking import looking
from tests.dashboard.streams import SID, Teller, connected, described, gathered


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
