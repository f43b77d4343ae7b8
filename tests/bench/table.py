"""Plain tables of measurements: a row for each series, median and extremes in milliseconds."""

from __future__ import annotations

from statistics import median


def show(title: str, series: dict[str, list[float]], bound: str = "") -> None:
    """Print `series`, seconds, under a title."""
    print(f"{title}{f'  (must: {bound})' if bound else ''}")
    print(f"  {'ms':38} {'median':>8} {'min':>8} {'max':>8} {'runs':>5}")
    for name, values in series.items():
        figures = (median(values), min(values), max(values))
        told = " ".join(f"{figure * 1000:8.1f}" for figure in figures)
        print(f"  {name:38} {told} {len(values):5}")
    print()


def ratio(series: dict[str, list[float]], of: str, to: str, bound: float) -> None:
    """Print how many times longer `of` takes than `to`, median against median."""
    times = median(series[of]) / median(series[to])
    print(f"  ratio {times:.2f}, must be at most {bound}: {'yes' if times <= bound else 'NO'}\n")
