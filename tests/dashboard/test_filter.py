"""The filter: one line of words narrows pair table and log."""

from tests.dashboard.looking import looking
from tests.dashboard.streams import whole


async def test_the_filter_narrows_pairs_and_log_while_one_types() -> None:
    async with looking(whole(), (140, 40)) as look:
        await look.press("slash", *"timeout")
        assert look.main.pairs.line_count() == 1
        assert "1 with “timeout”" in look.text
        assert "Log  with “timeout”" in look.text
        assert "No line matches" in look.text
        await look.press("enter")
        assert look.main.pairs.line_count() == 1
        assert look.main.pairs.has_focus
        await look.press("escape")
        assert look.main.pairs.line_count() == 2


async def test_all_words_must_occur() -> None:
    async with looking(whole(), (140, 40)) as look:
        await look.press("slash")
        for word in ("srflx succeeded", "198.51.100.9 host", "failed srflx"):
            look.main.set_filter(word)
            await look.settle()
            assert look.main.pairs.line_count() == (0 if word == "failed srflx" else 1)
        assert "No pair matches “failed srflx”" in look.text


async def test_the_filtered_log_follows_new_lines() -> None:
    stream = whole()
    async with looking(stream[:20], (140, 40)) as look:
        look.main.set_filter("connection connected")
        await look.settle()
        assert look.main.log_pane.line_count() == 0
        await look.tell(stream[20:])
        assert look.main.log_pane.line_count() == 1


async def test_escape_while_typing_clears_it() -> None:
    async with looking(whole(), (140, 40)) as look:
        await look.press("slash", "x", "escape")
        assert look.main.pairs.filter.text == ""
        assert look.main.pairs.has_focus
