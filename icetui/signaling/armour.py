"""The characters of a blob: bytes ↔ text, finding blobs in pasted text, naming their damage.

What belongs here: the text form described in `blob`, and whereabouts a damaged one is damaged.
What must never come in: what the bytes mean, apart from version and length.
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterator
from itertools import accumulate, pairwise
from typing import NamedTuple

from icetui.grammar import agreeing, count

PREFIX = "icetui:"
MAJOR = 1
GROUP = 19
"""Data characters between two check characters."""

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_VALUE = {c: i for i, c in enumerate(_ALPHABET)}
_TOKEN = re.compile(r"[A-Za-z0-9+/_-]+")
# A wrap or a quote mark may fall between any two letters, hence the bounded noise between them.
_PREFIX = re.compile(
    "[^A-Za-z0-9:%]{0,8}".join("icetui") + "[^A-Za-z0-9:%]{0,8}(?::|%3A)", re.IGNORECASE
)
_MAX_BLOB = 64 * 1024
"""Characters looked at behind one prefix; the longest blob we write has a third of it."""
_MOST_SEARCHED = 500
"""Characters of a blob in which a single altered one is searched: 1280 checksums of the whole."""
_CERTAIN = 3
"""Of how many groups in a row each must count one up to be the inside of a blob."""
_SEVENTH = pow(7, -1, 64)
_MAX_PREFIXES = 16
_MAX_BARE = 64
"""Words tried as the start of a blob that lost its prefix."""


class Damage(NamedTuple):
    """What is wrong with something that was to be a blob."""

    sentence: str
    certainty: int
    """How many of its groups arrived whole: 0, and it may be no blob at all."""
    incomplete: bool = False
    """Only its end is missing: what is being written may yet become whole."""


# --- bytes to characters ------------------------------------------------------------------------


def check_character(number: int, group: str) -> str:
    """The check character of group `number`. Sees every single altered character: odd weights."""
    total = 7 * number + sum((2 * i + 1) * _VALUE[c] for i, c in enumerate(group))
    return _ALPHABET[total % 64]


def armoured(data: bytes) -> str:
    """`data` as characters, without prefix."""
    plain = base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")
    groups = [plain[i : i + GROUP] for i in range(0, len(plain), GROUP)]
    return "".join(group + check_character(n, group) for n, group in enumerate(groups))


def _unarmoured(characters: str) -> bytes | None:
    """The bytes, or None when a check character or the checksum disagrees."""
    spans = _spans(len(characters))
    if not all(_group_fits(n, characters[a:b]) for n, (a, b) in enumerate(spans)):
        return None
    plain = "".join(characters[a : b - 1] for a, b in spans)
    if len(plain) < 8 or len(plain) % 4 == 1:  # no bytes make such a length
        return None
    data = base64.urlsafe_b64decode(plain + "=" * (-len(plain) % 4))
    return data if zlib.crc32(data[:-4]) == int.from_bytes(data[-4:], "big") else None


def _spans(total: int) -> list[tuple[int, int]]:
    """Where the groups of a blob of `total` characters start and end, check characters included."""
    return [(a, min(a + GROUP + 1, total)) for a in range(0, total, GROUP + 1)]


def _group_fits(number: int, group: str) -> bool:
    return len(group) > 1 and check_character(number, group[:-1]) == group[-1]


def _opening(characters: str) -> tuple[int, int] | None:
    """Major version and how many characters there ought to be; None when it cannot be told."""
    data = base64.urlsafe_b64decode(characters[:8].ljust(8, "A"))
    length = 0
    for i in (0, 1, 2):
        length |= (data[1 + i] & 127) << 7 * i
        if data[1 + i] < 128:
            plain = ((2 + i + length) * 8 + 5) // 6
            return data[0] >> 4, plain + (plain + GROUP - 1) // GROUP
    return None


# --- finding --------------------------------------------------------------------------------------


class Written(NamedTuple):
    """The words of a text that could be parts of one blob, joined."""

    characters: str
    ends: tuple[int, ...]
    """Where each word ends in `characters`."""


def _written(text: str) -> Written:
    words = _TOKEN.findall(text)
    joined = "".join(words).replace("+", "-").replace("/", "_")
    return Written(joined, tuple(accumulate(len(w) for w in words)))


def find(text: str) -> tuple[list[bytes], list[Damage]]:
    """The bytes of every whole blob in cleaned `text`, and what is wrong with the others.

    Everything a mail program or chat app puts between the characters is skipped. The blob says how
    many characters it has, so words that follow it do no harm.
    """
    whole: list[bytes] = []
    damages: list[Damage] = []
    starts = [m.span() for _, m in zip(range(_MAX_PREFIXES), _PREFIX.finditer(text), strict=False)]
    for i, (_, start) in enumerate(starts):
        stop = starts[i + 1][0] if i + 1 < len(starts) else len(text)
        written = _written(text[start : min(stop, start + _MAX_BLOB)])
        data = _read(written.characters)
        if data is not None:
            whole.append(data)
        elif written.characters:
            damages.append(_damage(written))
        else:
            damages.append(
                Damage("There is nothing after `icetui:`: copy the whole line.", 0, True)
            )
    if not starts:
        whole.extend(_bare(text[:_MAX_BLOB]))
    return whole, damages


def _read(characters: str) -> bytes | None:
    opening = _opening(characters)
    if opening is None or opening[0] != MAJOR or not 8 <= opening[1] <= len(characters):
        return None
    return _unarmoured(characters[: opening[1]])


def _bare(text: str) -> Iterator[bytes]:
    """Blobs that lost their prefix, or a part of it."""
    written = _written(text)
    for start in (0, *written.ends[:_MAX_BARE]):
        first = written.characters[start : start + GROUP + 1]
        if len(first) == GROUP + 1 and _group_fits(0, first):
            data = _read(written.characters[start:])
            if data is not None:
                yield data
                return


def in_other_alphabet(text: str) -> bool:
    """Whether what stands behind a prefix is in base64's standard alphabet (RFC 4648 section 4)
    instead of the URL-safe one."""
    found = _PREFIX.search(text)
    if found is None:
        return False
    behind = _TOKEN.search(text, found.end())
    return behind is not None and any(c in "+/" for c in behind.group()[:_MAX_BLOB])


def is_torn(text: str) -> bool:
    """Whether there is the inside of a blob though none starts there: groups in a row whose check
    characters are right and count up. Three do so by chance at one of 4096 places, four at one of
    262144; of a blob that is not long they are the first ones."""
    characters = _written(text[:_MAX_BLOB]).characters
    for start in range(min(GROUP + 1, len(characters))):
        numbers = [
            _number_of(characters[a : a + GROUP + 1])
            for a in range(start, min(len(characters), _MOST_SEARCHED), GROUP + 1)
        ]
        row = 0
        for before, number in pairwise(numbers):
            follows = before is not None and number == (before + 1) % 64
            row = row + 1 if follows else 0
            if row >= _CERTAIN or (row == _CERTAIN - 1 and _is_early(number, len(characters))):
                return True
    return False


def _is_early(number: int | None, length: int) -> bool:
    return number is not None and number < 10 and length < 200


def _number_of(group: str) -> int | None:
    """Which group it would be by its check character, modulo 64; None: it is no whole one."""
    if len(group) <= GROUP:
        return None
    total = sum((2 * i + 1) * _VALUE[c] for i, c in enumerate(group[:-1]))
    return (_VALUE[group[-1]] - total) * _SEVENTH % 64


# --- naming damage --------------------------------------------------------------------------------


def _damage(written: Written) -> Damage:
    characters = written.characters
    opening = _opening(characters)
    first_fits = len(characters) > GROUP and _group_fits(0, characters[: GROUP + 1])
    if opening is not None and opening[0] > MAJOR and first_fits:
        return Damage(
            "This blob was made by a newer icetui: update yours, or ask for the SDP form.", 1
        )
    first_word = characters[: written.ends[0]]
    if first_word in (first_word.lower(), first_word.upper()) and len(first_word) > 2 * GROUP:
        return Damage(
            "The blob lost the difference between capital and small letters on its way: "
            "send it by another road, such as a file.",
            1,
        )
    if len(characters) < 8 and characters[0] == _ALPHABET[MAJOR << 2]:
        here = count(len(characters) + len(PREFIX), "character")
        return Damage(f"Only the first {here} of the blob are here: copy the whole line.", 0, True)
    if opening is None or opening[0] != MAJOR or not 8 <= opening[1] <= len(characters) + _MAX_BLOB:
        return Damage("The blob is damaged near its start: copy the whole line again.", 0)
    total = opening[1]
    if not first_fits and len(characters) > GROUP:
        # The length itself may be what was altered: believe the one that makes more groups fit.
        total = max((total, *written.ends[:8]), key=lambda t: _fitting(characters, t))
    front = _front(characters, total)
    end = _likely_end(written, total, front)
    tail = _tail(characters[:end], total)
    fits = min(front + tail, len(_spans(total)))
    if end < total:
        incomplete = end == len(characters) and front == end // (GROUP + 1)
        if incomplete and tail == 1 and total - end > GROUP + 1:
            tail = 0  # once in 64 times a group fits by chance; losing the end is likelier by far
        return Damage(_missing(total, end, front, tail), fits, incomplete)
    if end > total and tail:
        where = _place(_middle(total, front, tail), total)
        extra = count(end - total, "character")
        return Damage(f"The blob has {extra} too many {where}: copy the whole line again.", fits)
    return Damage(_altered(characters[:total]), fits)


def _fitting(characters: str, total: int) -> int:
    """How many groups are whole if the blob has `total` characters."""
    spans = _spans(total)
    return sum(
        b <= len(characters) and _group_fits(n, characters[a:b]) for n, (a, b) in enumerate(spans)
    )


def _front(characters: str, total: int) -> int:
    """How many groups in a row are whole, from the start."""
    for number, (a, b) in enumerate(_spans(total)):
        if b > len(characters) or not _group_fits(number, characters[a:b]):
            return number
    return len(_spans(total))


def _tail(characters: str, total: int) -> int:
    """How many groups in a row are whole from the end, if `characters` ends where the blob does."""
    shift = len(characters) - total
    spans = _spans(total)
    for number in range(len(spans) - 1, -1, -1):
        a, b = spans[number][0] + shift, spans[number][1] + shift
        if a < 0 or not _group_fits(number, characters[a:b]):
            return len(spans) - 1 - number
    return len(spans)


def _likely_end(written: Written, total: int, front: int) -> int:
    """Where the blob probably ends when words follow it.

    At the end of a word: of the one that makes most groups at the end fit, else of the first one
    behind the groups that fit from the start.
    """
    certain = min(front * (GROUP + 1), total)
    ends = [e for e in written.ends if certain <= e <= total + 2 * GROUP][:200]
    if not ends:
        return min(total, len(written.characters))
    # One group fits by chance once in 64 times, so with many words a lone fit proves little.
    tails = [(_tail(written.characters[:e], total), e) for e in ends]
    most = max(t for t, _ in tails)
    if most > 1 or (most == 1 and len(ends) <= 4):
        return next(e for t, e in tails if t == most)
    return next((e for e in ends if e > certain), ends[-1])


def _missing(total: int, end: int, front: int, tail: int) -> str:
    missing = total - end
    if tail:
        where = _place(_middle(total, front, tail), total)
    elif end < total // 2:
        where = f"at the end, only the first {end + len(PREFIX)} of {total + len(PREFIX)} are here"
    else:
        # As far as there is anything it fits: what is missing is what would have followed.
        where = _place(end, total, cut=front == end // (GROUP + 1))
    number, verb = count(missing, "character"), agreeing(missing, "is")
    return f"{number} of the blob {verb} missing {where}: copy the whole line again."


def _altered(characters: str) -> str:
    total = len(characters)
    spans = _spans(total)
    bad = [n for n, (a, b) in enumerate(spans) if not _group_fits(n, characters[a:b])]
    if len(bad) == 1 and total <= _MOST_SEARCHED:
        a, b = spans[bad[0]]
        at = _single_error(characters, a, b)
        if at is not None:
            return (
                f"1 character of the blob was altered {_place(at, total)}: "
                "copy the whole line again."
            )
    if not bad:
        return "The blob was altered on its way: copy the whole line again."
    where = ", ".join(f"{spans[n][0] + 8}-{spans[n][1] + 7}" for n in bad[:3])
    more = " and further on" if len(bad) > 3 else ""
    return (
        f"The blob was altered in characters {where}{more} of its {total + len(PREFIX)}: "
        "copy the whole line again."
    )


def _single_error(characters: str, start: int, stop: int) -> int | None:
    """The one character of a group whose change to another value makes the checksum right."""
    for at in range(start, stop):
        for value in _ALPHABET:
            if _unarmoured(characters[:at] + value + characters[at + 1 :]) is not None:
                return at
    return None


def _middle(total: int, front: int, tail: int) -> int:
    """The middle of what fits neither from the start nor from the end."""
    spans = _spans(total)
    first, last = min(front, len(spans) - 1), max(len(spans) - 1 - tail, 0)
    return (spans[first][0] + spans[max(first, last)][1]) // 2


def _place(at: int, total: int, *, cut: bool = False) -> str:
    """`near the end (around character 90 of 98)`, the prefix counted as the user sees it."""
    third = "near the start" if at < total / 4 else "in the middle"
    if cut or at >= total * 3 / 4:
        third = "near the end"
    return f"{third} (around character {at + 1 + len(PREFIX)} of {total + len(PREFIX)})"
