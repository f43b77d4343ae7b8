"""Who controls follows from offer and answer, also where bare SDP does not say which it is."""

from __future__ import annotations

import pytest

from icetui.streams.own_form import own_mid
from tests.engine.side import Side

SDP = (
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n"
    "a=setup:active\r\na=mid:{mid}\r\na=ice-ufrag:{ufrag}\r\na=ice-pwd:aNqUZTbHgqFtHWnvBTJpvQAH\r\n"
    "a=candidate:1 1 udp 2130706431 127.0.0.1 5999 typ host\r\n"
)


@pytest.mark.parametrize("ufrag", ["++++", "zzzz"])
@pytest.mark.parametrize(
    ("answers", "role", "kind"), [(True, "controlling", "answer"), (False, "controlled", "offer")]
)
async def test_bare_sdp_with_our_mid_is_an_answer_and_any_other_an_offer(
    answers: bool, role: str, kind: str, ufrag: str
) -> None:
    side = Side()
    try:
        await side.blob()
        mid = own_mid(side.agent.ufrag) if answers else "0"
        side.agent.paste(SDP.format(mid=mid, ufrag=ufrag))
        await side.until(lambda s: s.role is not None, what="a role")
        assert side.session.role == role
        assert side.session.description is not None
        assert side.session.description.sdp_type == kind
    finally:
        await side.agent.leave("test")
