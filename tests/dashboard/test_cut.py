"""Where there is not room for all of a sentence an ellipsis says that there is more."""

from textual.content import Content

from icetui import events
from icetui.dashboard.lines import at_most, shortened
from tests.dashboard.looking import looking
from tests.dashboard.streams import Teller, described, gathered, whole


def test_a_line_and_a_paragraph_end_in_an_ellipsis_where_they_are_cut() -> None:
    assert shortened(Content("as long as this"), 15).plain == "as long as this"
    assert shortened(Content("as long as this"), 9).plain == "as long…"
    lines = [Content("one two three"), Content("four"), Content("five")]
    assert [c.plain for c in at_most(lines, 3, 13)] == ["one two three", "four", "five"]
    assert [c.plain for c in at_most(lines, 2, 13)] == ["one two three", "four …"]
    assert [c.plain for c in at_most(lines, 1, 13)] == ["one two thr …"]


async def test_a_columns_title_that_is_cut_says_so() -> None:
    async with looking(whole(), (80, 24)) as look:
        [head] = [text for text in look.lines if "local" in text and "remote" in text]
        assert "why not · history" in head or "…" in head


async def test_an_empty_tables_sentence_is_whole_or_says_that_it_is_not() -> None:
    for size in ((80, 24), (60, 20), (140, 40)):
        async with looking(gathered(), size) as look:
            await look.press("escape", "4")
            if "No pairs yet" in look.text:
                assert "Paste theirs to form some." in look.prose or " …" in look.text


async def test_the_strip_says_that_there_is_more() -> None:
    tell = Teller()
    refused = tell(events.CommandRefused, command="nominate", problem="long " * 60)
    async with looking([*gathered(tell), *described(tell), refused], (80, 24)) as look:
        assert look.lines[3].rstrip().endswith("…")
