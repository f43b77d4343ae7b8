"""The colours: light with greens that can be read, high contrast, and short names for others."""

from __future__ import annotations

from textual.theme import BUILTIN_THEMES, Theme

SHORT_NAMES = {"dark": "textual-dark", "ansi": "ansi-dark"}

LIGHT = Theme(
    name="light",
    primary="#004578",
    secondary="#0178D4",
    warning="#8a5a00",
    error="#a4112c",
    success="#0b6b34",
    accent="#7a3e9d",
    background="#f7f7f7",
    surface="#ececec",
    panel="#dcdcdc",
    dark=False,
    variables={
        "text-success": "#0b6b34", "text-warning": "#7a4f00", "text-error": "#a4112c",
        "text-primary": "#004578", "text-accent": "#6b3390", "foreground-muted": "#5a5a5a",
    },
)  # fmt: skip
HIGH_CONTRAST = Theme(
    name="high-contrast",
    primary="#6cb6ff",
    secondary="#ffffff",
    warning="#ffd700",
    error="#ff6b6b",
    success="#5cff8d",
    accent="#ff9cf5",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#202020",
    dark=True,
    variables={
        "text-success": "#5cff8d", "text-warning": "#ffd700", "text-error": "#ff6b6b",
        "text-primary": "#6cb6ff", "text-accent": "#ff9cf5", "foreground-muted": "#d0d0d0",
    },
)  # fmt: skip
OWN = (LIGHT, HIGH_CONTRAST)


def full_name(name: str) -> str | None:
    """A theme's name as Textual knows it; None for none."""
    name = SHORT_NAMES.get(name, name)
    known = {*BUILTIN_THEMES, *(theme.name for theme in OWN)}
    return name if name in known else None


def theme_names() -> list[str]:
    return sorted({*SHORT_NAMES, *BUILTIN_THEMES, *(theme.name for theme in OWN)})
