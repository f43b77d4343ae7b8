"""When things end badly: a banner, an exit code, and keys that still work."""

from icetui import events
from tests.dashboard.looking import looking
from tests.dashboard.streams import Teller, gathered, whole


async def test_a_failed_engine_is_a_banner_with_its_sentence_and_exit_code_one() -> None:
    tell = Teller()
    failure = tell(
        events.EngineFailed, problem="the engine was ended by SIGKILL", log="/tmp/icetui.log"
    )
    async with looking([*gathered(tell), failure], (80, 24)) as look:
        look.source.end()
        await look.settle()
        assert "ENGINE FAILED" in look.lines[0]
        assert "The engine was ended by SIGKILL. Details: /tmp/icetui.log." in look.text
        await look.press("question_mark")
        assert "How it works" in look.text
        await look.press("escape", "q")
    assert look.app.return_value == 1
    assert look.source.closed


async def test_a_stream_that_ends_without_a_word_is_said_and_exits_one() -> None:
    async with looking(whole(), (80, 24)) as look:
        look.source.end()
        await look.settle()
        assert "The engine has gone without a word" in look.text
        await look.press("ctrl+q")
    assert look.app.return_value == 1


async def test_a_recording_just_ends() -> None:
    async with looking(whole(), (80, 24), live=False) as look:
        look.source.end()
        await look.settle()
        assert "End of recording" in look.text
        await look.press("q")
    assert look.app.return_value == 0


async def test_a_closed_session_exits_with_zero() -> None:
    tell = Teller()
    async with looking([*gathered(tell), tell(events.SessionClosed)], (80, 24)) as look:
        look.source.end()
        await look.settle()
        assert "CLOSED" in look.lines[0]
        await look.press("q")
    assert look.app.return_value == 0


async def test_a_refused_command_is_said() -> None:
    tell = Teller()
    refused = tell(events.CommandRefused, command="nominate", problem="This pair has failed.")
    async with looking([*gathered(tell), refused], (80, 24)) as look:
        assert "This pair has failed." in look.text


async def test_a_burst_of_thousands_of_events_is_folded_whole() -> None:
    tell = Teller()
    burst = [tell(events.RoundTripMeasured, pair="L1-R2", seconds=0.02) for _ in range(5000)]
    async with looking([*whole(), *burst], (80, 24)) as look:
        assert look.app.living.session.count == len(whole()) + 5000


async def test_leaving_is_no_failure_even_when_the_engine_goes_without_a_word() -> None:
    async with looking(whole(), (80, 24)) as look:
        close = look.source.close

        async def close_and_end() -> None:
            await close()
            look.source.end()
            await look.source.told()

        look.source.close = close_and_end  # type: ignore[method-assign]  # a stub
        await look.press("ctrl+q")
    assert look.app.return_value == 0
