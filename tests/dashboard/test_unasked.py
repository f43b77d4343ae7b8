"""Nothing of ours leaves without a key: not for another program, and masked only when sure."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from icetui import events
from icetui.dashboard import handover
from icetui.dashboard.app import Dashboard
from icetui.streams.masking import Mask, Masked
from tests.dashboard.looking import PretendClipboard, lines_of
from tests.dashboard.streams import BLOB, FeedSource, Teller, gathered


def accepted(tell: Teller) -> events.DescriptionAccepted:
    described: events.DescriptionAccepted = tell(
        events.DescriptionAccepted, ufrag="bbbb", new_candidates=2, known_candidates=2
    )
    return described


def stream() -> list[events.AnyEvent]:
    tell = Teller()
    return [*gathered(tell), accepted(tell.after(1.0))]


@pytest.fixture(params=[False, True], ids=["our engine", "another program"])
def source(request: pytest.FixtureRequest) -> FeedSource:
    made = FeedSource()
    made.foreign = request.param
    return made


async def test_ours_is_copied_after_a_paste_but_never_for_another_program(
    source: FeedSource,
) -> None:
    clipboard = PretendClipboard()
    app = Dashboard(source, clipboard=clipboard, monotonic=lambda: 0.0)
    async with app.run_test(size=(120, 40)) as pilot:
        source.feed(stream()[:-1])
        await source.told()
        handover.hand_in(app, "icetui:anything")
        source.feed(stream()[-1:])
        await source.told()
        await pilot.pause(0.6)  # longer than whatever is copied by itself waits
        assert bool(clipboard.copied) is not source.foreign
        before = len(clipboard.copied)
        await pilot.press("c")
        await pilot.pause()
        assert len(clipboard.copied) == before + 1


@pytest.mark.parametrize("kind", ["blob", "json"])
async def test_what_another_kind_of_program_takes_once_is_copied_when_it_is_whole(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(handover, "SETTLE", 0.01)
    monkeypatch.setattr(handover, "GATHER_PATIENCE", 3600.0)
    clipboard, source, tell = PretendClipboard(), FeedSource(), Teller()
    app = Dashboard(source, clipboard=clipboard, monotonic=lambda: 0.0)
    async with app.run_test(size=(120, 40)) as pilot:
        known = [e for e in gathered(tell) if not isinstance(e, events.GatheringStateChanged)]
        source.feed([*known, tell(events.GatheringStateChanged, state="gathering")])
        await source.told()
        handover.hand_in(app, "anything")
        theirs = accepted(tell.after(1.0))
        source.feed([msgspec.structs.replace(theirs, kind=kind, sdp_type="offer")])
        await source.told()
        await pilot.pause(0.1)
        assert len(clipboard.copied) == (1 if kind == "blob" else 0)
        source.feed([tell.after(0.1)(events.GatheringStateChanged, state="complete")])
        await source.told()
        await pilot.pause()
        assert len(clipboard.copied) == 1  # once, and not again


@pytest.fixture
async def masked() -> AsyncIterator[tuple[Dashboard, PretendClipboard]]:
    clipboard, source = PretendClipboard(), FeedSource()
    app = Dashboard(Masked(source, Mask()), mask=True, clipboard=clipboard, monotonic=lambda: 0.0)
    async with app.run_test(size=(120, 40)) as pilot:
        source.feed(stream()[:-1])
        await source.told()
        await pilot.pause()
        yield app, clipboard


async def press(app: Dashboard, *keys: str) -> str:
    from textual.pilot import Pilot

    pilot: Pilot[int] = Pilot(app)
    for key in keys:
        await pilot.press(key)
    await pilot.pause()
    return "\n".join(lines_of(app))


async def test_a_masked_screen_copies_only_when_the_key_is_pressed_twice(
    masked: tuple[Dashboard, PretendClipboard],
) -> None:
    app, clipboard = masked
    await press(app, "c")
    assert clipboard.copied == []
    await press(app, "c")
    assert len(clipboard.copied) == 1


async def test_two_different_keys_are_no_yes(
    masked: tuple[Dashboard, PretendClipboard], tmp_path: Path
) -> None:
    app, clipboard = masked
    await press(app, "u", "c")
    assert clipboard.copied == []
    assert BLOB[:30] not in "\n".join(lines_of(app))


async def test_a_masked_screen_shows_the_real_text_only_after_asking(
    masked: tuple[Dashboard, PretendClipboard],
) -> None:
    app, _ = masked
    assert BLOB[:30] not in await press(app, "u")
    assert BLOB[:30] in await press(app, "u")


async def test_another_form_of_it_is_not_copied_masked(
    masked: tuple[Dashboard, PretendClipboard],
) -> None:
    app, clipboard = masked
    await press(app, "f")
    assert clipboard.copied == []
