"""What people do to a blob on its way: read it anyway, or name what is wrong."""

import random
import re
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icetui.signaling import IncompleteDescription, UnreadableDescription, read, write_blob
from tests.signaling.makers import BLOB, FOUR, MADE, description, descriptions


def complaint(text):
    with pytest.raises(UnreadableDescription) as caught:
        read(text)
    return str(caught.value)


# --- read anyway ----------------------------------------------------------------------------------


def wrapped(width, mark=""):
    return "\n".join(mark + line for line in textwrap.wrap(BLOB, width))


@pytest.mark.parametrize("width", [1, 3, 5, 7, 10, 20, 40, 72, 78])
@pytest.mark.parametrize("mark", ["", "> ", ">> ", "   ", "| ", "\u2502 "])
def test_a_blob_wrapped_and_quoted_by_a_mail_program_still_reads(width, mark):
    assert read(wrapped(width, mark)).candidates == read(BLOB).candidates


@pytest.mark.parametrize(
    "text",
    [
        f"  {BLOB}\r\n",
        f"`{BLOB}`",
        f"```\n{BLOB}\n```",
        f"\u201c{BLOB}\u201d",
        f"<{BLOB}>",
        f"{BLOB}.",
        f"{BLOB}...",
        f"Hi, here is my blob:\n{BLOB}\nthanks and see you, Bob-",
        f"with icetui you can do it, paste this in icetui: {BLOB}, would you?",
        f"{BLOB} thanks",
        f"{BLOB}thanks",
        BLOB.replace("icetui:", "ICETUI:"),
        BLOB.replace("icetui:", "Icetui: "),
        BLOB.replace("icetui:", "icetui\uff1a"),
        BLOB.replace("icetui:", "icetui%3A"),
        BLOB.replace("icetui:", "icetui :\n"),
        BLOB.replace("icetui:", ""),
        BLOB[3:],
        BLOB[:7] + BLOB[7:].replace("-", "+").replace("_", "/"),
        "\u200b".join(BLOB),
        "\u2066" + BLOB + "\u2069",
        "\x00".join(BLOB),
        "\x1b[200~" + BLOB + "\x1b[201~",
        "\ufeff" + BLOB,
        BLOB[:7] + BLOB[7:] + "\udcff",
        BLOB.translate({i: i + 0xFEE0 for i in range(0x21, 0x7F)}),
        BLOB[:50] + "=\r\n" + BLOB[50:],
        BLOB[:50] + "\\\n" + BLOB[50:],
    ],
)
def test_what_chat_and_mail_put_around_a_blob_is_taken_off(text):
    got = read(text)
    assert (got.ufrag, got.candidates) == ("a7Kf", read(BLOB).candidates)


def test_hyphens_that_a_word_processor_made_dashes_of_are_mended():
    made = (description(made=MADE + 60 * i) for i in range(100_000))
    blob = next(b for b in map(write_blob, made) if "--" in b)
    assert read(blob.replace("--", "\u2014")).ufrag == "a7Kf"


@given(descriptions(), st.data())
@settings(deadline=None, max_examples=50)
def test_a_blob_reads_in_the_middle_of_any_prose(d, data):
    prose = st.text(st.sampled_from("abc XYZ.,-_\n>'09\u2019"), max_size=60)
    before, after = data.draw(prose), data.draw(prose)
    assert read(f"{before} {write_blob(d)} {after}").ufrag == d.ufrag


def test_the_same_blob_twice_is_the_blob():
    for twice in (BLOB + BLOB, f"{BLOB}\n{BLOB}", f"{BLOB} and again {BLOB[:60]}"):
        assert read(twice).ufrag == "a7Kf"


def test_an_older_blob_of_the_same_side_beside_a_newer_one_does_no_harm():
    newer = write_blob(description(made=MADE + 120))
    older = write_blob(description(candidates=FOUR[:2]))
    got = read(f"{newer}\n{older}")
    assert len(got.candidates) == 4
    assert "newest" in got.warnings[0]


# --- named ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 3, 7, 20])
def test_characters_missing_at_the_end_are_counted(count):
    plural = "character" if count == 1 else "characters"
    said = complaint(BLOB[:-count])
    assert said.startswith(f"{count} {plural} of the blob ")
    assert "missing near the end" in said


@given(descriptions(), st.data())
@settings(deadline=None, max_examples=300)
def test_a_blob_that_is_still_being_written_is_incomplete_at_every_length(d, data):
    blob = write_blob(d)
    with pytest.raises(IncompleteDescription):
        read(blob[: data.draw(st.integers(1, len(blob) - 1))])


@pytest.mark.parametrize(
    "text",
    [
        "icetui:hello",
        "hello",
        BLOB[:50] + BLOB[53:],
        BLOB[:50] + "x" + BLOB[51:],
        BLOB[:30] + "x" + BLOB[31:60],
    ],
)
def test_what_no_further_text_could_mend_is_not_merely_incomplete(text):
    with pytest.raises(UnreadableDescription) as caught:
        read(text)
    assert not isinstance(caught.value, IncompleteDescription)


def test_an_altered_length_that_no_bytes_could_have_is_refused():
    mixed = BLOB[:8] + "0" * 9 + BLOB[38:93] + "0000N" + BLOB[94:]
    assert "blob" in complaint(mixed)


def test_a_blob_cut_in_its_first_half_says_how_much_is_there():
    assert f"only the first 40 of {len(BLOB)} are here" in complaint(BLOB[:40])
    assert complaint("icetui:") == "There is nothing after `icetui:`: copy the whole line."


@pytest.mark.parametrize(
    ("at", "where"), [(12, "near the start"), (50, "in the middle"), (90, "near the end")]
)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_characters_missing_elsewhere_are_counted_and_located(at, where, count):
    said = complaint(BLOB[:at] + BLOB[at + count :])
    assert said.startswith(f"{count} character")
    assert where in said
    assert abs(int(re.search(r"around character (\d+)", said).group(1)) - at) <= 20


def test_missing_characters_are_counted_though_the_blob_was_wrapped_and_words_follow():
    damaged = "\n".join("> " + line for line in textwrap.wrap(BLOB[:48] + BLOB[51:], 30))
    said = complaint(f"see below\n{damaged}\ncheers from all of us here, Bob")
    assert said.startswith("3 characters of the blob are missing in the middle")
    assert complaint(f"{BLOB[:-3]} cheers from all of us").startswith(
        "3 characters of the blob are"
    )


@pytest.mark.parametrize("at", [8, 30, 60, -1])
def test_one_altered_character_is_located(at):
    at %= len(BLOB)
    said = complaint(BLOB[:at] + ("x" if BLOB[at] != "x" else "y") + BLOB[at + 1 :])
    assert "altered" in said
    numbers = [int(n) for n in re.findall(r"\d+", said)]
    assert at + 1 in numbers or numbers[0] <= at + 1 <= numbers[1]


def test_several_altered_characters_are_located_by_stretch():
    said = complaint(BLOB[:40] + "".join(reversed(BLOB[40:44])) + BLOB[44:])
    assert "altered in characters 28-47" in said


def test_characters_too_many_are_counted():
    assert "2 characters too many in the middle" in complaint(BLOB[:50] + "xx" + BLOB[50:])


def test_lost_capitals_are_named():
    assert "capital and small letters" in complaint(BLOB.lower())


def test_two_different_blobs_are_named():
    other = write_blob(description(ufrag="9QmZ"))
    assert complaint(f"{BLOB} {other}") == (
        "Two different blobs were pasted (of a7Kf and 9QmZ): paste only the one that the other "
        "side sent you."
    )


def test_the_inside_of_a_blob_is_recognised():
    assert "inside of a blob" in complaint(BLOB[20:])


@pytest.mark.parametrize("text", ["", "  \n", "\u200b\x00", "\x1b[200~\x1b[201~"])
def test_no_text_is_named(text):
    assert complaint(text).startswith("There is no text")


@pytest.mark.parametrize("text", ["hello there", "ls -la", "\u4f60\u597d"])
def test_foreign_text_is_named(text):
    assert "neither a blob" in complaint(text)


def test_a_megabyte_is_refused_unread():
    assert complaint("x" * 1_000_000).startswith("This is more than 256 kB of text")
    assert complaint(BLOB * 10_000).startswith("This is ")


@given(st.randoms(use_true_random=False), st.integers(1, 4))
@settings(deadline=None)
def test_whatever_happens_to_a_blob_is_said_in_one_printable_sentence(rng: random.Random, count):
    text = list(BLOB)
    for _ in range(count):
        at = rng.randrange(len(text) - 1)
        match rng.randrange(4):
            case 0:
                text[at] = ""
            case 1:
                text.insert(at, rng.choice("aZ9-_ \n\x07\u202e"))
            case 2:
                text[at] = rng.choice("aZ9-_ \x1b\ud800")
            case _:
                del text[at + 2 :]
    try:
        assert read("".join(text)).ufrag == "a7Kf"
    except UnreadableDescription as error:
        said = str(error)
        assert said.isprintable()
        assert said.endswith(".")
        assert ". " not in said


def test_a_blob_cut_anywhere_is_said_to_lack_its_end():
    for length in range(len(BLOB) // 2 + 8, len(BLOB) - 1, 5):
        assert "missing near the end" in complaint(BLOB[:length])
