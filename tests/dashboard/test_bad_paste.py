"""What is pasted by mistake: one sentence says what is wrong with it, and nothing is harmed.

A real engine reads the paste.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from icetui import events, signaling
from icetui.dashboard.app import Dashboard
from icetui.streams.process_source import ProcessSource
from tests.dashboard.looking import PretendClipboard, text_of
from tests.signaling.bad import GOOD_CANDIDATE, OFFER, Bad, texts

PATIENCE = 20.0
"""Seconds anything awaited here may take."""


class Screen:
    """A dashboard over an engine of its own, on loopback."""

    def __init__(self, app: Dashboard) -> None:
        self.app = app

    async def until(self, told: Callable[[str], bool]) -> str:
        """The screen's words once they are as wanted."""
        async with asyncio.timeout(PATIENCE):
            while True:
                said = "\n".join(toast.message for toast in self.app._notifications)
                prose = " ".join(f"{text_of(self.app)} {said}".replace("│", " ").split())
                if told(prose):
                    return prose
                await asyncio.sleep(0.02)  # the screen tells nobody when it has drawn

    async def paste(self, text: str) -> None:
        from textual import events as textual_events

        self.app.post_message(textual_events.Paste(text))


@asynccontextmanager
async def screen() -> AsyncIterator[Screen]:
    start = events.StartSession(interfaces=("lo",))
    app = Dashboard(ProcessSource(first=(start,)), clipboard=PretendClipboard())
    async with app.run_test(size=(80, 24)) as pilot:
        shown = Screen(app)
        await shown.until(lambda prose: "complete" in prose)
        yield shown
        await app.action_quit()
        await pilot.pause()


async def still_works(shown: Screen) -> None:
    """A good description is understood after whatever was pasted before."""
    ufrag, pwd = signaling.random_credentials(secrets.token_bytes)
    host = signaling.read(GOOD_CANDIDATE).candidates
    good = signaling.Description(ufrag=ufrag, pwd=pwd, candidates=host)
    await shown.paste(signaling.write_blob(good))
    await shown.until(lambda prose: "Understood their blob: 1 candidate" in prose)


@pytest.mark.parametrize("bad", texts(), ids=lambda bad: bad.name)
async def test_the_screen_names_what_is_wrong_and_the_session_goes_on(bad: Bad) -> None:
    async with screen() as shown:
        await shown.paste(bad.text)
        prose = await shown.until(lambda prose: bad.sentence in prose)
        if bad.usable:
            assert "Understood their" in prose
            assert "What you pasted was not usable" not in prose
        else:
            assert "Nothing is lost: just paste again" in prose
            await still_works(shown)


async def test_an_offer_where_an_answer_is_awaited_is_named_and_answered() -> None:
    async with screen() as shown:
        for form in ("SDP", "JSON"):
            await shown.until(lambda prose, form=form: f"f as {form}" in prose)
            await shown.app.action_do("form")
        await shown.until(lambda prose: '"type":"offer"' in prose)
        await shown.paste(OFFER)
        prose = await shown.until(lambda prose: "was awaited" in prose)
        assert "This is an offer where an answer was awaited" in prose
        assert '"type":"answer"' in prose
