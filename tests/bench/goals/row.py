"""A row of the table of goals, and how figures are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of one case. `met` is None where there is nothing to hold it against."""

    case: str
    figure: str
    goal: str = ""
    met: bool | None = None
    beside: str = ""

    def __str__(self) -> str:
        told = {True: "yes", False: "NO", None: ""}[self.met]
        cells = f"{self.case:38} {self.figure:48} {self.goal:22} {told:4} {self.beside}"
        return cells.rstrip()


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line chooses."""

    rounds: int | None
    """None: as many as the case usually takes."""
    long: bool
    beside: tuple[str, ...]
    """Other implementations that take turns with icetui."""

    def times(self, usual: int) -> int:
        return self.rounds or usual


Case = Callable[[Options], Iterator[Row]]

HEADER = Row("case", "icetui: median (worst)", "goal", None, "beside")


def seconds(values: Sequence[float | None], digits: int = 0) -> str:
    """Median and worst in milliseconds, and how many never came."""
    known = sorted(value for value in values if value is not None)
    never = len(values) - len(known)
    lost = f", {never} of {len(values)} never" if never else ""
    if not known:
        return f"never, {len(values)} times"
    return f"{1000 * median(known):.{digits}f} ({1000 * known[-1]:.{digits}f}) ms{lost}"


def within(values: Sequence[float | None], bound: float, *, worst: bool = False) -> bool:
    """Whether the median, or every single value, is at most `bound` seconds; never is too late."""
    known = [float("inf") if value is None else value for value in values]
    return (max(known) if worst else median(known)) <= bound


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
