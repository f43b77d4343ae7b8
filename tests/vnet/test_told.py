"""What each side is told in networks that are seen every day: `networks/told`.

Each file says in lines that begin with `#:` what somebody has to be told, so many seconds after
both know both (or after the beginning, where something changes): `SIDE SECONDS CODE`, the first
finding or the first of its hypotheses; `SIDE SECONDS not CODE`, which nobody may say; `SIDE SECONDS
says WORDS`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from icetui.diagnosis import diagnose
from icetui.vnet.network_text import read
from tests.vnet.search.play import play

NETWORKS = sorted((Path(__file__).parent / "networks" / "told").glob("*.toml"))


@pytest.mark.parametrize("path", NETWORKS, ids=lambda path: path.stem)
def test_everybody_is_told_what_is_so(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    run = play(read(text))
    assert not run.failures
    began = 0.0 if run.network.changes else run.both_known
    assert began is not None
    expected = [line[2:].split(maxsplit=3) for line in text.splitlines() if line.startswith("#:")]
    assert expected
    for name, seconds, *what in expected:
        found = diagnose(run.sides[name].session_at(began + float(seconds)))
        codes = [c for f in found for c in (f.rule, *(h.code for h in f.hypotheses))]
        first = [found[0].rule, *(h.code for h in found[0].hypotheses[:1])]
        match what:
            case ["not", code]:
                assert code not in codes, (name, seconds)
            case ["says", words]:
                assert words in found[0].claim, (name, seconds)
            case [code]:
                assert code in first, (name, seconds, found[0].claim)
            case _:
                pytest.fail(f"not understood: {what}")
