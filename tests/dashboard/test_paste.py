"""Pasting: anywhere, whole, and handed over exactly once."""

from textual.events import Key
from textual.widgets import Input, TextArea

from icetui.events import Paste
from tests.dashboard.looking import looking
from tests.dashboard.streams import SID, gathered, whole

THEIRS = "here you are:\n> icetui:Ab1\n> cd2\n"


async def test_a_paste_on_the_main_screen_reaches_the_engine_once_and_whole() -> None:
    for focus in ("pairs", "log", "candidates", None):
        async with looking(gathered(), (140, 40)) as look:
            look.main.set_focus(None if focus is None else look.main.query_one(f"#{focus}"))
            await look.paste(THEIRS)
            assert look.source.sent == [Paste(session=SID, text=THEIRS)]


async def test_a_paste_over_help_or_details_is_not_lost() -> None:
    for key in ("question_mark", "enter"):
        async with looking(whole(), (80, 24)) as look:
            await look.press(key)
            await look.paste(THEIRS)
            assert look.source.sent == [Paste(session=SID, text=THEIRS)]


async def test_an_empty_paste_is_nothing() -> None:
    async with looking(gathered()) as look:
        await look.paste(" \n ")
        assert look.source.sent == []


async def test_a_recording_takes_no_paste() -> None:
    async with looking(gathered(), live=False) as look:
        await look.paste(THEIRS)
        assert look.source.sent == []


async def test_the_paste_box_takes_typed_lines_and_an_empty_one_submits() -> None:
    async with looking(gathered(), (80, 24)) as look:
        await look.press("v")
        for key in "ab":
            await look.pilot.press(key)
        await look.press("enter", "c", "d", "enter", "enter")
        (sent,) = look.source.sent
        assert isinstance(sent, Paste)
        assert sent.text.split() == ["ab", "cd"]
        assert look.app.screen is look.main


async def test_a_paste_into_the_paste_box_keeps_every_line_and_counts_once() -> None:
    async with looking(gathered(), (80, 24)) as look:
        await look.press("v")
        await look.paste("a=candidate:1\na=candidate:2\n")
        assert look.source.sent == []
        area = look.app.screen.query_one(TextArea)
        assert area.text == "a=candidate:1\na=candidate:2\n"
        await look.press("ctrl+s")
        assert look.source.sent == [Paste(session=SID, text="a=candidate:1\na=candidate:2\n")]


async def test_a_blob_pasted_into_the_paste_box_needs_no_further_key() -> None:
    async with looking(gathered(), (80, 24)) as look:
        await look.press("v")
        await look.paste(THEIRS)
        assert look.source.sent == [Paste(session=SID, text=THEIRS)]
        assert look.app.screen is look.main


async def test_escape_leaves_the_paste_box_with_nothing_sent() -> None:
    async with looking(gathered(), (80, 24)) as look:
        await look.press("v", "x", "escape")
        assert look.source.sent == []
        assert look.app.screen is look.main


async def test_in_the_message_box_a_paste_is_a_message_unless_it_is_a_blob() -> None:
    async with looking(whole(), (80, 24)) as look:
        await look.press("m")
        await look.paste("two\nlines")
        assert look.app.screen.query_one(Input).value == "two lines"
        assert look.source.sent == []
        await look.paste(THEIRS)
        assert look.app.screen.query_one(Input).value == "two lines"
        assert look.source.sent == [Paste(session=SID, text=THEIRS)]


async def test_keys_in_one_go_and_ctrl_s_behind_them_come_in_their_order() -> None:
    async with looking(gathered(), (80, 24)) as look:
        await look.press("v")
        for key in ("a", "=", "i", "c", "e", "ctrl+s"):  # faster than anybody types
            look.app.post_message(_key(key))
        await look.pilot.pause()
        await look.settle()
        assert look.source.sent == [Paste(session=SID, text="a=ice")]
        assert look.app.screen is look.main


async def test_a_blob_typed_into_the_paste_box_closes_it_and_counts_once() -> None:
    async with looking(gathered(), (80, 24)) as look:
        await look.press("v", "x")
        for key in "icetui:Ab1cd2":
            look.app.post_message(_key(key))
        look.app.post_message(_key("ctrl+s"))
        await look.pilot.pause()
        await look.settle()
        assert look.source.sent == [Paste(session=SID, text="icetui:Ab1cd2")]
        assert look.app.screen is look.main


def _key(key: str) -> Key:
    """As the terminal's driver hands it in."""
    name = {"=": "equals_sign", ":": "colon"}.get(key, key)
    return Key(name, key if len(key) == 1 else None)
