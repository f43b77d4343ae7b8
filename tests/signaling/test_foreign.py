"""What browsers and other ICE implementations print, read without being told the kind."""

import base64
import json

import pytest

from icetui.signaling import UnreadableDescription, read
from tests.signaling import samples


def complaint(text):
    with pytest.raises(UnreadableDescription) as caught:
        read(text)
    return str(caught.value)


def used(d):
    return [(c.type, c.address, c.port) for c in d.candidates if c.unsupported is None]


def crlf(sdp):
    return sdp.replace("\n", "\r\n")


CHROMIUM = [
    ("host", "4f7cdf3e-6a6a-4d2b-9b9f-7c8a5be1f7a1.local", 51234),
    ("srflx", "203.0.113.7", 51234),
]


def test_chromium_s_offer():
    d = read(crlf(samples.CHROMIUM_OFFER))
    assert (d.kind, d.ufrag, d.pwd) == ("sdp", "9QmZ", "CIo+6TPkVmdYDSqrd3wF8T8/")
    assert (d.sdp_type, d.mid, d.setup, d.ice_options) == ("offer", "0", "actpass", ("trickle",))
    assert d.fingerprint.startswith("sha-256 6B:8B")
    assert not d.complete
    assert used(d) == CHROMIUM
    assert d.candidates[2].unsupported == "ICE-TCP is not supported"
    assert d.candidates[2].tcptype == "active"
    assert (d.candidates[1].related_address, d.candidates[1].related_port) == ("0.0.0.0", 0)


def test_firefox_s_answer_with_session_level_fingerprint():
    d = read(samples.FIREFOX_ANSWER)
    assert (d.ufrag, d.sdp_type, d.mid, d.setup) == ("1f2e3d4c", "answer", "data", "passive")
    assert d.complete
    assert d.fingerprint.startswith("sha-256 11:22")
    assert [t for t, *_ in used(d)] == ["host", "srflx", "relay"]


def test_safari_s_audio_and_video_offer_uses_its_first_section():
    d = read(samples.SAFARI_AUDIO_VIDEO)
    assert used(d) == [("host", "192.168.1.30", 50000)]
    assert d.mid == "0"
    assert [c.unsupported for c in d.candidates[1:]] == [
        "component 2 (RTCP): only component 1 is checked",
        "belongs to another media section",
    ]


def test_aiortc_s_offer():
    d = read(samples.AIORTC_OFFER)
    assert (d.ufrag, d.complete) == ("wEpc", True)
    assert used(d) == [("host", "172.17.0.1", 40404), ("host", "2001:db8::20", 40405)]


def test_pion_s_offer_says_its_candidates_once():
    d = read(samples.PION_OFFER)
    assert used(d) == [("host", "172.17.0.2", 40217), ("srflx", "203.0.113.90", 60222)]
    assert (d.ufrag, d.setup) == ("iGrPWbXbKKMqTqzG", "actpass")


def test_libnice_s_form_without_a_session():
    d = read(samples.LIBNICE_SDP)
    assert (d.ufrag, d.pwd, len(used(d))) == ("kZ3+", "xxDnwkHLkWa/NB6dOzuSwi", 2)


def test_credentials_at_session_level_count_unless_the_media_section_has_its_own():
    head = "v=0\na=ice-ufrag:sess\na=ice-pwd:ssssssssssssssssssssss\na=ice-lite\nm=audio 9 RTP 0\n"
    assert (read(head).ufrag, read(head).lite) == ("sess", True)
    own = head + "a=ice-ufrag:medi\na=ice-pwd:mmmmmmmmmmmmmmmmmmmmmm\n"
    assert (read(own).ufrag, read(own).pwd) == ("medi", "m" * 22)


def test_only_the_ice_attributes_are_enough():
    d = read("ice-ufrag:9QmZ\nice-pwd:CIo+6TPkVmdYDSqrd3wF8T8+\n" + samples.CANDIDATE_LINE)
    assert (d.kind, d.pwd, len(used(d))) == ("sdp", "CIo+6TPkVmdYDSqrd3wF8T8+", 1)


OFFER = json.dumps({"type": "offer", "sdp": crlf(samples.CHROMIUM_OFFER)})
ESCAPED = crlf(samples.CHROMIUM_OFFER).replace("\r\n", "\\r\\n")
PLUS_JOINED = " +\n".join(f"  '{line}\\r\\n'" for line in samples.CHROMIUM_OFFER.splitlines())


@pytest.mark.parametrize(
    "text",
    [
        OFFER,
        json.dumps(OFFER),
        json.dumps(json.dumps(OFFER)),
        json.dumps(json.loads(OFFER), indent=2),
        OFFER.replace('"', "\u201c", 1).replace('"', "\u201d"),
        f"offer is: {OFFER}\nplease answer",
        f"'{json.dumps(OFFER)[1:-1]}'",
        f"RTCSessionDescription {{type: 'offer', sdp: '{ESCAPED}'}}",
        f'RTCSessionDescription {{ type: "offer", sdp: "{ESCAPED}" }}',
        f"const offer = {{ type: 'offer', sdp: `{samples.CHROMIUM_OFFER}` }};",
        f"RTCSessionDescription {{\n  type: 'offer',\n  sdp: {PLUS_JOINED}\n}}",
        json.dumps({"from": "bob", "payload": {"sdp": json.loads(OFFER)}}),
        OFFER.replace("/", "\\/"),
    ],
)
def test_json_in_every_wrapping(text):
    d = read(text)
    assert (d.kind, d.ufrag, d.sdp_type) == ("json", "9QmZ", "offer")
    assert d.pwd == "CIo+6TPkVmdYDSqrd3wF8T8/"
    assert used(d) == CHROMIUM


@pytest.mark.parametrize(
    "text",
    [
        base64.b64encode(OFFER.encode()).decode(),
        "> " + "\n> ".join(base64.encodebytes(OFFER.encode()).decode().split()),
        "here: " + base64.urlsafe_b64encode(OFFER.encode()).decode().rstrip("=") + " bye",
    ],
)
def test_base64_of_json_in_every_wrapping(text):
    d = read(text)
    assert (d.kind, d.ufrag, d.sdp_type, d.mid) == ("base64", "9QmZ", "offer", "0")
    assert used(d) == CHROMIUM


@pytest.mark.parametrize(
    "text",
    [
        samples.CHROMIUM_OFFER,
        crlf(samples.CHROMIUM_OFFER),
        samples.CHROMIUM_OFFER.rstrip("\n"),
        ESCAPED,
        f'"{ESCAPED}"',
        "\n".join("> " + line for line in samples.CHROMIUM_OFFER.splitlines()),
        "\n\n".join("  " + line + "  " for line in samples.CHROMIUM_OFFER.splitlines()),
        samples.CHROMIUM_OFFER.replace("\n", " "),
        samples.CHROMIUM_OFFER.replace(" raddr", "\nraddr").replace(" typ", "\n   typ"),
        base64.b64encode(samples.CHROMIUM_OFFER.encode()).decode(),
    ],
)
def test_sdp_in_every_wrapping(text):
    d = read(text)
    assert (d.kind, d.ufrag, d.mid) == ("sdp", "9QmZ", "0")
    assert used(d) == CHROMIUM
    assert d.candidates[1].related_address == "0.0.0.0"


# --- trickle --------------------------------------------------------------------------------------


def test_one_candidate_line():
    for text in (samples.CANDIDATE_LINE, "a=" + samples.CANDIDATE_LINE + "\r\n"):
        d = read(text)
        assert (d.kind, d.ufrag, d.pwd, d.complete) == ("candidates", "", "", False)
        assert used(d) == [("host", "192.168.1.20", 51234)]


def test_many_candidate_lines_and_their_end():
    second = samples.CANDIDATE_LINE.replace("51234", "51235")
    d = read(f"a={samples.CANDIDATE_LINE}\na={second}\na=end-of-candidates")
    assert (d.kind, len(used(d)), d.complete) == ("candidates", 2, True)


@pytest.mark.parametrize(
    "text",
    [
        samples.TRICKLE_JSON,
        json.dumps({"type": "candidate", "candidate": json.loads(samples.TRICKLE_JSON)}),
        "RTCIceCandidate " + samples.TRICKLE_JSON.replace('"', "'"),
        "RTCIceCandidate {candidate: 'candidate:842163049 1 udp 1677729535 203.0.113.7 51234 typ "
        "srflx raddr 192.168.1.20 rport 51234 generation 0', sdpMid: '0', "
        "usernameFragment: '9QmZ'}",
    ],
)
def test_trickle_json(text):
    d = read(text)
    assert (d.kind, d.ufrag, d.pwd, d.mid) == ("candidates", "9QmZ", "", "0")
    assert used(d) == [("srflx", "203.0.113.7", 51234)]
    assert d.candidates[0].related_address == "192.168.1.20"


@pytest.mark.parametrize(
    "text",
    [
        '{"candidate":"","sdpMid":"0","usernameFragment":"9QmZ"}',
        '{"candidate":null}',
        "a=end-of-candidates",
        "end-of-candidates",
    ],
)
def test_the_end_of_candidates(text):
    d = read(text)
    assert (d.kind, d.complete, d.candidates) == ("candidates", True, ())


def test_an_offer_with_trickled_candidates_behind_it_is_one_description():
    d = read(f"{OFFER}\n{samples.TRICKLE_JSON}\n")
    assert (d.kind, d.ufrag, len(d.candidates)) == ("json", "9QmZ", 4)


def test_a_fragment_of_rfc_8840():
    d = read(
        "a=ice-ufrag:9QmZ\na=ice-pwd:CIo+6TPkVmdYDSqrd3wF8T8/\nm=audio 9 RTP/AVP 0\na=mid:7\n"
        f"a={samples.CANDIDATE_LINE}\na=end-of-candidates\n"
    )
    assert (d.mid, d.complete, len(used(d))) == ("7", True, 1)


# --- refused, or warned about ---------------------------------------------------------------------


def test_sdp_without_ice_attributes():
    plain = "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nt=0 0\nm=audio 5004 RTP/AVP 0\n"
    assert complaint(plain).startswith("This SDP has no ICE attributes")
    assert complaint(json.dumps({"type": "offer", "sdp": plain})).startswith("This SDP has no ICE")


def test_two_different_ufrags():
    one = samples.LIBNICE_SDP.replace("a=ice-ufrag", "a=ice-ufrag:Sf02\na=ice-ufrag")
    assert "two different ufrags (Sf02 and kZ3+)" in complaint(one)
    assert "two different ufrags" in complaint(samples.CHROMIUM_OFFER + samples.FIREFOX_ANSWER)


def test_a_password_that_was_cut_off():
    start = samples.CHROMIUM_OFFER.index("a=ice-pwd:")
    assert "ice-pwd is too short (5 characters" in complaint(samples.CHROMIUM_OFFER[: start + 15])
    assert "no ice-pwd" in complaint(samples.CHROMIUM_OFFER[:start])


def test_a_password_with_characters_that_ice_does_not_allow():
    bad = samples.CHROMIUM_OFFER.replace("CIo+", "CI*o")
    assert "characters that ICE does not allow" in complaint(bad)


def test_json_cut_off_in_the_terminal():
    assert "cut off" in complaint(OFFER[: OFFER.index("ice-pwd") - 3])
    cut = base64.b64encode(OFFER.encode()).decode()[:600]
    assert "no ICE attributes" in complaint(cut) or "cut off" in complaint(cut)


def test_text_shortened_by_the_console():
    short = "RTCSessionDescription {type: 'offer', sdp: 'v=0\\r\\no=- 461173140043005 2 IN\u2026'}"
    assert complaint(short).startswith("The console shortened the text")


def test_json_with_nothing_of_ours():
    assert complaint('{"type":"offer"}').startswith("This JSON has neither an SDP nor a candidate")
    assert "neither a blob" in complaint('{"hello": [1, 2, 3]}')


def test_only_tcp_candidates_are_warned_about():
    lines = samples.CHROMIUM_OFFER.splitlines(keepends=True)
    d = read("".join(line for line in lines if " udp " not in line))
    assert used(d) == []
    assert "only TCP candidates" in d.warnings[0]


def test_an_offer_copied_before_gathering_is_warned_about():
    lines = samples.CHROMIUM_OFFER.splitlines(keepends=True)
    bare = "".join(line for line in lines if "candidate:" not in line)
    assert "no candidates in it" in read(bare).warnings[0]


def test_a_missing_line_end_and_curly_quotes_are_named_and_do_no_harm():
    cut = samples.CHROMIUM_OFFER.rstrip("\n")
    for text in (cut, json.dumps({"type": "offer", "sdp": crlf(samples.CHROMIUM_OFFER)[:-2]})):
        d = read(text)
        assert used(d) == CHROMIUM
        assert d.warnings == (
            "Its last line has no line end, which browsers refuse; icetui reads it all the same.",
        )
    curly = OFFER.replace('"', "\u201c", 1).replace('"', "\u201d")
    assert read(curly).warnings == (
        "Its quotes had been made curly; they were read as plain ones.",
    )
    assert read(OFFER).warnings == read(samples.CHROMIUM_OFFER).warnings == ()


def test_of_candidates_at_one_address_all_but_one_are_redundant():
    second = samples.CANDIDATE_LINE.replace("typ host", "typ srflx raddr 10.0.0.1 rport 9")
    d = read(f"a={second.replace('2122260223', '1677729535')}\na={samples.CANDIDATE_LINE}\n")
    assert used(d) == [("host", "192.168.1.20", 51234)]
    why = "redundant: same address and port as the host candidate"
    assert [c.unsupported for c in d.candidates] == [why, None]


def test_a_tcp_candidate_does_not_make_the_udp_one_at_its_port_redundant():
    tcp = samples.CANDIDATE_LINE.replace(" udp ", " tcp ") + " tcptype passive"
    d = read(f"a={tcp}\na={samples.CANDIDATE_LINE}\n")
    assert used(d) == [("host", "192.168.1.20", 51234)]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (" 51234 typ", " 70000 typ", "70000 is no port"),
        (" 51234 typ", " 0 typ", "0 is no port"),
        ("2122260223", "99999999999", "no priority"),
        ("2122260223", "4294967296", "no priority"),
        ("192.168.1.20", "999.1.1.1", "no address"),
        ("192.168.1.20", "[/red]", "no address"),
        ("typ host", "typ magic", "unknown type magic"),
        (" typ host generation 0", "", "cut off"),
    ],
)
def test_junk_candidates_are_ignored_with_a_warning(old, new, why):
    junk = "a=" + samples.CANDIDATE_LINE.replace(old, new)
    d = read(f"{samples.LIBNICE_SDP}{junk}\n")
    assert len(used(d)) == 2
    assert d.warnings[0].startswith("1 candidate was ignored: ")
    assert why in d.warnings[0]
    assert why in complaint(junk)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("0.0.0.0", "hidden"),
        ("224.0.0.251", "not the address of one host"),
        ("255.255.255.255", "not the address of one host"),
        ("::ffff:192.0.2.1", "IPv4-mapped"),
        ("turn.example.org", "not looked up"),
    ],
)
def test_addresses_nobody_can_be_reached_at_are_kept_and_marked(address, why):
    d = read(samples.CANDIDATE_LINE.replace("192.168.1.20", address))
    assert why in d.candidates[0].unsupported


def test_addresses_come_in_one_spelling():
    line = samples.CANDIDATE_LINE.replace("192.168.1.20", "2001:DB8:0:0::0020")
    assert read(line).candidates[0].address == "2001:db8::20"
    assert (
        read(line.replace("2001:DB8:0:0::0020", "fe80::1%eth0")).candidates[0].address == "fe80::1"
    )


def test_a_hundred_candidates_are_enough():
    lines = [samples.CANDIDATE_LINE.replace("51234", str(20000 + i)) for i in range(130)]
    d = read("\n".join(lines))
    assert len(d.candidates) == 100
    assert d.warnings == ("30 candidates beyond the first 100 were ignored.",)
