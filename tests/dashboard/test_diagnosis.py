"""The box behind `d`: every finding with its evidence, the NATs, the paths so far."""

import pytest

from icetui import events
from icetui.events import NatBehaviour
from tests.dashboard.looking import looking
from tests.dashboard.streams import Teller, connected, described, gathered, whole


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_d_shows_findings_with_evidence_and_remedy(size: tuple[int, int]) -> None:
    async with looking(whole(), size) as look:
        assert "d diagnosis" in look.lines[-1]
        await look.press("d")
        text = look.prose
        assert "What is going on, and why" in text
        assert "The TURN server turn:turn.b:3478 refuses our user name or password." in text
        assert "because" in text and "401 Unauthorized" in text
        assert "→ Check user name and password" in text
        assert "Direct path through both NATs." in text and "rule direct-path" in text
        await look.press("escape")
        assert look.app.screen is look.main


async def test_the_nat_table_names_who_sees_us_where_and_for_how_long() -> None:
    tell = Teller()
    seen = tell.after(5)(events.MappingSeen, local="192.168.1.20:51234",
                         mapped="203.0.113.7:61001", server="192.0.2.1:3478",
                         url="stun:stun.a:3478")  # fmt: skip
    nat = NatBehaviour(local="192.168.1.20", behind_nat=True, mapping="endpoint-independent",
                       filtering="address-and-port-dependent", hairpinning=False, complete=True,
                       notes=("stun.a does not speak RFC 5780.",))  # fmt: skip
    known = tell(events.NatBehaviourChanged, nat=nat)
    start = [*gathered(tell), seen, known]
    later = tell.after(12)(events.GatheringStateChanged, state="complete")
    async with looking([*start, later], (110, 50)) as look:
        await look.press("d")
        text = look.prose
        assert "Our NAT keeps one public port for all destinations" in text
        assert "endpoint-independent mapping" in text
        assert "lets in only the very port we have written to" in text
        assert "does not turn packets to its own outside back inside (hairpinning)" in text
        assert "stun.a does not speak RFC 5780." in text
        assert "192.168.1.20:51234 → 203.0.113.7:61001 stun.a 12 s ago" in text


async def test_what_nobody_knows_of_the_nats_is_said_as_such() -> None:
    async with looking(whole(), (110, 50)) as look:
        await look.press("d")
        assert "Our NAT: not known" in look.prose
        assert "Their NAT: not known, their blob does not say." in look.prose


async def test_the_box_follows_the_session_and_keeps_every_path() -> None:
    tell = Teller()
    start = [*gathered(tell), *described(tell)]
    async with looking(start, (110, 50)) as look:
        await look.press("d")
        assert "None yet: no pair has worked" in look.prose
        await look.tell(connected(tell, samples=2))
        assert "★ L1-R2 nominated by us" in look.prose
        assert "Direct path through both NATs." in look.prose
        gone = tell.after(31)(
            events.SelectedPairChanged, pair=None, previous="L1-R2", cause="L1-R2 was lost"
        )
        await look.tell([gone])
        assert "no path any more (before: L1-R2) L1-R2 was lost" in look.prose


async def test_the_details_of_a_pair_tell_what_became_of_it() -> None:
    async with looking(whole(), (140, 60)) as look:
        await look.press("enter")
        text = look.prose
        assert "what became of it, newest first" in text
        assert "path is now L1-R2: nominated by us" in text
        assert "pair L1-R2 in-progress 1/0" in text
        await look.press("escape", "down", "enter")
        text = look.prose
        assert "pair L1-R1 failed: 7 requests, no answer" in text
        assert "pair L1-R1 formed, waiting to be checked" in text
