"""Hostile text: nothing but `UnreadableDescription`, in bounded time, and no control characters."""

import contextlib
import json

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from icetui.servers.server_urls import BadServer, read_servers
from icetui.signaling import UnreadableDescription, explain, read, write_blob, write_json, write_sdp
from tests.signaling import samples
from tests.signaling.makers import BLOB, Stopwatch

SEEDS = [
    BLOB,
    samples.CHROMIUM_OFFER,
    samples.FIREFOX_ANSWER,
    samples.SAFARI_AUDIO_VIDEO,
    samples.PION_OFFER,
    samples.TRICKLE_JSON,
    samples.CANDIDATE_LINE,
    samples.TWO_AT_ONE_ADDRESS,
    json.dumps({"type": "offer", "sdp": samples.CHROMIUM_OFFER}),
]
ANY = st.text(st.characters(exclude_categories=()), max_size=300)


def harmless(text):
    """Read `text`; whatever comes of it must be fit to be shown."""
    try:
        d = read(text)
    except UnreadableDescription as error:
        assert str(error).isprintable()
        assert len(str(error)) < 400
        return
    for value in strings(msgspec.to_builtins(d)):
        assert value.isprintable()
    assert len(d.candidates) <= 100
    assert all(1 <= c.port <= 65535 and 0 <= c.priority < 2**32 for c in d.candidates)
    explain(d)
    if d.pwd:
        assert read(write_blob(d)).pwd == read(write_sdp(d)).pwd == read(write_json(d)).pwd == d.pwd


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from strings(item)


@given(ANY)
@example("\x00")
@example("\ud800")
@example("icetui:\ud800")
@example("{" * 5000)
@example('{"sdp":"\\ud800","candidate":"\\u0000"}')
@example('{"candidate":' + "9" * 5000 + "}")
@settings(deadline=None, max_examples=400)
def test_any_text_is_read_or_refused(text):
    harmless(text)


@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 30), ANY), min_size=1, max_size=5),
)
@settings(deadline=None, max_examples=600)
def test_mutated_descriptions_are_read_or_refused(seed, edits):
    for at, count, new in edits:
        at %= len(seed) + 1
        seed = seed[:at] + new[:20] + seed[at + count :]
    harmless(seed)


WORDS = [
    "icetui:", "EDsJ", "candidate:", "a=", "m=audio 9 X 0", "v=0", "\n", "\\r\\n", " ", '"', "{",
    "}",
    "[", ":", "sdp", "type", "offer", "a=ice-ufrag:abcd", "a=ice-pwd:" + "p" * 22, "typ host", "1",
    "usernameFragment:'abcd'", "\u2026", "candidate:1 1 udp 1 10.0.0.1 1 typ host", "eyJ", "\\",
    "^M", "=3D", "%0D%0A", "&quot;", "<br/>", "{ip:'1.2.3.4',port:1,priority:1,type:'host'}", "(",
    "=", ",", "'", "`", "<transport ufrag='abcd' pwd='" + "p" * 22 + "'>", "a=group:BUNDLE 0",
    "<candidate ip='1.2.3.4' port='1' type='host'/>", "iceParameters:{usernameFragment:'abcd',"
    "password:'" + "p" * 22 + "'}", "a=rtpmap:0 x", "a=ice-mismatch", "H4sIAAAAAAAA", "eJw", "+",
    "a=end-of-candidates", "a=mid:[/x]", "a=fingerprint:sha-256 AA", "a=setup:active", "null",
]  # fmt: skip


@given(st.lists(st.sampled_from(WORDS), max_size=40))
@settings(deadline=None, max_examples=600)
def test_text_out_of_the_formats_own_words_is_read_or_refused(words):
    harmless("".join(words))


KEYS = [
    "type", "sdp", "candidate", "candidates", "sdpMid", "sdpMLineIndex", "usernameFragment",
    "password", "iceParameters", "iceCandidates", "iceLite", "foundation", "ip", "address", "port",
    "priority", "protocol", "component", "relatedAddress", "relatedPort", "completed", "id", "mid",
    "dtlsParameters", "fingerprints", "algorithm", "value", "local", "remote", "urls",
]  # fmt: skip
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(WORDS) | ANY
OBJECTS = st.recursive(
    VALUES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=8)
    ),
    max_leaves=20,
)


@given(OBJECTS)
@example({"type": {"type": "offer"}})
@settings(deadline=None, max_examples=600)
def test_objects_of_any_shape_are_read_or_refused(value):
    for text in (json.dumps(value), repr(value)):
        harmless(text)
        for option in ("stun", "turn"):
            with contextlib.suppress(BadServer):
                read_servers([text], option)


LONG = 256 * 1024
REPEATED = [
    "{", "[", '{"a":', '{"a":"', "[1,", "i", "i c e t u i ", "icetui:", "icetui:EDsJ ", "EDsJ",
    "eyJ", "a", "'", "\\", "\\n", "\\\\r", "\x1b[", "\n", " ", "\t", "type ", "type:", "sdp:",
    "candidate", "candidate:", "candidate: ", "candidate:1 1 udp\n",
    "a=candidate:1 1 udp 1 10.0.0.1 5 typ host\n",
    "a=ice-ufrag:abcd\n", "m=audio 9 X 0\n", " a=b", "a =", "sdpMid:", "usernameFragment:'abcd'",
    '{"candidate":""}', "1.", "x.", "\u2014", "\ufdfa", "^M", "=3D", "%0A", "&quot;", "<br>", "$\n",
    "<candidate ip='1' ", "H4sIAAAA", "{a:'", "f(a=", "{x:`", "Media Attribute (a): ", "[[P]]:",
    "1:a=", "{'a':1}", "a: 1\n", "\\u000a", "\u2026", "#012",
]  # fmt: skip
OPENINGS = [
    "",
    "sdp candidate ",
    "candidate",
    "icetui:E",
    "a=mid",
    "[",
    '"',
    "a=candidate:1 1 udp 1 ",
]


@pytest.mark.parametrize("repeated", REPEATED)
def test_no_text_takes_long(repeated):
    with Stopwatch() as watch:
        for opening in OPENINGS:
            harmless((opening + repeated * (LONG // len(repeated)))[: LONG - 1] + "x")
    # Measured 0.1 to 0.8 s for the eight texts together; anything quadratic takes minutes.
    assert watch.seconds < 10
