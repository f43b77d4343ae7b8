"""The view of what they sent: the same as `icetui decode`, and what became of each candidate."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from icetui import events
from icetui.events import Candidate
from tests.dashboard.looking import looking
from tests.dashboard.streams import R1, R2, Teller, connected, described, gathered, whole

NAME = "4f7cdf3e-6a6a-4d2b-9b9f-7c8a5be1f7a1.local"
OFFER = {
    "ufrag": "9QmZ", "kind": "json", "sdp_type": "offer", "mid": "0", "password_length": 24,
    "ice_options": ("trickle",), "setup": "actpass", "fingerprint": "sha-256 6B:8B",
    "lite": True,
}  # fmt: skip
SIZES = [(80, 24), (140, 40)]


@pytest.mark.parametrize("size", SIZES)
async def test_t_shows_what_was_pasted_from_the_card_too(size: tuple[int, int]) -> None:
    tell = Teller()
    async with looking(gathered(tell), size) as look:
        await look.press("t")
        assert look.app.screen is look.main  # nothing was pasted yet: the key does nothing
        await look.tell([tell(events.DescriptionAccepted, **OFFER)])
        await look.press("t")
        for words in (
            "kind JSON with SDP", "type offer", "password 24 characters", "setup actpass",
            "ICE lite yes: answers checks, sends none", "ice-options trickle",
            "fingerprint sha-256 6B:8B", "end of candidates not said: more may follow",
        ):  # fmt: skip
            assert words in look.prose
        await look.press("escape")
        assert look.app.screen is look.main


@pytest.mark.parametrize("size", SIZES)
async def test_each_candidate_says_what_becomes_of_it(size: tuple[int, int]) -> None:
    tell = Teller()
    stream = [*gathered(tell), *described(tell), *connected(tell, samples=1)]
    tcp = Candidate(
        id="R3", type="host", address="10.0.0.4", port=9, transport="tcp", tcptype="active",
        unsupported="ICE-TCP is not supported",
    )  # fmt: skip
    async with looking(stream, size) as look:
        named = replace(R1, id="R4", address=NAME, unsupported="its name is being asked for")
        await look.tell(
            tell(events.RemoteCandidateAdded, candidate=c)
            for c in (tcp, named, replace(R2, id="R5", type="prflx", port=1234))
        )
        await look.press("t")
        assert "R1 host 10.0.0.4:40000 udp 1" in look.prose
        assert "used: 1 pair (1 failed)" in look.prose
        assert "★ used: 1 pair (1 succeeded), the path in use" in look.prose
        await look.press("end")
        assert "R4 host 4f7cdf3e" in look.prose
        assert f"{NAME}:40000" in look.prose
        assert "R3 host 10.0.0.4:9 tcp active 1" in look.prose
        assert "not used: ICE-TCP is not supported" in look.prose
        assert "not used: its name is being asked for" in look.prose
        assert "learned from their checks (peer-reflexive), used" in look.prose


async def test_it_follows_what_is_pasted_while_it_is_open() -> None:
    tell = Teller()
    async with looking([*gathered(tell), tell(events.DescriptionAccepted, **OFFER)]) as look:
        await look.press("t")
        assert "candidates 0, 0 used" in look.prose
        await look.paste("a=candidate:…")
        assert len(look.source.sent) == 1
        await look.tell(
            [
                tell(events.RemoteCandidateAdded, candidate=R1),
                tell(
                    events.DescriptionAccepted, ufrag="9QmZ", kind="candidates", complete=True,
                    warnings=("1 candidate was ignored: it is cut off.",),
                ),
            ]
        )  # fmt: skip
        assert "candidates 1, 1 used" in look.prose
        assert "end of candidates yes" in look.prose
        assert "kind JSON with SDP" in look.prose
        assert "! 1 candidate was ignored: it is cut off." in look.prose


async def test_hostile_words_are_shown_as_they_are_and_harm_nothing() -> None:
    tell = Teller()
    evil = "[/red]\x1b[2J\u202e[link=x]" * 20
    accepted = tell(
        events.DescriptionAccepted, ufrag=evil, kind=evil, sdp_type=evil, mid=evil, setup=evil,
        ice_options=(evil,), fingerprint=evil, warnings=(evil,), made=1e300,
    )  # fmt: skip
    async with looking([*gathered(tell), accepted], (80, 24)) as look:
        hostile = Candidate(
            id=evil, type="host", address=evil, port=1, transport=evil, unsupported=evil
        )
        await look.tell([tell(events.RemoteCandidateAdded, candidate=hostile)])
        await look.press("t")
        for key in ("home", "end"):
            await look.press(key)
            assert "[/red]" in look.text
            assert "\x1b" not in look.text
            assert "\u202e" not in look.text
            assert max(map(len, look.lines)) <= 80


async def test_a_recording_shows_it_too() -> None:
    async with looking(whole(), (80, 24), live=False) as look:
        await look.press("t")
        assert "What they sent" in look.text
        assert "R2 host" in look.prose or "R2 srflx" in look.prose
