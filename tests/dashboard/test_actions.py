"""The registry of actions: one list feeds bindings, footer, help and palette."""

from icetui.dashboard.actions import ACTIONS
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
