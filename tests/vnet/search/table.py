"""What a search found, as a table."""

from __future__ import annotations

import textwrap
from collections import Counter

from tests.vnet.search.search import Score

WIDTH = 100


def table(score: Score, seconds: float) -> str:
    """All of it; `seconds` is how long it took."""
    per_core = score.networks / score.cpu if score.cpu else 0.0
    rows = [
        f"networks          {score.networks}, {score.can} of them with a way at some time",
        f"passed over       {score.lucky} in which other dice give another truth",
        f"speed             {per_core:.1f} networks a second of a core, {seconds:.0f} s in all; "
        f"{score.virtual / 60:.0f} minutes played",
    ]
    if score.memory:
        low, high = min(score.memory) / 1e6, max(score.memory) / 1e6
        rows.append(f"memory            {low:.0f} to {high:.0f} MB a process")
    rows.append(
        "slowest paths     "
        + ", ".join(f"{seconds:.2f} s (seed {seed})" for seconds, seed in score.slowest)
    )
    rows.append(
        "most packets      " + ", ".join(f"{sent} (seed {seed})" for sent, seed in score.busiest)
    )
    rows.append("")
    rows.append("engine")
    rows += _kinds(score.violations, score) or ["        Nothing is violated."]
    rows.append("")
    rows.append(f"diagnosis, in {score.judged} networks that do not change")
    rows += _namings(score)
    rows += _soon(score) + _remedies(score)
    rows += _kinds(score.claims, score) or ["        No claim is false, no cause missed."]
    return "\n".join(rows)


def _namings(score: Score) -> list[str]:
    """Of sides without a path, by the true cause: said or listed first, listed, missed."""
    rows = []
    for cause in dict.fromkeys(cause for cause, _ in sorted(score.namings)):
        first, within, missed = (score.namings[cause, how] for how in ("first", "within", "missed"))
        sides = first + within + missed
        rows.append(
            f"{sides:6}  looks at a side without a path, cause {cause}: "
            f"{first / sides:.1%} right first, {(first + within) / sides:.1%} within the list"
        )
    return rows


def _soon(score: Score) -> list[str]:
    right = score.soon.total()
    share = score.soon[True] / right if right else 0.0
    return (
        [f"{right:6}  right first, {share:.1%} of them 3 s after both knew both"] if right else []
    )


def _remedies(score: Score) -> list[str]:
    rows = []
    for right, which in ((True, "right"), (False, "other")):
        done = score.remedies[right, True] + score.remedies[right, False]
        if done:
            worked = score.remedies[right, True] / done
            rows.append(
                f"{done:6}  remedies of {which} findings carried out, {worked:.1%} lead to a path"
            )
    failed = ", ".join(f"{code} {n}" for code, n in score.failed_remedies.most_common(8))
    return [*rows, f"        of right ones failed: {failed}"] if failed else rows


def _kinds(counts: Counter[str], score: Score) -> list[str]:
    rows = []
    for kind, number in sorted(counts.items(), key=lambda kv: (-kv[1], kv[0])):
        rows.append(f"{number:6}  {kind}")
        for seed, evidence in score.examples[kind]:
            rows.append(
                textwrap.fill(f"{'':8}seed {seed}: {evidence}", WIDTH, subsequent_indent=" " * 12)
            )
    return rows
