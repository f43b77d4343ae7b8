"""What an answer of ours repeats of their offer (RFC 3264 section 6, RFC 9429 section 5.3.1).

That browsers and others take it is shown in tests/lab."""

from __future__ import annotations

import json

import pytest

from icetui import events
from icetui.signaling import Description, facts, read, write_sdp
from icetui.streams.own_form import OwnForm, own_form
from tests.signaling import samples
from tests.signaling.makers import BLOB, FOUR, PWD, UFRAG, description

ICE = "a=ice-ufrag:9QmZ\na=ice-pwd:CIo+6TPkVmdYDSqrd3wF8T8/\na=setup:actpass\n"
AUDIO = "m=audio 9 UDP/TLS/RTP/SAVPF 63 111\na=rtpmap:63 red/48000/2\na=rtpmap:111 opus/48000/2\n"
VIDEO = "m=video 9 UDP/TLS/RTP/SAVPF 96 97\na=rtpmap:96 VP8/90000\na=rtpmap:97 rtx/90000\n"
DATA = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\na=sctp-port:5000\n"


def offer(*sections: str, group: str | None) -> str:
    head = "v=0\no=- 1 2 IN IP4 127.0.0.1\ns=-\nt=0 0\n"
    head += f"a=group:BUNDLE {group}\n" if group is not None else ""
    return head + "".join(f"{s}a=mid:{mid}\n{ICE}" for mid, s in enumerate(sections))


def answer(text: str) -> list[list[str]]:
    """Our answer to an offer: the lines at session level, then those of each media section."""
    own = own_form("sdp")
    own.see(accepted(read(text)))
    sections: list[list[str]] = [[]]
    for line in own.written(BLOB).splitlines():
        if line.startswith("m="):
            sections.append([])
        sections[-1].append(line)
    return sections


def accepted(d: Description) -> events.Event:
    return events.DescriptionAccepted(wall=1, t=1, session="s", **facts(d))


def test_there_are_as_many_sections_in_the_same_order() -> None:
    session, audio, video, data = answer(offer(AUDIO, VIDEO, DATA, group="0 1 2"))
    assert session[-1] == "a=group:BUNDLE 0 1 2"
    assert [s[0] for s in (audio, video, data)] == [
        "m=audio 9 UDP/TLS/RTP/SAVPF 111",
        "m=video 9 UDP/TLS/RTP/SAVPF 96",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    ]
    assert {"a=rtcp-mux", "a=inactive", "a=rtpmap:111 opus/48000/2", "a=mid:0"} <= set(audio)
    assert {"a=sctp-port:5000", "a=mid:2"} <= set(data)
    assert "a=inactive" not in data


def test_every_bundled_section_says_all_of_ice_and_dtls() -> None:
    _, *sections = answer(offer(AUDIO, VIDEO, group="0 1"))
    for lines in sections:
        assert {f"a=ice-ufrag:{UFRAG}", f"a=ice-pwd:{PWD}", "a=setup:active"} <= set(lines)
        assert sum(line.startswith("a=candidate:") for line in lines) == len(FOUR)
        assert any(line.startswith("a=fingerprint:sha-256 ") for line in lines)


def test_without_a_group_the_first_section_is_on_and_the_others_are_off() -> None:
    session, audio, video = answer(offer(AUDIO, VIDEO, group=None))
    assert not [line for line in session if "group" in line]
    assert [audio[0].split()[1], video[0].split()[1]] == ["9", "0"]
    assert f"a=ice-ufrag:{UFRAG}" in video


def test_a_section_that_is_off_stays_off_and_out_of_the_group() -> None:
    dead = VIDEO.replace("m=video 9", "m=video 0")
    session, _, video = answer(offer(AUDIO, dead, group="0 1"))
    assert session[-1] == "a=group:BUNDLE 0"
    assert video[0].split()[1] == "0"
    assert not [line for line in video if "ice-ufrag" in line or "candidate" in line]


def test_a_section_that_is_merely_bundled_is_on() -> None:
    bundled = VIDEO.replace("m=video 9", "m=video 0") + "a=bundle-only\n"
    session, _, video = answer(offer(AUDIO, bundled, group="0 1"))
    assert session[-1] == "a=group:BUNDLE 0 1"
    assert video[0].split()[1] == "9"


def test_a_section_outside_the_group_is_off() -> None:
    session, _, video = answer(offer(AUDIO, VIDEO, group="0"))
    assert session[-1] == "a=group:BUNDLE 0"
    assert video[0].split()[1] == "0"


def test_data_of_before_rfc_8841_is_answered_alike() -> None:
    _, data = answer(samples.AIORTC_OFFER)
    assert data[0] == "m=application 9 DTLS/SCTP 5000"
    assert "a=sctpmap:5000 webrtc-datachannel 65535" in data


@pytest.mark.parametrize("form", ["sdp", "json", "base64"])
def test_in_every_form(form: str) -> None:
    own = own_form(form)
    text = offer(AUDIO, VIDEO, group="0 1")
    own.see(accepted(read(json.dumps({"type": "offer", "sdp": text}))))
    told = read(own.written(BLOB))
    assert [(s.kind, s.mid) for s in told.media] == [("audio", "0"), ("video", "1")]
    assert (told.ufrag, told.bundle) == (UFRAG, ("0", "1"))


def test_after_a_restart_our_offer_has_their_sections_too() -> None:
    own = own_form(None)
    own.see(accepted(read(offer(AUDIO, VIDEO, group="0 1"))))
    own.see(events.SessionRestarted(wall=2, t=2, session="s", generation=1, ufrag="zzzz"))
    assert own.sdp_type == "offer"
    assert [s.kind for s in read(own.written(BLOB)).media] == ["audio", "video"]


def test_our_own_offer_is_a_data_channel() -> None:
    sdp = OwnForm("sdp", mid="x").written(BLOB)
    assert [s.kind for s in read(sdp).media] == ["application"]
    assert sdp == write_sdp(read(BLOB), "offer", "x")
    assert read(write_sdp(description())).mid == "0"
