"""How rows are shared out: everybody gets the least it can do with, then what it needs."""

from __future__ import annotations

from collections.abc import Sequence


def rooms(height: int, needs: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    """`height` rows for panes that each need `(least, enough)`; the last takes what is left."""
    given = [min(least, enough) if enough < least else least for least, enough in needs]
    spare = height - sum(given)
    while spare > 0:
        open_ = [n for n, (_, enough) in enumerate(needs) if given[n] < enough]
        if not open_:
            given[-1] += spare
            break
        # The poorest first, so that no long list takes all.
        poorest = min(open_, key=lambda n: given[n])
        given[poorest] += 1
        spare -= 1
    while spare < 0 and max(given) > 1:
        given[given.index(max(given))] -= 1
        spare += 1
    return tuple(given)
