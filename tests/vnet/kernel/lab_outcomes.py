"""What the kernel did: its outcomes, played in the lab, and the table in which they are kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from tests.lab.scenarios import table
from tests.lab.scenarios.scenario import Scenario
from tests.vnet.kernel.outcome import Outcome, outcome

TABLE = Path(__file__).with_name("outcomes.json")
"""Written by `python -m tests.vnet kernel`."""


def play(scenario: Scenario) -> Outcome:
    """In the lab. Raises RuntimeError where it cannot be played to its end."""
    played = table.play(scenario)
    if played.problem:
        raise RuntimeError(f"{scenario.name}: {played.problem}")
    return outcome(played.events, played.verdicts)


def play_all(
    scenarios: Sequence[Scenario], at_once: int = 2
) -> Iterator[tuple[Scenario, Outcome | str]]:
    """Several at a time; a text says why one could not be played."""

    def one(scenario: Scenario) -> Outcome | str:
        try:
            return play(scenario)
        except RuntimeError as error:
            return str(error)

    with ThreadPoolExecutor(at_once) as pool:
        yield from zip(scenarios, pool.map(one, scenarios), strict=True)


def kept() -> dict[str, Outcome]:
    """The table, by the keys of scenarios."""
    return msgspec.json.decode(TABLE.read_bytes(), type=dict[str, Outcome])


def keep(outcomes: dict[str, Outcome]) -> None:
    """Write the table, in the order of the keys."""
    rows = [
        f"{msgspec.json.encode(key).decode()}: {msgspec.json.encode(found).decode()}"
        for key, found in sorted(outcomes.items())
    ]
    TABLE.write_text("{\n" + ",\n".join(rows) + "\n}\n")
