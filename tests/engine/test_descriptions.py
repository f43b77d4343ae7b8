"""Which description of theirs counts: the newest before a path stands, and what may come early."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from icetui import events, signaling
from icetui.diagnosis import diagnose
from icetui.events import Candidate
from icetui.signaling import Description
from tests.engine.side import Side, connect

NOBODY = Candidate(id="", type="host", address="127.0.0.1", port=9, priority=2130706431)
PRINT = "sha-256 " + ":".join(["AB"] * 32)


def stranger(ufrag: str = "Strg", **changes: object) -> Description:
    return msgspec.structs.replace(
        Description(ufrag=ufrag, pwd="s" * 22, candidates=(NOBODY,), complete=True), **changes
    )


async def test_one_wrong_paste_is_mended_by_the_right_one(pair: tuple[Side, Side]) -> None:
    one, other = pair
    await one.blob()
    one.agent.paste(signaling.write_blob(stranger()))
    own = one.agent.ufrag
    one.agent.paste(await other.blob())
    assert one.session.replaced is not None
    assert (one.session.replaced.former, one.session.replaced.cause) == ("Strg", "newer")
    assert [f.rule for f in diagnose(one.session) if f.rule == "description-replaced"]
    other.agent.paste(await one.blob())
    for side in pair:
        await side.until(lambda s: s.state == "completed", within=3)
    assert (one.agent.ufrag, one.session.generation) == (own, 0)
    assert one.session.replaced is None
    told = [e.pair.detail for e in one.of(events.PairChanged) if e.pair.detail]
    assert any("another description of theirs replaced it" in detail for detail in told)
    assert all(p.remote in one.session.remote_candidates for p in one.session.pairs.values())


async def test_candidates_shown_are_those_of_the_description_that_counts(
    side: Callable[..., Side],
) -> None:
    one = side()
    await one.blob()
    one.agent.paste(signaling.write_blob(stranger("aaaa")))
    second = msgspec.structs.replace(NOBODY, port=7)
    one.agent.paste(signaling.write_blob(stranger("bbbb", candidates=(second,))))
    assert [c.port for c in one.session.remote_candidates.values()] == [7]


async def test_the_former_is_taken_again(pair: tuple[Side, Side]) -> None:
    one, other = pair
    one.agent.paste(await other.blob())
    one.agent.paste(signaling.write_blob(stranger()))
    one.agent.take_former()
    assert one.session.replaced is not None
    assert one.session.replaced.cause == "user"
    other.agent.paste(await one.blob())
    for side in pair:
        await side.until(lambda s: s.state == "completed", within=3)


async def test_without_a_former_one_it_is_said_so(side: Callable[..., Side]) -> None:
    one = side()
    one.agent.take_former()
    [refused] = one.of(events.CommandRefused)
    assert "no former description" in refused.problem


async def test_a_knock_of_the_former_one_s_owner_takes_it_again(pair: tuple[Side, Side]) -> None:
    """Only its owner was given our blob, and checks us with our password."""
    one, other = pair
    ours = await one.blob()
    one.agent.paste(await other.blob())
    one.agent.paste(signaling.write_blob(stranger()))
    other.agent.paste(ours)
    for side in pair:
        await side.until(lambda s: s.state == "completed", within=3)
    [_, back] = one.of(events.DescriptionReplaced)
    assert (back.cause, back.current) == ("knock", other.agent.ufrag)


async def test_once_a_path_stands_a_wrong_paste_changes_nothing(pair: tuple[Side, Side]) -> None:
    one, other = pair
    await connect(one, other)
    one.agent.paste(signaling.write_blob(stranger()))
    assert one.session.refusal is not None
    assert "than the one you are connected to" in one.session.refusal.problem
    one.agent.take_former()
    assert "a path stands already" in one.of(events.CommandRefused)[-1].problem
    assert one.session.connected


async def test_candidates_before_their_offer_are_kept_for_it(pair: tuple[Side, Side]) -> None:
    one, other = pair
    whole = signaling.read(await other.blob())
    early = [signaling.write_candidate(c) + f" ufrag {whole.ufrag}" for c in whole.candidates]
    one.agent.paste("\n".join(early))
    assert one.session.description is None
    assert one.session.kept_candidates == len(whole.candidates)
    bare = msgspec.structs.replace(whole, candidates=())
    one.agent.paste(signaling.write_json(bare, "offer"))
    assert one.session.kept_candidates == 0
    assert {(c.address, c.port) for c in one.session.remote_candidates.values()} == {
        (c.address, c.port) for c in whole.candidates
    }
    other.agent.paste(await one.blob())
    for side in pair:
        await side.until(lambda s: s.connected, within=3)


async def test_candidates_of_another_session_are_not_for_this_one(
    side: Callable[..., Side],
) -> None:
    one = side()
    one.agent.paste(f"{signaling.write_candidate(NOBODY)} ufrag Othr")
    one.agent.paste(signaling.write_blob(stranger(candidates=())))
    assert one.session.remote_candidates == {}


async def test_candidates_trickled_for_another_media_section_are_marked(
    side: Callable[..., Side],
) -> None:
    one = side()
    one.agent.paste(signaling.write_json(stranger(), "offer", "a"))
    line = signaling.write_candidate(msgspec.structs.replace(NOBODY, port=11))
    one.agent.paste(f'{{"candidate": "{line}", "sdpMid": "v", "sdpMLineIndex": 1}}')
    assert [c.unsupported for c in one.session.remote_candidates.values()] == [
        None,
        "belongs to another media section",
    ]


async def test_a_browser_that_restarts_ice_is_known_by_its_fingerprint(
    pair: tuple[Side, Side],
) -> None:
    """New user fragment, password and addresses; the same certificate and media section."""
    one, other = pair
    first = signaling.read(await other.blob())
    sdp = signaling.write_sdp(first, "offer", "0")
    printed = next(line for line in sdp.splitlines() if line.startswith("a=fingerprint:"))
    offer = sdp.replace(printed, f"a=fingerprint:{PRINT}")
    one.agent.paste(offer.replace("setup:active", "setup:actpass"))
    other.agent.paste(await one.blob())
    await one.until(lambda s: s.connected, within=3)
    again = offer.replace(first.ufrag, "Agin").replace(first.pwd, "t" * 22)
    moved = "".join(
        line if "candidate:" not in line else "" for line in again.splitlines(keepends=True)
    )
    one.agent.paste(moved.replace("setup:active", "setup:actpass"))
    assert one.session.restart is not None
    assert one.session.restart.cause == "their restart"
    assert one.session.connected


async def test_characters_that_ice_does_not_allow_are_used_as_they_are(
    side: Callable[..., Side],
) -> None:
    one = side()
    one.agent.paste(signaling.write_sdp(stranger("a=_-#"), "offer"))
    assert one.session.description is not None
    assert one.session.description.ufrag == "a=_-#"
    assert any("`=`" in warning for warning in one.session.description.warnings)
    assert signaling.read(await one.blob()).answers == "a=_-#"
