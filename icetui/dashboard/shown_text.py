"""Words and figures as the screen shows them: harmless foreign text, times, sizes, sparklines.

Everything that came from outside (a peer, a server, a blob, a recording) passes `plain` before it
is drawn, and is drawn as `Content` pieces, never as markup.
"""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Iterable

from icetui.events import Candidate

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
MARKS_KEPT = 2
"""Combining marks on one character; more of them climb over the neighbouring lines."""


def plain(text: str, limit: int = 200) -> str:
    """`text` on one line without control, bidi or other invisible characters, cut at `limit`."""
    cut = text[: limit + 1]
    if not (cut.isascii() and cut.isprintable()):
        cut = "".join(_harmless(cut))
    return cut if len(cut) <= limit else cut[: limit - 1] + "…"


def _harmless(text: str) -> Iterable[str]:
    marks = 0
    for character in text:
        if unicodedata.category(character) in ("Mn", "Me"):
            marks += 1
            if marks <= MARKS_KEPT:
                yield character
            continue
        marks = 0
        if character.isprintable():
            yield character
        else:
            yield " " if character in "\n\r\t\N{NO-BREAK SPACE}" else REPLACEMENT


def middle(text: str, width: int) -> str:
    """`text` in at most `width` characters, the middle left out: an address keeps its port."""
    if len(text) <= width:
        return text
    if width < 3:
        return text[: max(0, width)]
    tail = min(width // 2, 8)
    return f"{text[: width - tail - 1]}…{text[-tail:]}"


def rtt(seconds: float | None) -> str:
    """A round trip: `0.42 ms`, `23.4 ms`, `123 ms`, `2.1 s`; a dash when there is none."""
    if seconds is None:
        return "–"
    milliseconds = seconds * 1000
    if milliseconds < 0.995:
        return f"{milliseconds:.2f} ms"
    if milliseconds < 99.95:
        return f"{milliseconds:.1f} ms"
    if milliseconds < 1999.5:
        return f"{milliseconds:.0f} ms"
    return f"{seconds:.1f} s"


def duration(seconds: float) -> str:
    """`00:01:32`; days stand in front."""
    whole = max(0, int(seconds))
    days, rest = divmod(whole, 86400)
    clock = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"{days} d {clock}" if days else clock


def waiting(seconds: float) -> str:
    """A span in words: `27 s`, `4 min`, `3 h`."""
    if seconds < 120:
        return f"{max(0, int(seconds))} s"
    if seconds < 7200:
        return f"{int(seconds // 60)} min"
    return f"{int(seconds // 3600)} h"


def size(count: int) -> str:
    """Bytes in decimal units: `512 B`, `12 kB`, `1.3 MB`."""
    value = float(count)
    if value < 1000:
        return f"{count} B"
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.5:
            return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"
    return f"{value / 1000:.1f} TB"


def percent(share: float) -> str:
    """A share 0…1: `0 %`, `0.4 %`, `12 %`. Never `0 %` for something that is not zero."""
    value = share * 100
    if value == 0:
        return "0 %"
    return f"{max(value, 0.1):.1f} %" if value < 9.95 else f"{value:.0f} %"


def clock(wall: float) -> str:
    """Local time of day with milliseconds: `12:00:01.231`."""
    try:
        day = time.localtime(wall)
    except (OverflowError, ValueError, OSError):  # a recording may say anything
        return "--:--:--.---"
    return f"{day.tm_hour:02}:{day.tm_min:02}:{day.tm_sec:02}.{int(wall % 1 * 1000):03}"


BLOCKS = "▁▂▃▄▅▆▇█"
LOST = "×"


def spark(samples: Iterable[float | None], width: int) -> str:
    """The latest `width` round trips as blocks over a floor of zero; `×` is a lost one.

    The median of a steady path stands in the middle of a block, so that it looks steady; a spike
    sets the scale, so that it looks like one.
    """
    shown = list(samples)[-width:] if width > 0 else []
    values = sorted(sample for sample in shown if sample is not None)
    if not values:
        return LOST * len(shown)
    top = max(values[-1], values[len(values) // 2] * 16 / 9) or 1.0
    last = len(BLOCKS) - 1
    return "".join(
        LOST if sample is None else BLOCKS[min(last, max(0, int(sample / top * len(BLOCKS))))]
        for sample in shown
    )


def server_name(url: str) -> str:
    """A server as people say it: `stun:stun.example:3478` → `stun.example`."""
    rest = url.partition(":")[2] or url
    rest, _, query = rest.partition("?")
    host, colon, port = rest.rpartition(":")
    if colon and port in ("3478", "5349"):
        rest = host
    transport = query.partition("transport=")[2]
    if url.startswith("turns:"):
        transport = "tls"
    return plain(f"{rest} {transport}" if transport and transport != "udp" else rest, 60)


def shared_start(candidates: Iterable[Candidate]) -> int:
    """How many characters the IPv6 addresses among these all begin with, to a whole group."""
    addresses = {c.address for c in candidates if ":" in c.address}
    if len(addresses) < 2:
        return 0
    first, last = min(addresses), max(addresses)  # what these share, all share
    same = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), 0)
    return first.rfind(":", 0, same) + 1


def shorter_address(text: str, width: int, shared: int) -> str:
    """`[2001:db8::1]:4022` in `width` characters: what tells it from the others is kept."""
    if len(text) <= width:
        return text
    if text.startswith("[") and shared > 1:
        rest = "…" + text[1 + shared :]
        if len(rest) <= width:
            return rest
        text = rest
    return middle(text, width)
