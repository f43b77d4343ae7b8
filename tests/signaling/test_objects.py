"""ICE in objects instead of strings: ORTC, mediasoup, aiortc, Matrix, Janus, consoles, Jingle."""

from __future__ import annotations

import html
import json

import pytest

from icetui.signaling import UnreadableDescription, read
from tests.signaling.test_pasted import left, text, used
from tests.signaling.test_wrappings import CRLF

LINE = "candidate:1 1 udp 2122260223 192.0.2.10 50000 typ host generation 0 ufrag Chr1"
PWD = "hqnvidqbyp6b3x0vbfukxx6hx9rqrgpa"
MEDIASOUP = f"""{{ id: 'x-y', iceParameters: {{ iceLite: true, password: '{PWD}', usernameFragment:
  'zx2mwk47dg4c3xfs' }}, iceCandidates: [ {{ foundation: 'udpcandidate', ip: '192.0.2.9',
  address: '192.0.2.9', port: 44444, priority: 1076302079, protocol: 'udp', type: 'host' }},
  {{ foundation: 'tcpcandidate', ip: '192.0.2.9', port: 44444, priority: 1076276479,
  protocol: 'tcp', tcpType: 'passive', type: 'host' }} ],
  dtlsParameters: {{ role: 'auto', fingerprints: [ {{ algorithm: 'sha-256', value: 'AA:BB' }} ] }}
}}"""
OPENED = f"""RTCIceCandidate
address: "192.0.2.10"
candidate: "{LINE}"
component: "rtp"
foundation: "1"
port: 50000
priority: 2122260223
protocol: "udp"
relatedAddress: null
relatedPort: null
sdpMLineIndex: 0
sdpMid: "0"
tcpType: null
type: "host"
usernameFragment: "Chr1"
[[Prototype]]: RTCIceCandidate
"""


def transport(ufrag: str, port: int) -> dict[str, object]:
    candidate = {"foundation": "u", "ip": "192.0.2.1", "port": port, "priority": 1, "type": "host"}
    return {
        "iceParameters": {"usernameFragment": ufrag, "password": "p" * 22},
        "iceCandidates": [candidate],
    }


def test_what_mediasoup_prints() -> None:
    d = read(MEDIASOUP)
    assert (d.kind, d.ufrag, d.pwd, d.lite) == ("object", "zx2mwk47dg4c3xfs", PWD, True)
    assert used(d) == [("host", "192.0.2.9", 44444)]
    assert left(d) == [(44444, "ICE-TCP is not supported")]
    assert d.fingerprint == "sha-256 AA:BB"


def test_of_two_transports_the_first_is_used() -> None:
    d = read(json.dumps({"send": transport("aaaa1", 1000), "recv": transport("bbbb1", 1001)}))
    assert (d.ufrag, used(d)) == ("aaaa1", [("host", "192.0.2.1", 1000)])
    assert left(d) == [(1001, "belongs to another media section")]


def test_both_sides_in_one_object_are_refused() -> None:
    both = {"local": transport("aaaa1", 1000), "remote": transport("bbbb1", 1001)}
    with pytest.raises(UnreadableDescription, match="aaaa1 and bbbb1"):
        read(json.dumps(both))


def test_what_aiortc_prints() -> None:
    d = read(
        "RTCIceCandidate(component=1, foundation='ac4b', ip='192.0.2.1', port=40404, "
        "priority=2130706431, protocol='udp', type='host', relatedAddress=None, relatedPort=None, "
        "sdpMid='0', sdpMLineIndex=0, tcpType=None)"
    )
    assert (d.kind, d.mid, used(d)) == ("candidates", "0", [("host", "192.0.2.1", 40404)])
    d = read(f"RTCIceParameters(usernameFragment='Chr1', password='{PWD}', iceLite=False)")
    assert (d.kind, d.ufrag, d.pwd, d.lite) == ("object", "Chr1", PWD, False)


def test_what_aioice_prints() -> None:
    d = read("Candidate(6815297761 1 udp 659136 192.0.2.4 31102 typ host generation 0)")
    assert used(d) == [("host", "192.0.2.4", 31102)]


def test_what_pion_has() -> None:
    d = read(f'{{"usernameFragment":"iGrPWbXb","password":"{PWD}","iceLite":true}}')
    assert (d.ufrag, d.lite) == ("iGrPWbXb", True)


def test_what_sdp_transform_makes_of_sdp() -> None:
    section = {
        "type": "audio", "mid": "7", "iceUfrag": "Chr1", "icePwd": PWD,
        "candidates": [{
            "foundation": "1", "component": 1, "transport": "udp", "priority": 99,
            "ip": "192.0.2.10", "port": 50000, "type": "srflx", "raddr": "10.0.0.1", "rport": 9,
        }],
    }  # fmt: skip
    d = read(json.dumps({"version": 0, "media": [section]}))
    assert (d.ufrag, d.mid, used(d)) == ("Chr1", "7", [("srflx", "192.0.2.10", 50000)])
    assert (d.candidates[0].related_address, d.candidates[0].related_port) == ("10.0.0.1", 9)


def test_matrix_events() -> None:
    offer = {"call_id": "1", "offer": {"type": "offer", "sdp": CRLF}, "version": 1}
    assert read(json.dumps({"type": "m.call.invite", "content": offer})).ufrag == "Chr1"
    candidates = [
        {"candidate": LINE, "sdpMid": "0", "sdpMLineIndex": 0},
        {"candidate": "", "sdpMid": "0", "sdpMLineIndex": 0},
    ]
    d = read(json.dumps({"type": "m.call.candidates", "content": {"candidates": candidates}}))
    assert (len(used(d)), d.complete, d.mid) == (1, True, "0")


@pytest.mark.parametrize(
    "completed",
    ['{"completed": true}', '{"janus":"trickle","transaction":"x","candidate":{"completed":true}}'],
)
def test_janus_word_for_the_end(completed: str) -> None:
    assert read(completed).complete


def test_the_end_of_another_section_s_candidates_is_not_the_end() -> None:
    d = read(f'[{json.dumps({"type": "offer", "sdp": CRLF})}, {{"candidate": "", "sdpMid": "1"}}]')
    assert not d.complete


def test_a_preview_in_a_console_holds_all_of_a_candidate() -> None:
    d = read(f"RTCIceCandidate {{candidate: '{LINE}', sdpMid: '0', sdpMLineIndex: 0, …}}")
    assert (used(d), d.ufrag, d.warnings) == ([("host", "192.0.2.10", 50000)], "Chr1", ())


def test_a_preview_in_a_console_leaves_out_the_candidates_of_a_transport() -> None:
    d = read(f"{{iceParameters: {{usernameFragment: 'Chr1', password: '{PWD}'}}, …}}")
    assert "put `…` in place of a part" in d.warnings[0]


def test_opened_objects() -> None:
    second = OPENED.replace("50000", "50002").replace('sdpMid: "0"', 'sdpMid: "1"')
    d = read(OPENED + second.replace("sdpMLineIndex: 0", "sdpMLineIndex: 1"))
    assert used(d) == [("host", "192.0.2.10", 50000)]
    assert left(d) == [(50002, "belongs to another media section")]


JINGLE = """<iq type='set'><jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' sid='a'>
<group xmlns="urn:xmpp:jingle:apps:grouping:0" semantics="BUNDLE"><content name="voice"/>
<content name="cam"/></group><content creator='initiator' name='voice'>
<description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'/>
<transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' pwd='asd88fgpdd777uzjYhagZg' ufrag='8hhy'>
<fingerprint xmlns='urn:xmpp:jingle:apps:dtls:0' hash='sha-256' setup='actpass'>02:1A</fingerprint>
<candidate component='1' foundation='1' ip='2001:db8::1' port='8998' priority='2130706431'
 protocol='udp' type='host'/></transport></content><content creator='initiator' name='cam'>
<transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' pwd='zzz88fgpdd777uzjYhagZg' ufrag='9zzz'>
<candidate component='1' foundation='1' ip='192.0.2.1' port='9998' priority='2130706431'
 protocol='udp' type='host'/></transport></content></jingle></iq>"""


def test_a_whole_jingle_session() -> None:
    d = read(JINGLE)
    assert (d.kind, d.sdp_type, d.mid, d.ufrag) == ("jingle", "offer", "voice", "8hhy")
    assert (used(d), d.fingerprint) == ([("host", "2001:db8::1", 8998)], "sha-256 02:1A")
    assert left(d) == [(9998, "belongs to another media section")]
    assert read(html.escape(JINGLE)) == d


def test_statistics_and_dumps_are_called_what_they_are() -> None:
    dump = {"PeerConnections": {"1-2": {"updateLog": [{"value": f"type: offer, sdp: {CRLF}"}]}}}
    with pytest.raises(UnreadableDescription, match="webrtc-internals: both sides"):
        read(json.dumps(dump))
    with pytest.raises(UnreadableDescription, match="getStats"):
        read("RTCStatsReport {" + text("getstats-json")[1:])
