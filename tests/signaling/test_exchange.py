"""Roles, and whether two descriptions belong together."""

import secrets

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icetui.signaling import (
    UnreadableDescription,
    check,
    controlling,
    explain,
    random_credentials,
    read,
    write_blob,
)
from tests.signaling import samples
from tests.signaling.makers import BLOB, MADE, PWD, description

OWN = description(ufrag="9QmZ", pwd="o" * 22)


@given(st.text(), st.text())
@settings(deadline=None)
def test_exactly_one_of_two_different_ufrags_controls(a, b):
    assert controlling(a, b) + controlling(b, a) == (a != b)


def test_credentials_are_new_each_time():
    assert len({random_credentials(secrets.token_bytes) for _ in range(100)}) == 100


def test_a_fresh_description_of_the_other_side_needs_no_words():
    assert check(read(BLOB), OWN, MADE + 60) == ()


def test_our_own_blob_is_named():
    with pytest.raises(UnreadableDescription, match="your own blob: paste the one that the other"):
        check(read(write_blob(OWN)), OWN, MADE)


def test_our_own_candidate_is_named():
    own = description(ufrag="9QmZ")
    with pytest.raises(UnreadableDescription, match="your own candidate"):
        check(read(samples.TRICKLE_JSON), own, MADE)


def test_an_answer_to_another_offer_is_named():
    with pytest.raises(UnreadableDescription, match=r"answer to another offer \(to xxxx, yours is"):
        check(read(write_blob(description(answers="xxxx"))), OWN, MADE)
    assert check(read(write_blob(description(answers="9QmZ"))), OWN, MADE) == ()


@pytest.mark.parametrize(
    ("age", "said"),
    [(29 * 60, None), (30 * 60, "30 min"), (3 * 3600, "3 h"), (50 * 3600, "2 days")],
)
def test_an_old_description_is_warned_about(age, said):
    warnings = check(read(BLOB), OWN, MADE + age)
    assert len(warnings) == (said is not None)
    if said:
        assert warnings[0].startswith(f"This was made {said} ago")
        assert "NAT binding has probably lapsed" in warnings[0]


def test_a_description_from_the_future_tells_of_a_wrong_clock():
    assert "clocks" in check(read(BLOB), OWN, MADE - 3600)[0]


def test_an_sdp_answer_to_another_offer_is_known_by_its_mid():
    own = description(ufrag="zzzz", mid="zzzz")
    with pytest.raises(UnreadableDescription, match=r"another offer .its mid is data, yours is zz"):
        check(read(samples.FIREFOX_ANSWER), own, MADE)
    assert check(read(samples.FIREFOX_ANSWER), description(ufrag="zzzz", mid="data"), MADE) == ()
    assert check(read(samples.CHROMIUM_OFFER), own, MADE) == ()


def test_an_explanation_says_everything_but_the_password():
    full = description(
        answers="9QmZ", mapping="endpoint-independent", filtering="address-and-port-dependent"
    )
    shown = explain(read(write_blob(full)), MADE + 3 * 3600)
    fields = dict(shown.fields)
    assert fields["kind"] == "icetui blob"
    assert fields["password"] == "22 characters, 128 bits"
    assert fields["made"] == "2027-01-15 08:00 UTC, 3 h ago"
    assert fields["NAT"] == "endpoint-independent mapping, address-and-port-dependent filtering"
    assert fields["candidates"] == "4, 4 used"
    assert [row.verdict for row in shown.candidates] == ["used"] * 4
    assert shown.candidates[2].related == "192.168.1.20:51234"
    assert PWD not in repr(shown)


def test_an_explanation_says_why_a_candidate_is_not_used():
    verdicts = [row.verdict for row in explain(read(samples.CHROMIUM_OFFER)).candidates]
    assert verdicts == [
        "used once its name is resolved",
        "used",
        "not used: ICE-TCP is not supported",
    ]
