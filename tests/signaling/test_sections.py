"""Several media sections: which one's transport counts, and candidates that are of another."""

from __future__ import annotations

import json

import pytest

from icetui.signaling import UnreadableDescription, for_section, read
from tests.signaling.test_pasted import left, used

PWD = "p" * 22


def section(mid: str, ufrag: str, port: int, kind: str = "audio", line_port: int = 9) -> str:
    return (
        f"m={kind} {line_port} UDP/TLS/RTP/SAVPF 111\na=mid:{mid}\na=ice-ufrag:{ufrag}\n"
        f"a=ice-pwd:{PWD}\na=candidate:1 1 udp 99 192.0.2.1 {port} typ host\n"
    )


def sdp(*sections: str, group: str = "") -> str:
    head = "v=0\no=- 1 2 IN IP4 127.0.0.1\ns=-\nt=0 0\n"
    return head + (f"a=group:BUNDLE {group}\n" if group else "") + "".join(sections)


TWO = sdp(section("a", "aaaa", 1), section("v", "vvvv", 2, "video"), group="v a")


def test_the_first_mid_of_the_group_counts_wherever_it_stands() -> None:
    d = read(TWO)
    assert (d.ufrag, d.mid, d.mline, d.bundle) == ("vvvv", "v", 1, ("v", "a"))
    assert (used(d), left(d)) == (
        [("host", "192.0.2.1", 2)],
        [(1, "belongs to another media section")],
    )


def test_without_a_group_the_first_section_counts() -> None:
    d = read(sdp(section("a", "aaaa", 1), section("v", "vvvv", 2)))
    assert (d.ufrag, d.bundle) == ("aaaa", None)


def test_a_rejected_section_does_not_count() -> None:
    dead = section("a", "aaaa", 1, line_port=0)
    assert read(sdp(dead, section("v", "vvvv", 2), group="a v")).ufrag == "vvvv"
    bundled = dead + "a=bundle-only\n"
    assert read(sdp(bundled, section("v", "vvvv", 2), group="a v")).ufrag == "aaaa"


def test_candidates_trickled_later_are_of_the_section_they_name() -> None:
    line = "candidate:2 1 udp 98 192.0.2.1 {} typ host"
    trickled = [
        {"candidate": line.format(11), "sdpMid": "a", "sdpMLineIndex": 0},
        {"candidate": line.format(12), "sdpMid": "v", "sdpMLineIndex": 1},
        {"candidate": line.format(13), "sdpMLineIndex": 1},
        {"candidate": line.format(14) + " ufrag aaaa"},
    ]
    together = read(TWO + json.dumps(trickled))
    assert [port for _, _, port in used(together)] == [2, 12, 13]
    alone = for_section(read(json.dumps(trickled[:3])), "v", 1)
    assert [port for _, _, port in used(alone)] == [12, 13]
    assert left(alone) == [(11, "belongs to another media section")]


def test_the_end_of_another_section_means_nothing() -> None:
    end = read('{"candidate": "", "sdpMid": "a", "usernameFragment": "aaaa"}')
    assert not for_section(end, "v", 1).complete
    assert for_section(end, "a", 0).complete


def test_two_descriptions_in_one_text_are_refused() -> None:
    other = TWO.replace("vvvv", "wwww").replace("aaaa", "bbbb")
    for text in (TWO + other, json.dumps({"offer": {"sdp": TWO}, "answer": {"sdp": other}})):
        with pytest.raises(UnreadableDescription, match=r"two different ufrags \(vvvv and wwww\)"):
            read(text)
    assert read(TWO + TWO) == read(TWO)


def test_an_offer_says_what_its_answer_must_repeat() -> None:
    audio = (
        "m=audio 9 UDP/TLS/RTP/SAVPF 63 111 126\na=mid:0\na=rtpmap:63 red/48000/2\n"
        "a=rtpmap:111 opus/48000/2\na=fmtp:111 minptime=10\na=rtpmap:126 telephone-event/8000\n"
    )
    video = "m=video 0 UDP/TLS/RTP/SAVPF 97\na=mid:1\na=rtpmap:97 rtx/90000\n"
    data = "m=application 9 DTLS/SCTP 5000\na=mid:2\na=sctpmap:5000 webrtc-datachannel 1024\n"
    bare = "m=audio 9 RTP/AVP 13 8\n"
    ice = f"a=ice-ufrag:abcd\na=ice-pwd:{PWD}\n"
    told = read(sdp(ice, audio, video, data, bare, group="0 2")).media
    assert [(s.kind, s.formats, s.mid, s.rejected) for s in told] == [
        ("audio", ("111",), "0", False),
        ("video", ("97",), "1", True),
        ("application", ("5000",), "2", False),
        ("audio", ("8",), None, False),
    ]
    assert told[0].attributes == ("rtpmap:111 opus/48000/2", "fmtp:111 minptime=10")
    assert told[2].attributes[0] == "sctpmap:5000 webrtc-datachannel 1024"
