"""Every screen at every size, in dark and in light: nothing is beside the screen or unreadable."""

import pytest

from icetui.dashboard.taste import Taste
from icetui.settings.preferences import Preferences
from tests.dashboard.looking import Look, looking
from tests.dashboard.streams import Teller, gathered, whole

SIZES = [(60, 20), (80, 24), (120, 30), (140, 40), (200, 60), (250, 70)]
SCREENS = {
    "d": "What is going on, and why", "t": "What they sent", "p": "Round trips", "T": "Timeline",
    "question_mark": "Help", "enter": "Pair L1-R2", "m": "not encrypted", "C": "Columns",
    "Y": "Copy", "e": "Save a report", "v": "Paste theirs",
}  # fmt: skip
LEAST_CONTRAST = 3.0
"""Between text and its ground: what WCAG 2.2 asks of large text, here of all, dimmed or not."""


def contrast(look: Look) -> float:
    """The least there is between any character and what it stands on; of a box without what lies
    dimmed around it."""
    from textual.color import Color

    least = 21.0
    boxes = look.app.screen.query(".box")
    shown = boxes.first().region if boxes else look.app.screen.region
    strips = look.app.screen._compositor.render_strips()[shown.y : shown.bottom]
    for strip in strips:
        for segment in strip.crop(shown.x, shown.right):
            style = segment.style
            drawn = any(c.isalnum() for c in segment.text)
            if not drawn or style is None or style.color is None or style.bgcolor is None:
                continue
            ends = [Color.from_rich_color(c) for c in (style.color, style.bgcolor)]
            light, dark = sorted((luminance(c.r, c.g, c.b) for c in ends), reverse=True)
            least = min(least, (light + 0.05) / (dark + 0.05))
    return least


def luminance(*channels: int) -> float:
    parts = [c / 255 for c in channels]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("size", "theme"),
    [(size, "dark") for size in SIZES]
    + [(size, theme) for theme in ("light", "high-contrast") for size in SIZES[1:4:2]],
    ids=str,
)
async def test_every_screen_fits_and_can_be_read(size: tuple[int, int], theme: str) -> None:
    tell = Teller()
    taste = Taste(Preferences(theme=theme))
    async with looking(gathered(tell), size, taste=taste) as look:
        assert "Send this to the other side" in look.text
        await look.tell(whole())
        assert "CONNECTED" in look.lines[0]
        assert "? help" in look.lines[-1]
        assert contrast(look) >= LEAST_CONTRAST
        for key, title in SCREENS.items():
            if key == "v":
                continue  # there is nothing to paste into a path that stands
            await look.press(key)
            assert title in look.text, key
            assert all(len(line) <= size[0] for line in look.lines)
            assert contrast(look) >= LEAST_CONTRAST, key
            await look.press("escape")
            assert look.app.screen is look.main
