"""The exchange: what a stranger is told, when, and whose the clipboard is."""

import secrets

import pytest

from icetui import events, signaling
from tests.dashboard.looking import looking
from tests.dashboard.streams import BLOB, L1, Teller, connected, described, gathered, pair


async def test_the_first_screen_says_in_one_sentence_a_side_what_to_do() -> None:
    async with looking(gathered(), (80, 24)) as look:
        text = look.text
        assert "1  Send this to the other side" in text
        assert BLOB[:60] in text
        assert "2  Paste theirs: just paste, anywhere on this screen (or press v)" in text
        assert "nobody has knocked yet" in text
        assert "host 1 ✓   stun.a 18.0 ms ✓   turn.b ✗ 401 Unauthorized" in text


async def test_nothing_is_copied_unless_a_key_asks_for_it() -> None:
    async with looking(gathered(), (80, 24)) as look:
        assert look.clipboard.copied == []
        await look.press("c")
        assert look.clipboard.copied == [BLOB + "Xy"]
        assert "sent to your terminal's clipboard" in look.toasts
        assert "sent to your terminal's clipboard" in look.text
        assert "copied to" not in look.text + look.toasts


async def test_ours_is_copied_right_after_theirs_was_accepted_from_a_paste() -> None:
    tell = Teller()
    async with looking(gathered(tell), (80, 24)) as look:
        await look.paste("icetui:theirs")
        assert look.clipboard.copied == []  # it is not read yet
        await look.tell(described(tell))
        assert look.clipboard.copied == [BLOB + "Xy"]
        assert "Understood their blob: 2 candidates" in look.toasts
        assert "Give it to the other side" in look.toasts


async def test_who_has_handed_ours_out_keeps_the_clipboard() -> None:
    tell = Teller()
    async with looking(gathered(tell), (80, 24)) as look:
        await look.press("c")
        await look.paste("icetui:theirs")
        await look.tell(described(tell))
        assert len(look.clipboard.copied) == 1


async def test_a_description_that_nobody_pasted_here_takes_no_clipboard() -> None:
    tell = Teller()
    async with looking([*gathered(tell), *described(tell), *connected(tell)]) as look:
        assert look.clipboard.copied == []


async def test_a_refused_paste_takes_no_clipboard() -> None:
    tell = Teller()
    async with looking(gathered(tell), (80, 24)) as look:
        await look.paste("hello")
        await look.tell([tell(events.DescriptionRefused, problem="This is no description.")])
        await look.tell(described(tell))
        assert look.clipboard.copied == []


async def test_a_blob_that_grew_says_so_and_an_outdated_one_asks_to_be_sent_again() -> None:
    tell = Teller()
    async with looking(gathered(tell), (80, 24)) as look:
        await look.press("c")
        await look.tell([tell(events.BlobChanged, blob=BLOB + "Zz", candidates=3)])
        assert "1 candidate more since you copied it. What you sent still does" in look.text
        await look.tell([tell(events.BlobChanged, blob=BLOB + "QQ", candidates=3, resend=True)])
        await look.tell([tell(events.BlobChanged, blob=BLOB + "RR", candidates=3)])
        assert "what you sent will no longer do. Press c and send it again" in look.prose
        await look.press("c")
        assert "will no longer do" not in look.text


async def test_a_knock_is_shown_with_what_is_missing() -> None:
    tell = Teller()
    async with looking(gathered(tell), (100, 30)) as look:
        await look.tell([tell(events.Knocked, address="198.51.100.9", port=4022, ufrag="9QmZ")])
        assert "knocking from 198.51.100.9:4022: paste theirs to finish" in look.prose
        assert "a7Kf ⇄ 9QmZ" in look.lines[0]


async def test_a_refused_paste_stays_on_the_card_until_one_is_understood() -> None:
    tell = Teller()
    async with looking(gathered(tell), (80, 24)) as look:
        problem = "3 characters are missing near the end."
        await look.tell([tell(events.DescriptionRefused, problem=problem)])
        assert problem in look.text
        assert "just paste again" in look.text
        await look.tell(described(tell))
        assert problem not in look.text
        assert "They cannot answer before they have ours: send it. c copies it" in look.prose


async def test_a_refused_paste_is_seen_without_the_card_too() -> None:
    tell = Teller()
    async with looking(gathered(tell), (80, 24)) as look:
        await look.press("o")
        assert "Send this to the other side" not in look.text
        await look.tell([tell(events.DescriptionRefused, problem="This is your own blob.")])
        assert "What you pasted was not usable: This is your own blob." in look.text


async def test_warnings_about_what_was_pasted_are_shown() -> None:
    tell = Teller()
    warned = tell(
        events.DescriptionAccepted, ufrag="9QmZ", kind="sdp", new_candidates=1,
        warnings=("made 3 h ago; their NAT binding has probably lapsed",),
    )  # fmt: skip
    async with looking(gathered(tell), (80, 24)) as look:
        await look.paste("v=0")
        await look.tell([warned])
        assert "Understood their SDP" in look.toasts
        assert "made 3 h ago" in look.toasts
        await look.press("t")
        assert "made 3 h ago" in look.text


async def test_the_card_closes_as_soon_as_there_is_something_else_to_see() -> None:
    tell = Teller()
    async with looking(gathered(tell), (80, 24)) as look:
        assert "Send this to the other side" in look.text
        await look.tell(described(tell))
        assert "Send this to the other side" not in look.text
        assert "L1-R2" in [pair.id for pair in look.main.pairs.order]
        await look.press("o")
        assert "Send this to the other side" in look.text
        await look.press("escape")
        assert "Send this to the other side" not in look.text


async def test_a_card_opened_by_hand_stays() -> None:
    tell = Teller()
    async with looking([*gathered(tell), *described(tell)], (80, 24)) as look:
        await look.press("o")
        await look.tell(connected(tell))
        assert "Send this to the other side" in look.text


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (140, 40)])
async def test_the_next_step_never_hides_the_findings_and_says_what_they_say(
    size: tuple[int, int],
) -> None:
    tell = Teller()
    async with looking([*gathered(tell), *described(tell)], size) as look:
        assert "They cannot answer before they have ours" in look.prose
        assert "Pair checks  2" in look.text
        assert "refuses our user name" in look.prose
        failed = tell(events.ConnectionStateChanged, state="failed")
        lost = [tell.after(9)(events.PairChanged, pair=pair(
            name, state="failed", reason=events.Reason.TIMEOUT, detail="7 requests, no answer",
            requests_sent=1, retransmissions_sent=6)) for name in ("L1-R1", "L1-R2")]  # fmt: skip
        await look.press("c")
        await look.tell([*lost, failed])
        worst = look.app.living.findings()[0]
        assert worst.severity == "problem"
        assert (worst.head or worst.claim)[:40] in look.prose.split("Pair checks")[0]
        await look.tell(connected(tell))
        assert "Connected, direct. m writes a message" in look.prose


def real_blob() -> str:
    ufrag, pwd = signaling.random_credentials(secrets.token_bytes)
    return signaling.write_blob(signaling.Description(ufrag=ufrag, pwd=pwd, candidates=(L1,)))


async def test_f_turns_the_blob_into_sdp_and_json_and_back() -> None:
    tell = Teller()
    blob = tell(events.BlobChanged, blob=real_blob(), candidates=1)
    async with looking([blob], (80, 24)) as look:
        await look.press("f")
        assert look.clipboard.copied[-1].startswith("v=0")
        assert "more lines, u shows them all" in look.text
        await look.press("f")
        assert look.clipboard.copied[-1].startswith('{"type":"offer"')
        assert "ICE will connect; the media or data above it will not" in look.prose
        await look.press("f")
        assert look.clipboard.copied[-1].startswith("eyJ0eXBlIjoib2ZmZXIi")
        await look.press("f")
        assert look.clipboard.copied[-1] == blob.blob


async def test_an_sdp_offer_is_answered_as_an_sdp_answer_with_its_mid() -> None:
    tell = Teller()
    blob = tell(events.BlobChanged, blob=real_blob(), candidates=1)
    offer = {"ufrag": "x", "kind": "sdp", "sdp_type": "offer", "mid": "data7"}
    async with looking([blob], (80, 24)) as look:
        await look.tell([tell(events.DescriptionAccepted, **offer)])
        assert "They sent an offer and ours is the answer to it: send it. c copies it" in look.prose
        await look.press("o")
        assert "Send them this answer" in look.text
        await look.press("c")
        assert "a=mid:data7" in look.clipboard.copied[-1]
        assert "They sent an offer" not in look.text


async def test_base64_of_json_is_answered_as_base64_of_json() -> None:
    tell = Teller()
    blob = tell(events.BlobChanged, blob=real_blob(), candidates=1)
    offer = {"ufrag": "x", "kind": "base64", "sdp_type": "offer", "mid": "0"}
    async with looking([blob], (80, 24)) as look:
        await look.tell([tell(events.DescriptionAccepted, **offer)])
        await look.press("c")
        answer = signaling.read(look.clipboard.copied[-1])
        assert (answer.kind, answer.sdp_type, answer.mid) == ("base64", "answer", "0")


async def test_an_offer_where_an_answer_is_awaited_is_named_and_answered() -> None:
    tell = Teller()
    blob = tell(events.BlobChanged, blob=real_blob(), candidates=1)
    offer = {"ufrag": "x", "kind": "json", "sdp_type": "offer", "mid": "0"}
    async with looking([blob], (80, 24)) as look:
        await look.press("f", "f")
        assert '"type":"offer"' in look.clipboard.copied[-1]
        await look.tell([tell(events.DescriptionAccepted, **offer)])
        assert "This is an offer where an answer was awaited" in look.prose
        await look.press("c")
        assert '"type":"answer"' in look.clipboard.copied[-1]
        assert "was awaited" not in look.prose


async def test_u_shows_the_whole_text_from_the_left_edge() -> None:
    async with looking(gathered(), (80, 24)) as look:
        await look.press("u")
        assert look.lines[0] == (BLOB + "Xy")[:80]
        assert look.lines[1] == (BLOB + "Xy")[80:]


async def test_ctrl_z_takes_the_former_description_back_where_one_replaced_it() -> None:
    tell = Teller()
    async with looking([*gathered(tell), *described(tell)]) as look:
        await look.tell([tell(events.DescriptionReplaced, former="aaaa", current="bbbb")])
        await look.press("ctrl+z")
        assert [type(command) for command in look.source.sent] == [events.TakeFormer]
