"""Which kind our description is written as, offer or answer, and with which `mid`."""

from __future__ import annotations

import base64
import json

import pytest

from icetui import events, signaling
from icetui.streams.own_form import FORMS, OwnForm, own_form, own_mid
from tests.signaling.makers import BLOB, UFRAG


def theirs(kind: str, sdp_type: str | None = None, mid: str | None = None) -> events.Event:
    return events.DescriptionAccepted(
        wall=1, t=1, session="s", ufrag="9QmZ", kind=kind, sdp_type=sdp_type, mid=mid
    )


def started(ufrag: str = "a+/Z") -> events.Event:
    return events.SessionStarted(wall=0, t=0, session="s", ufrag=ufrag)


@pytest.mark.parametrize("kind", FORMS)
def test_we_answer_in_the_kind_that_was_sent(kind: str) -> None:
    own = own_form(None)
    own.see(theirs(kind, "offer" if kind != "blob" else None, "data"))
    read = signaling.read(own.written_line(BLOB))
    assert (read.kind, read.ufrag) == (kind, UFRAG)
    if kind != "blob":
        assert (read.sdp_type or "answer", read.mid) == ("answer", "data")


@pytest.mark.parametrize("form", FORMS)
def test_a_form_that_was_chosen_stays(form: str) -> None:
    own = own_form(form)
    own.see(theirs("json", "offer", "data"))
    assert signaling.read(own.written(BLOB)).kind == form


def test_base64_is_json_on_one_line() -> None:
    text = OwnForm("base64").written_line(BLOB)
    assert text.count("\n") == 1
    assert json.loads(base64.b64decode(text, validate=False))["type"] == "offer"


def test_our_offer_has_a_mid_of_its_own_by_which_its_answer_is_known() -> None:
    own = own_form("json")
    own.see(started())
    assert signaling.read(own.written(BLOB)).mid == own_mid("a+/Z") == "a-.Z"
    own.hand_out()
    own.see(theirs("json", "answer", "a-.Z"))
    assert (own.sdp_type, own.surprise) == ("offer", None)


def test_candidates_that_follow_change_nothing() -> None:
    own = own_form(None)
    own.see(theirs("json", "offer", "data"))
    own.see(theirs("candidates"))
    assert (own.form, own.sdp_type, own.mid) == ("json", "answer", "data")


@pytest.mark.parametrize(("handed", "becomes"), [(True, "offer"), (False, "answer")])
def test_bare_sdp_is_the_answer_that_whoever_has_offered_awaits(handed: bool, becomes: str) -> None:
    own = own_form("sdp")
    if handed:
        own.hand_out()
    own.see(theirs("sdp", None, "data"))
    assert (own.sdp_type, own.surprise) == (becomes, None)


def test_an_offer_where_an_answer_is_awaited_is_answered_with_a_word() -> None:
    own = own_form("json")
    own.hand_out()
    own.see(theirs("json", "offer", "data"))
    assert own.surprise is not None
    assert own.surprise.startswith("This is an offer where an answer was awaited")
    assert (own.sdp_type, own.mid) == ("answer", "data")
    own.hand_out()
    assert own.surprise is None


def test_after_a_restart_ours_is_an_offer_again_with_the_mid_of_before() -> None:
    own = own_form(None)
    own.see(started())
    own.see(theirs("json", "offer", "data"))
    own.see(events.SessionRestarted(wall=2, t=2, session="s", generation=1, ufrag="zzzz"))
    assert (own.form, own.sdp_type, own.mid) == ("json", "offer", "data")


def test_a_blob_that_cannot_be_read_comes_back_as_it_is() -> None:
    assert OwnForm("sdp").written("icetui:newer") == "icetui:newer"
