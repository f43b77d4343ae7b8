"""icetui connects with every foreign peer where only a relay connects: icetui's or the peer's.

Each peer in one role through two symmetric NATs, in the other from behind a firewall that lets
nothing but TCP out. Every peer with every relay in both roles: ``python -m tests.lab interop``.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from tests.lab import peers
from tests.lab.foreign import absent, skip_if_absent
from tests.lab.icetui_peer import Outcome
from tests.lab.interop import AT_ONCE, ROLES, Meeting, build, meet, problem

RELAYS = ("ours", "both", "theirs")
MEETINGS = [
    *(
        Meeting(name, ROLES[number % 2], "sym", "sym", RELAYS[number % 3])
        for number, name in enumerate(peers.NAMES)
    ),
    *(
        Meeting(name, ROLES[(number + 1) % 2], "udpblock", "open", "ours")
        for number, name in enumerate(peers.NAMES)
    ),
]

Meetings = dict[Meeting, Future[tuple[Outcome, dict[str, Any]]]]


@pytest.fixture(scope="module")
def meetings(lab_needs: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Meetings]:
    """All of them in one lab, a few at a time."""
    with build(MEETINGS) as lab, ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            meeting: pool.submit(meet, lab, meeting, tmp_path_factory.mktemp(meeting.id))
            for meeting in MEETINGS
            if absent(meeting.name) is None
        }


@pytest.mark.timeout(180)
@pytest.mark.parametrize("meeting", MEETINGS, ids=lambda meeting: meeting.id)
def test_icetui_and_a_foreign_peer_connect_over_a_relay(
    meetings: Meetings, meeting: Meeting
) -> None:
    skip_if_absent(meeting.name)
    outcome, result = meetings[meeting].result()
    assert problem(outcome, result) is None
