"""The registry of actions: one list feeds bindings, footer, help and palette."""

import re
from pathlib import Path

import pytest

import icetui
from icetui.dashboard.actions import ACTIONS, BY_ID
from icetui.dashboard.not_now import WHY
from tests.dashboard.looking import looking
from tests.dashboard.streams import gathered, whole


def test_every_action_has_a_handler_a_sentence_and_keys_of_its_own() -> None:
    keys = [key for action in ACTIONS for key in action.keys.split(",")]
    assert len(keys) == len(set(keys))
    for action in ACTIONS:
        assert callable(action.run)
        assert action.help.endswith(".")
        assert action.help.count(".") == 1


async def test_help_names_every_key_and_dims_what_would_do_nothing() -> None:
    async with looking(gathered(), (140, 90)) as look:
        await look.press("f1")
        text = look.text
        for action in ACTIONS:
            assert action.help in text
        assert "Use the highlighted pair as the path from now on.  (not now)" in text


async def test_the_palette_offers_what_can_be_done_now() -> None:
    async with looking(gathered(), (140, 40)) as look:
        names = [c.title for c in look.app.get_system_commands(look.main)]
        assert "Copy" in names
        assert "Messages" not in names
    async with looking(whole(), (140, 40)) as look:
        names = [c.title for c in look.app.get_system_commands(look.main)]
        assert "Messages" in names
        await look.press("ctrl+p")
        assert look.app.screen is not look.main


async def test_a_recording_offers_nothing_that_needs_a_peer() -> None:
    async with looking(whole(), (140, 40), live=False) as look:
        for key in ("o connect", "v paste", "n nominate", "m message", "c copy"):
            assert key not in look.lines[-1]
        for key in ("e report", "z freeze", "/ filter", "enter details", "q quit"):
            assert key in look.lines[-1]


async def test_tab_goes_round_the_panes() -> None:
    async with looking(whole(), (140, 40)) as look:
        seen = []
        for _ in range(6):
            seen.append(look.main.focused.id if look.main.focused else None)
            await look.press("tab")
        assert set(seen) >= {"pairs", "findings", "log", "candidates", "path"}


async def test_a_key_in_the_footer_can_be_clicked() -> None:
    async with looking(whole(), (140, 40)) as look:
        column = look.lines[-1].index("? help")
        await look.pilot.click(offset=(column, 39))
        await look.settle()
        assert "How it works" in look.text


# --- a key that does nothing now says why ---------------------------------------------------------


def test_whoever_says_why_it_does_nothing_now_is_an_action_that_may_do_nothing() -> None:
    assert set(WHY) <= {action.id for action in ACTIONS if action.enabled.__name__ != "_always"}


@pytest.mark.parametrize(("key", "why"), [
    ("c", "There is no blob of ours yet"), ("u", "There is no blob of ours yet"),
    ("m", "No path stands yet"), ("n", "This side is controlled"), ("r", "nothing to restart"),
    ("N", "This session goes on"), ("t", "nothing of theirs has been pasted"),
    ("T", "There are no pairs yet"), ("p", "No round trip"), ("x", "Only the demo"),
    ("i", "Only the demo"),
])  # fmt: skip
async def test_before_anything_is_known(key: str, why: str) -> None:
    async with looking((), (140, 40)) as look:
        look.app.again = lambda: look.source
        await look.press(key)
        assert why in look.toasts
        assert look.app.screen is look.main
        assert not look.clipboard.copied


@pytest.mark.parametrize("key", ["c", "w", "u", "f"])
async def test_a_recording_has_no_blob(key: str) -> None:
    async with looking(whole(), (140, 40), live=False) as look:
        await look.press(key)
        assert "A recording holds no blob" in look.toasts


async def test_a_path_that_stands_needs_no_paste_and_is_not_nominated_again() -> None:
    async with looking(whole(), (140, 40)) as look:
        await look.press("v")
        assert "A path stands" in look.toasts
        await look.press("n")
        assert "is the path already" in look.toasts or "is controlled" in look.toasts


async def test_no_action_runs_while_it_is_not_offered() -> None:
    async with looking((), (140, 40)) as look:
        for name in WHY:
            if not BY_ID[name].enabled(look.app.view()):
                await look.app.action_do(name)
        assert look.app.screen is look.main
        assert not look.source.sent


# --- keys that nobody has given a meaning ---------------------------------------------------------


def test_no_method_is_taken_for_the_handler_of_a_key() -> None:
    """Textual calls `key_NAME` and `_key_NAME` for the key of that name: `_key_at` for an @."""
    found = [
        f"{path.name}:{match[0]}"
        for path in sorted(Path(icetui.__file__).parent.joinpath("dashboard").rglob("*.py"))
        for match in re.finditer(r"def _?key_\w+", path.read_text())
    ]
    assert found == []


async def test_keys_without_a_meaning_do_nothing() -> None:
    async with looking(whole(), (140, 40)) as look:
        for key in (
            "at",
            "dollar_sign",
            "percent_sign",
            "tilde",
            "exclamation_mark",
            "grave_accent",
        ):
            await look.press(key)
            assert look.app.screen is look.main
