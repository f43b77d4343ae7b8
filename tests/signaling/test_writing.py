"""The SDP and JSON that browsers take, and that it says the same as the blob."""

import json
import re

import msgspec
import pytest
from hypothesis import given, settings

from icetui.signaling import read, write_json, write_sdp
from tests.signaling.makers import FOUR, description, descriptions, without_foundations


def test_the_sdp_is_line_by_line_what_every_browser_takes():
    lines = write_sdp(description(complete=True), "answer", "data").split("\r\n")
    shapes = [
        r"v=0",
        r"o=- \d{1,19} 2 IN IP4 127\.0\.0\.1",
        r"s=-",
        r"t=0 0",
        r"a=group:BUNDLE data",
        r"m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        r"c=IN IP4 0\.0\.0\.0",
        *[r"a=candidate:\w{1,32} 1 udp \d+ [\d.]+ \d+ typ \w+( raddr [\d.]+ rport \d+)?"] * 4,
        r"a=end-of-candidates",
        r"a=ice-ufrag:a7Kf",
        r"a=ice-pwd:[\w+/]{22}",
        r"a=ice-options:trickle ice2 renomination",
        r"a=fingerprint:sha-256 [0-9A-F]{2}(:[0-9A-F]{2}){31}",
        r"a=setup:active",
        r"a=mid:data",
        r"a=sctp-port:5000",
        r"a=max-message-size:262144",
        r"",
    ]
    assert len(lines) == len(shapes)
    for line, shape in zip(lines, shapes, strict=True):
        assert re.fullmatch(shape, line), line


def test_an_unfinished_description_does_not_say_end_of_candidates():
    assert "end-of-candidates" not in write_sdp(description(complete=False))


def test_the_fingerprint_stays_the_same_for_one_session_and_differs_for_another():
    def fingerprint(d):
        return re.search(r"fingerprint:(.*)", write_sdp(d)).group(1)

    assert fingerprint(description()) == fingerprint(description(candidates=()))
    assert fingerprint(description()) != fingerprint(description(ufrag="9QmZ"))


def test_a_reflexive_candidate_without_base_hides_it_as_the_rfc_allows():
    c = msgspec.structs.replace(FOUR[2], related_address=None, related_port=None)
    assert "typ srflx raddr 0.0.0.0 rport 9\r\n" in write_sdp(description(candidates=(c,)))


def test_json_is_one_line_with_type_and_sdp():
    text = write_json(description(), "answer", "1")
    assert "\n" not in text
    assert json.loads(text) == {"type": "answer", "sdp": write_sdp(description(), "answer", "1")}


@given(descriptions())
@settings(deadline=None)
def test_sdp_and_json_say_what_the_blob_says(d):
    for text in (write_sdp(d), write_json(d)):
        got = read(text)
        assert (got.ufrag, got.pwd, got.lite, got.complete) == (d.ufrag, d.pwd, d.lite, d.complete)
        assert [c[:4] for c in without_foundations(got.candidates)] == [
            c[:4] for c in without_foundations(d.candidates)
        ]


@pytest.mark.parametrize("mid", ["", "0\r\na=evil", "a b"])
def test_a_mid_cannot_smuggle_lines_in(mid):
    with pytest.raises(ValueError, match="not a mid"):
        write_sdp(description(), mid=mid)


def test_an_sdp_is_an_offer_or_an_answer():
    with pytest.raises(ValueError, match="offer or an answer"):
        write_sdp(description(), "rollback")
