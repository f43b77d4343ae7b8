"""A terminal without bracketed paste types what is pasted: that is a paste, not commands."""

import pytest

from icetui.events import Paste
from tests.dashboard.looking import Look, looking
from tests.dashboard.streams import BLOB, SID, gathered, whole

SDP = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\na=ice-ufrag:9QmZ\r\n"


async def typed(look: Look, text: str) -> None:
    """All of it at once, as a driver hands in what was read in one go."""
    from textual.events import Key

    for character in text:
        key = {"\r": "enter", "\n": "ctrl+j"}.get(character, character)
        look.app.post_message(Key(key, None if character in "\r\n" else character))
    await look.pilot.pause()
    await look.settle()


@pytest.mark.parametrize("text", [BLOB, SDP, '{"type":"offer","sdp":"v=0"}', f'  "{BLOB}"'])
async def test_a_burst_that_begins_a_description_is_a_paste(text: str) -> None:
    async with looking(gathered(), (80, 24)) as look:
        await typed(look, text)
        (sent,) = look.source.sent
        assert isinstance(sent, Paste)
        assert sent.text.split() == text.split()
        assert look.clipboard.copied == []
        assert look.app.screen is look.main


@pytest.mark.parametrize("keys", [("question_mark",), ("d",), ("enter",), ("slash",), ("m",)])
async def test_on_every_screen(keys: tuple[str, ...]) -> None:
    async with looking(whole(), (80, 24)) as look:
        await look.press(*keys)
        await typed(look, BLOB)
        assert look.source.sent == [Paste(session=SID, text=BLOB)]


async def test_keys_of_a_person_are_keys() -> None:
    async with looking(whole(), (80, 24)) as look:
        await look.press("z")
        assert "FROZEN" in look.lines[0]
        await look.press("z", "question_mark")
        assert "How it works" in look.text


async def test_two_keys_in_one_burst_are_two_keys() -> None:
    async with looking(whole(), (80, 24)) as look:
        await typed(look, "zd")
        assert "What is going on, and why" in look.text
        await look.press("escape")
        assert "FROZEN" in look.lines[0]


async def test_what_is_typed_into_a_field_arrives_there() -> None:
    async with looking(whole(), (80, 24)) as look:
        await look.press("m")
        await typed(look, "icet is a word, isn't it?")
        from textual.widgets import Input

        assert look.app.screen.query_one(Input).value == "icet is a word, isn't it?"
        assert look.source.sent == []


async def test_keys_while_leaving_are_ignored() -> None:
    async with looking(gathered(), (80, 24)) as look:
        await typed(look, "qd?")
    assert look.app.return_value == 0
