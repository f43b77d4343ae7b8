"""What mail, logs, consoles, web pages and terminals make of one SDP: it is read all the same, and
whole."""

from __future__ import annotations

import base64
import bz2
import gzip
import html
import json
import textwrap
import urllib.parse
import zlib

import pytest

from icetui.signaling import UnreadableDescription, read
from tests.signaling.test_pasted import text

SDP = text("caret-M-line-ends").replace("^M", "") + "\n"
CRLF = SDP.replace("\n", "\r\n")
OFFER = json.dumps({"type": "offer", "sdp": CRLF})
BASE64 = base64.b64encode(OFFER.encode()).decode()
HTML = html.escape(OFFER)
URI = ";/?:@&=+$,# -_.!~*'()"
PLAIN = read(SDP)


def numbered(form: str) -> str:
    return "\n".join(form.format(n, line) for n, line in enumerate(SDP.splitlines(), 1)) + "\n"


def cut_at(width: int, whole: str) -> str:
    """As a terminal of that width shows and copies it."""
    pieces = [line[i : i + width] for line in whole.split("\n") for i in range(0, len(line), width)]
    return "\n".join(pieces) + "\n"


def complaint(pasted: str) -> str:
    with pytest.raises(UnreadableDescription) as caught:
        read(pasted)
    return str(caught.value)


WRAPPED = {
    "syslog": SDP.replace("\n", "#015#012"),
    "octal": CRLF.replace("\r\n", "\\015\\012"),
    "hexadecimal escapes": CRLF.replace("\r\n", "\\x0d\\x0a"),
    "unicode escapes": OFFER.replace("\\r\\n", "\\u000d\\u000a"),
    "named line ends": CRLF.replace("\r\n", "<CR><LF>\n"),
    "symbols of line ends": SDP.replace("\n", "\u240d\u240a"),
    "cat -v on one line": SDP.replace("\n", "^M"),
    "cat -A": SDP.replace("\n", "^M$\n"),
    "cat -E": SDP.replace("\n", "$\n"),
    "percent": urllib.parse.quote(CRLF),
    "percent throughout": urllib.parse.quote(CRLF, safe=""),
    "encodeURI": urllib.parse.quote(CRLF, safe=URI),
    "a web form": urllib.parse.quote_plus(CRLF),
    "percent twice": urllib.parse.quote(urllib.parse.quote(CRLF)),
    "a link": "https://example.org/join?offer=" + urllib.parse.quote(OFFER, safe=""),
    "br": SDP.replace("\n", "<br/>"),
    "br and line ends": SDP.replace("\n", "<br />\n"),
    "escaped JSON": HTML,
    "escaped twice": html.escape(HTML),
    "pre": f"<pre><code>{html.escape(SDP)}</code></pre>",
    "paragraphs": "".join(f"<p>{line}</p>" for line in SDP.splitlines()),
    "highlighted": "".join(f'<span class="k">{line}</span><br>' for line in SDP.splitlines()),
    "numeric entities": SDP.replace("\n", "&#13;&#10;"),
    "gzip": base64.b64encode(gzip.compress(OFFER.encode())).decode(),
    "zlib": base64.b64encode(zlib.compress(OFFER.encode())).decode(),
    "zlib, hardly": base64.b64encode(zlib.compress(SDP.encode(), 1)).decode(),
    "zlib, most": base64.urlsafe_b64encode(zlib.compress(SDP.encode(), 9)).decode(),
    "base64 twice": base64.b64encode(BASE64.encode()).decode(),
    "base64 in a link": urllib.parse.quote(BASE64, safe=""),
    "base64 of UTF-16": base64.b64encode(OFFER.encode("utf-16-le")).decode(),
    "base64 in a data link": "data:application/json;base64," + BASE64,
    "base64 with a mail's line ends": base64.encodebytes(OFFER.encode()).decode(),
    "base64 in a cited mail": "\n".join(f"> {part}" for part in textwrap.wrap(BASE64, 70)),
    "hexadecimal digits": CRLF.encode().hex(),
    "a dissector's session": f"Session Description Protocol Version (v): 0\n{text('wireshark')}\n",
    "grep -n": numbered("{}:{}"),
    "grep -nH": numbered("offer.sdp:{}:{}"),
    "cat -n": numbered("{:6}\t{}"),
    "a log": numbered("2024-01-01 10:00:{:02}.123 INFO [sdp] {}"),
    "a diff": "".join(f"+{line}\n" for line in SDP.splitlines()),
    "a terminal of 80": cut_at(80, SDP),
    "a terminal of 60": cut_at(60, SDP),
    "a terminal of 80 with JSON": cut_at(80, OFFER),
    "a mail with JSON": textwrap.fill(OFFER, 72, break_long_words=False, break_on_hyphens=False),
    "Python's bytes": repr(CRLF.encode()),
    "Python's dict": repr({"type": "offer", "sdp": CRLF}),
    "aiortc's description": f"RTCSessionDescription(sdp={CRLF!r}, type='offer')",
    "Ruby's hash": OFFER.replace('": "', '"=>"'),
    "an opened object": f'RTCSessionDescription\nsdp: {json.dumps(CRLF)}\ntype: "offer"\n',
    "YAML": "type: offer\nsdp: |\n" + textwrap.indent(SDP, "  "),
}


@pytest.mark.parametrize("wrapped", WRAPPED.values(), ids=WRAPPED)
def test_it_is_read_whole(wrapped: str) -> None:
    d = read(wrapped)
    assert (d.ufrag, d.pwd, d.candidates) == (PLAIN.ufrag, PLAIN.pwd, PLAIN.candidates)
    assert (d.fingerprint, d.mid, d.setup) == (PLAIN.fingerprint, "0", "actpass")
    assert [w for w in d.warnings if "line end" not in w] == []


def test_a_form_that_lost_its_plus_is_refused() -> None:
    lost = urllib.parse.unquote_plus(urllib.parse.quote(CRLF, safe=URI))
    assert "a + or / may have been lost" in complaint(lost)


@pytest.mark.parametrize("end", ["89+ ", "89 "])
def test_a_blank_where_only_the_password_ends_may_have_been_a_plus(end: str) -> None:
    assert "ends with a space" in complaint(SDP.replace("89+/", end))


def test_blanks_at_the_end_of_every_line_are_no_sign_of_it() -> None:
    assert read(SDP.replace("\n", " \n")).pwd == PLAIN.pwd


def test_compressed_base64_that_stops_early_is_read_with_a_word() -> None:
    d = read(base64.b64encode(gzip.compress(OFFER.encode())).decode()[:-60])
    assert (d.ufrag, d.cut) == ("Chr1", True)
    assert "stops in the middle" in d.warnings[0]


def test_damaged_base64_is_refused_and_not_taken_in_part() -> None:
    assert "base64 was damaged" in complaint(f"{BASE64[:300]}x{BASE64[300:]}")
    packed = base64.b64encode(gzip.compress(OFFER.encode())).decode()
    assert "is damaged" in complaint(f"{packed[:200]}AAAA{packed[204:]}")


def test_compression_that_is_not_read_is_named() -> None:
    assert "bzip2" in complaint(base64.b64encode(bz2.compress(OFFER.encode())).decode())
    zstd = base64.b64encode(b"\x28\xb5\x2f\xfd" + bytes(range(60))).decode()
    assert "zstd" in complaint(zstd)


def test_a_small_text_does_not_become_a_big_one() -> None:
    bomb = base64.b64encode(gzip.compress(b"v=0\n" * 4_000_000)).decode()
    assert "too long to be read" in complaint(bomb[: 200 * 1024])


def test_several_payloads_are_all_read() -> None:
    more = json.dumps({
        "candidate": "candidate:3 1 udp 99 203.0.113.99 5000 typ relay raddr 10.0.0.1 rport 5",
        "sdpMid": "0",
    })  # fmt: skip
    d = read(f"{BASE64}\n{base64.b64encode(more.encode()).decode()}\n")
    assert [c.address for c in d.candidates][2] == "203.0.113.99"
    other = base64.b64encode(OFFER.replace("Chr1", "Zzz1").encode()).decode()
    assert "two different ufrags (Chr1 and Zzz1)" in complaint(f"{BASE64}\n{other}")


def test_json_that_stops_in_the_middle_is_read_with_a_word() -> None:
    d = read(OFFER[: OFFER.index("a=setup")])
    assert (d.ufrag, d.cut, len(d.candidates)) == ("Chr1", True, 2)
    assert "stops in the middle" in d.warnings[0]
    assert not read(OFFER).cut


@pytest.mark.parametrize("width", range(40, 140, 3))
def test_a_terminal_of_any_width_breaks_lines_without_a_loss(width: int) -> None:
    for whole in (SDP, OFFER):
        d = read(cut_at(width, whole))
        assert (d.pwd, d.candidates, d.fingerprint) == (
            PLAIN.pwd, PLAIN.candidates, PLAIN.fingerprint,
        )  # fmt: skip
