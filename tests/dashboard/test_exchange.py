"""The Connect card: what a stranger is told, when, and that nothing is claimed which is not so."""

import secrets

from icetui import events, signaling
from tests.dashboard.looking import looking
from tests.dashboard.streams import BLOB, L1, Teller, connected, described, gathered


async def test_the_first_screen_says_in_one_sentence_a_side_what_to_do() -> None:
    async with looking(gathered(), (80, 24)) as look:
        text = look.text
        assert "1  Send this to the other side" in text
        assert BLOB[:60] in text
        assert "2  Paste theirs: just paste, anywhere on this screen (or press v)" in text
        assert "nobody has knocked yet" in text
        assert "host 1 ✓   stun.a 18.0 ms ✓   turn.b ✗ 401 Unauthorized" in text


async def test_the_blob_is_copied_once_by_itself_and_again_on_c() -> None:
    async with looking(gathered(), (80, 24)) as look:
        look.app._copy_first()
        look.app._copy_first()
        await look.settle()
        assert look.clipboard.copied == [BLOB + "Xy"]
        assert "sent to your terminal's clipboard" in look.text
        assert "copied to" not in look.text
        await look.press("c")
        assert len(look.clipboard.copied) == 2


async def test_a_demo_that_is_connected_by_itself_leaves_the_clipboard_alone() -> None:
    tell = Teller()
    async with looking([*gathered(tell), *described(tell), *connected(tell)]) as look:
        look.app._copy_first()
        await look.settle()
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
        assert "Understood their blob: 2 candidates" in look.text
        assert "nothing can answer before they have pasted yours" in look.text


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
    async with looking([*gathered(tell), warned], (80, 24)) as look:
        assert "Understood their SDP" in look.text
        assert "made 3 h ago" in look.text


async def test_the_card_closes_by_itself_once_connected() -> None:
    tell = Teller()
    async with looking([*gathered(tell), *described(tell)], (80, 24)) as look:
        assert "Connect" in look.text
        await look.tell(connected(tell))
        assert "Send this to the other side" not in look.text
        await look.press("o")
        assert "Send this to the other side" in look.text
        await look.press("escape")
        assert "Send this to the other side" not in look.text


async def test_a_card_opened_by_hand_stays() -> None:
    tell = Teller()
    async with looking([*gathered(tell), *described(tell)], (80, 24)) as look:
        await look.press("o", "o")
        await look.tell(connected(tell))
        assert "Send this to the other side" in look.text


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
        assert "Send them this answer" in look.text
        assert "They sent an offer and this is the answer to it: press c and send it" in look.prose
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
