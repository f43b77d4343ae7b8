"""Texts that people pasted, one of each kind, and what is right for each: `pasted_texts/`.

Rebuilt from public reports with addresses for documentation.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from icetui.signaling import Description, UnreadableDescription, read

TEXTS = Path(__file__).with_name("pasted_texts")
CHR1 = [("host", "192.0.2.10", 50000), ("srflx", "203.0.113.7", 50000)]


def text(name: str) -> str:
    return TEXTS.joinpath(f"{name}.txt").read_text()


def used(d: Description) -> list[tuple[str, str, int]]:
    return [(c.type, c.address, c.port) for c in d.candidates if c.unsupported is None]


def left(d: Description) -> list[tuple[int, str | None]]:
    return [(c.port, c.unsupported) for c in d.candidates if c.unsupported is not None]


def refusal(name: str) -> str:
    with pytest.raises(UnreadableDescription) as caught:
        read(text(name))
    return str(caught.value)


def test_every_text_here_has_its_test() -> None:
    source = Path(__file__).read_text()
    assert [p.stem for p in TEXTS.iterdir() if f'"{p.stem}"' not in source] == []


def test_of_two_bundled_transports_the_tagged_one_is_used() -> None:
    d = read(text("aiortc-two-transports"))
    assert (d.ufrag, d.mid) == ("E8CY", "0")
    assert used(d) == [("host", "192.0.2.7", 41338)]
    assert left(d) == [(37361, "belongs to another media section")]


def test_of_candidates_trickled_for_two_sections_the_first_one_s_are_used() -> None:
    d = read(text("candidate-second-mline"))
    assert used(d) == [("host", "192.0.2.10", 50000)]
    assert left(d) == [(50002, "belongs to another media section")]


@pytest.mark.parametrize(
    "name", ["caret-M-line-ends", "quoted-printable", "wireshark", "gzip-base64"]
)
def test_wrappings_are_undone(name: str) -> None:
    d = read(text(name))
    assert (d.ufrag, d.pwd) == ("Chr1", "Abcd0123Efgh4567Ijkl89+/")
    assert used(d) == CHR1


def test_a_password_that_lost_its_plus_is_never_a_shorter_one() -> None:
    assert "holds a space where a + or / may have been" in refusal("pwd-with-trailing-plus-cut")


def test_base64_cut_by_a_terminal_is_read_as_far_as_it_goes_with_a_word() -> None:
    d = read(text("pion-base64-truncated-4095"))
    assert (d.kind, d.ufrag, d.cut) == ("base64", "Chr1", True)
    assert used(d) == CHR1
    assert "stops in the middle" in d.warnings[0]


def test_empty_foundations_do_no_harm() -> None:
    d = read(text("nest-empty-foundation"))
    assert [c[1] for c in used(d)] == ["2001:db8:400e::7f", "192.0.2.127"]
    assert [why for _, why in left(d)] == [
        "ICE-TCP is not supported",
        "transport ssltcp is not supported",
    ]
    assert [w for w in d.warnings if "foundation" not in w] == []


def test_characters_that_ice_does_not_allow_are_named_and_used() -> None:
    d = read(text("zlm-ufrag-underscore"))
    assert (d.ufrag, d.lite, len(used(d))) == ("wKjZsR9AH0A=_6", True, 1)
    [warning] = d.warnings
    assert "`=` and `_`" in warning
    assert "aiortc" in warning


def test_parameters_and_candidates_as_objects() -> None:
    d = read(text("ortc-firefox-json"))
    assert (d.kind, d.ufrag) == ("object", "08272e3e")
    assert used(d) == [("host", "192.0.2.111", 58084), ("srflx", "203.0.113.186", 51336)]
    assert left(d) == [(9, "ICE-TCP is not supported")]


def test_a_candidate_as_an_object() -> None:
    d = read(text("pion-icecandidate-struct"))
    assert (d.kind, used(d)) == ("candidates", [("host", "192.0.2.17", 40217)])


def test_jingle() -> None:
    d = read(text("jingle-xep0176"))
    assert (d.kind, d.ufrag, d.pwd) == ("jingle", "8hhy", "asd88fgpdd777uzjYhagZg")
    assert used(d) == [("host", "192.0.2.3", 8998), ("srflx", "203.0.113.3", 45664)]


def test_a_console_line_with_an_object_has_nothing_cut_off() -> None:
    d = read(text("kurento-console-object"))
    assert (used(d), d.mid, d.warnings) == ([("host", "192.0.2.8", 38348)], "audio", ())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ice-mismatch", "reports an ICE mismatch (RFC 8839 section 5.3)"),
        ("getstats-json", "WebRTC statistics (getStats): both sides' addresses are in them"),
        ("ice-servers-json-into-decode", "go with --stun and --turn"),
        ("uuid", "This is a UUID, no blob"),
    ],
)
def test_what_is_no_description_is_called_what_it_is(name: str, words: str) -> None:
    said = refusal(name)
    assert words in said
    assert "start is missing" not in said
    assert "abc=" not in said
