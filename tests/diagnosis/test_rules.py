"""The rules as a whole: each has a name of its own form, and each is put to the test."""

from __future__ import annotations

import re
from pathlib import Path

from icetui import diagnosis
from icetui.diagnosis import RULES, diagnose
from icetui.session import Session
from tests.diagnosis.test_recorded import FOLDER
from tests.lab.scenarios.recorded import recorded

SOURCES = sorted(Path(str(diagnosis.__file__)).parent.glob("*.py"))
NAMED = re.compile(
    r'rule="([^"]+)"'  # a finding
    r'|^ +"((?:turn|server)-[a-z]+)",$'  # the verdict on a server
    r'|rule="[^"]+" if .* else "([^"]+)"',
    re.M,
)


def names() -> set[str]:
    found = set()
    for path in SOURCES:
        for match in NAMED.finditer(path.read_text()):
            found |= {name for name in match.groups() if name}
    return found


def test_every_rule_is_shown_by_a_recorded_session_or_one_made_by_hand() -> None:
    shown = set()
    for path in FOLDER.iterdir():
        session = Session()
        for number, event in enumerate(recorded(path)):
            session.apply(event)
            if number % 20 == 0:
                shown |= {finding.rule for finding in diagnose(session)}
        shown |= {finding.rule for finding in diagnose(session)}
    by_hand = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    untested = {name for name in names() if name not in shown and f'"{name}"' not in by_hand}
    assert not untested


def test_a_rule_has_a_name_that_scripts_can_rely_on() -> None:
    assert len(names()) >= 40
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in names())


def test_nothing_is_said_of_nothing() -> None:
    assert diagnose(Session()) == []
    assert len(set(RULES)) == len(RULES)
