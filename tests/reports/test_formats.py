"""Reports of recorded sessions in every format: whole, readable by what reads the format, masked,
without passwords, and with foreign text as text."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icetui import events, signaling
from icetui.diagnosis import diagnose
from icetui.events import Candidate, NatBehaviour, Pair, Reason, Server
from icetui.reports import content
from icetui.reports.formats import FORMATS, write
from icetui.reports.summary import summarise
from icetui.session import Session, fold
from icetui.streams.masking import Mask
from icetui.streams.recording import read

RECORDINGS = Path(__file__).parents[1] / "recordings"
NAMES = ("connected", "failed", "relayed", "waiting")
ADDRESS = re.compile(r"\b\d+\.\d+\.\d+\.\d+\b")
VOID = {"meta", "br"}


def session(name: str) -> Session:
    return fold(read(RECORDINGS / f"{name}.jsonl"))


class Page(HTMLParser):
    """The tags of a page, each closed, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: Counter[str] = Counter()
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes.update(name for name, _ in attrs)
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def drawn(svg: str) -> str:
    """The words of a picture."""
    return "".join(ElementTree.fromstring(svg).itertext()).replace("\u00a0", " ")


def rows(markdown: str) -> list[list[str]]:
    """The cells of all tables, as a reader of Markdown splits them."""
    return [
        re.split(r"(?<!\\)\|", line)[1:-1]
        for line in markdown.splitlines()
        if line.startswith("|") and not line.startswith("|---")
    ]


@pytest.mark.parametrize("name", NAMES)
def test_each_says_where_the_path_leads_and_what_the_matter_is(name: str) -> None:
    told = session(name)
    pages = {
        "text": write(told, "text"),
        "md": write(told, "md").replace("\\", ""),
        "html": Page(write(told, "html")).text,
        "svg": drawn(write(told, "svg")),
        "json": json.dumps(json.loads(write(told, "json")), ensure_ascii=False),
    }
    findings = diagnose(told)
    assert findings
    for page in pages.values():
        for finding in findings:
            assert finding.claim in page
        for candidate in told.remote_candidates.values():
            if any(p.remote == candidate.id for p in told.pairs.values()):
                assert candidate.address in page


def test_it_says_when_the_session_was_and_how_the_path_came_about() -> None:
    at = {"wall": 1_800_000_000.0, "session": "s1"}
    mine = Candidate(id="L1", type="host", address="192.0.2.1", port=5)
    theirs = Candidate(id="R1", type="host", address="192.0.2.2", port=6)
    stream: list[events.AnyEvent] = [
        events.EngineStarted(version="9.8.7", wall=1_800_000_000.0, t=0.5),
        events.SessionStarted(ufrag="aaaa", t=1.0, **at),
        events.CandidateGathered(candidate=mine, t=1.0, **at),
        events.NatBehaviourChanged(
            nat=NatBehaviour(
                local="192.0.2.1",
                behind_nat=True,
                mapping="endpoint-independent",
                filtering="address-and-port-dependent",
            ),
            t=1.5,
            **at,
        ),
        events.DescriptionAccepted(ufrag="bbbb", mapping="address-dependent", t=2.0, **at),
        events.RemoteCandidateAdded(candidate=theirs, t=2.0, **at),
        events.PairChanged(pair=Pair(id="L1-R1", local="L1", remote="R1"), t=2.0, **at),
        events.SelectedPairChanged(pair="L1-R1", cause="first valid\x1b pair", t=2.25, **at),
        events.SelectedPairChanged(
            pair=None, previous="L1-R1", cause="consent expired on L1-R1", t=33.5, **at
        ),
    ]
    told = fold(stream)
    text = write(told, "text")
    for words in (
        "session   2027-01-15 08:00:00 UTC, for 32.5 s",
        "icetui    9.8.7",
        "end       none: it went on when this was written, or its recording breaks off",
        "NATs      ours: port-restricted cone; theirs: symmetric",
        "  1.250 s   host 192.0.2.1:5 ─ host 192.0.2.2:6  first valid· pair",
        "  32.500 s  none                                 consent expired on L1-R1",
    ):
        assert words in text
    for form in ("md", "html", "svg"):
        assert "consent expired on L1" in write(told, form).replace("\\", "").replace("\u00a0", " ")
    told.apply(events.SessionClosed(t=34.0, **at))
    assert "breaks off" not in write(told, "text")


def test_a_date_that_cannot_be_is_left_out() -> None:
    told = fold([events.SessionStarted(ufrag="a", wall=1e300, t=0.0)])
    assert "UTC" not in write(told, "text")


@pytest.mark.parametrize("name", NAMES)
def test_json_is_the_summary(name: str) -> None:
    told = session(name)
    assert json.loads(write(told, "json")) == json.loads(events.encode(summarise(told)))


@pytest.mark.parametrize("name", NAMES)
def test_csv_has_a_row_for_each_pair_with_its_figures(name: str) -> None:
    told = session(name)
    found = list(csv.DictReader(io.StringIO(write(told, "csv"))))
    assert [row["id"] for row in found] == [pair.id for pair in told.ordered_pairs()]
    for row in found:
        pair = told.pairs[row["id"]]
        assert (row["state"], row["reason"]) == (pair.state, str(pair.reason or ""))
        assert int(row["requests_sent"]) == pair.requests_sent
        assert row["current_round_trip_time"] == str(pair.current_round_trip_time or "")
        assert row["remote_address"] == told.remote_candidates[pair.remote].address
        assert (row["selected"] == "true") == (pair.id == told.selected)


@pytest.mark.parametrize("name", NAMES)
def test_markdown_has_whole_tables(name: str) -> None:
    told = session(name)
    text = write(told, "md")
    headers = [line for line in text.splitlines() if line.startswith("|---")]
    assert len(headers) >= 3
    for block in text.split("\n\n"):
        assert len({len(row) for row in rows(block)}) <= 1


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", NAMES)
def test_a_masked_report_holds_no_address_of_the_session(name: str, form: str) -> None:
    recorded = list(read(RECORDINGS / f"{name}.jsonl"))
    real = set(ADDRESS.findall((RECORDINGS / f"{name}.jsonl").read_text()))
    real -= {"127.0.0.1", "0.0.0.0"}
    assert len(real) >= 3
    plain = write(fold(recorded), form)
    masked = write(fold(map(Mask().event, recorded)), form)
    if form != "csv" or fold(recorded).pairs:
        assert real & set(ADDRESS.findall(plain))
    assert not real & set(ADDRESS.findall(masked))


@pytest.mark.parametrize("form", FORMATS)
def test_no_password_is_in_any_of_them(form: str) -> None:
    """A stream that was kept as it came, blobs and all."""
    password = "Zm9vYmFyYmF6cXV4MTIzNA"
    blob = signaling.write_blob(signaling.Description(ufrag="a7Kf", pwd=password, made=1.8e9))
    recorded = [
        *read(RECORDINGS / "connected.jsonl"),
        events.BlobChanged(wall=2e9, t=99.0, session="s1", blob=blob, complete=True),
    ]
    told = fold(recorded)
    assert told.blob is not None and told.blob.blob == blob
    page = write(told, form)
    assert password not in page
    assert blob[8:28] not in page


TRAPS = (
    *("<script>", "</td>", "|", "\\", "`", "=1+1", "@all", "[a](b)", "**", "&amp;", "]]>", '"'),
    *("\x1b[31m", "\x00", "\n", "\r", "\u2028", "\u202e", "\ud7ff", "http://", "-", " ", "a"),
)
NASTY = st.lists(st.sampled_from(TRAPS), max_size=4).map("".join)


@st.composite
def hostile(draw: st.DrawFn) -> Session:
    """A session in which everything that comes from outside is a trap."""

    def candidate(name: str) -> Candidate:
        return Candidate(
            id=name,
            type="host",
            address=draw(NASTY),
            port=1,
            interface=draw(NASTY),
            server=draw(NASTY),
            unsupported=draw(NASTY),
        )

    stamp: dict[str, Any] = {"wall": 1.0, "t": 1.0, "session": "s1"}
    server = Server(
        url=draw(NASTY), kind="turn", state="failed", reason=Reason.QUOTA, detail=draw(NASTY)
    )
    pair = Pair(
        id="L1-R1",
        local="L1",
        remote="R1",
        state="failed",
        reason=Reason.BAD_REQUEST,
        detail=draw(NASTY),
        mapped=draw(NASTY),
    )
    return fold(
        [
            events.CandidateGathered(candidate=candidate("L1"), **stamp),
            events.RemoteCandidateAdded(candidate=candidate("R1"), **stamp),
            events.ServerChanged(server=server, **stamp),
            events.PairChanged(pair=pair, **stamp),
            events.SelectedPairChanged(pair="L1-R1", **stamp),
        ]
    )


@settings(max_examples=60, deadline=None)
@given(hostile())
def test_foreign_text_stays_text(told: Session) -> None:
    page = Page(write(told, "html"))
    known = {"html", "head", "meta", "title", "style", "body", "h1", "h2", "table", "tr", "td"}
    assert set(page.tags) <= known | {"th", "div", "section", "p", "br", "strong"}
    assert set(page.attributes) <= {
        *("lang", "charset", "http-equiv", "content", "name", "class", "aria-label")
    }
    svg = ElementTree.fromstring(write(told, "svg"))
    assert {element.tag.partition("}")[2] for element in svg.iter()} == {"svg", "rect", "g", "text"}
    markdown = write(told, "md")
    for block in markdown.split("\n\n"):
        assert len({len(row) for row in rows(block)}) <= 1
    assert not re.search(r"(?<!\\)(<|`|@|\]\()", markdown)
    [row] = csv.DictReader(io.StringIO(write(told, "csv")))
    assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for cell in row.values())
    for form in ("text", "md", "csv", "html", "svg"):
        assert all(c.isprintable() or c in "\n\u00a0" for c in write(told, form))


def test_what_is_drawn_asks_nobody_for_anything() -> None:
    for form in ("html", "svg"):
        page = write(session("connected"), form)
        assert not re.search(r"(src|href|url|@import)\s*[=(]", page)
        assert set(re.findall(r"https?://[^\"\s]*", page)) <= {"http://www.w3.org/2000/svg"}


def test_seconds_are_not_told_as_thousands_of_milliseconds() -> None:
    assert content.milliseconds(45.023) == "45.0 s"
    assert content.milliseconds(0.0234) == "23.4 ms"
    assert content.milliseconds(None) == "–"
