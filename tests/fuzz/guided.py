"""The reader of texts under coverage-guided fuzzing: `python -m tests.fuzz guided --seconds 60`.

Run by hand, where atheris is installed (`pip install -e '.[fuzz]'`). Every text must be read or
refused with `UnreadableDescription`, and what is read must be fit to be shown; a text that breaks
this, or takes longer than `SLOW` seconds, ends the run with the file that holds it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

SLOW = 5
"""Seconds that one text may take; the longest text is read in a tenth of one."""
LONGEST = 64 * 1024
"""Bytes of one text."""


def main(seconds: int) -> int:
    """Run so long; a text that breaks is left in the current folder."""
    try:
        import atheris  # type: ignore[import-not-found, unused-ignore]  # an optional extra
    except ImportError:
        print("atheris is not installed here: pip install -e '.[fuzz]'", file=sys.stderr)
        return 2
    # Whatever imports the reader first decides whether its branches are seen.
    with atheris.instrument_imports(include=["icetui.signaling"]):
        from tests.signaling import samples
        from tests.signaling.makers import BLOB
        from tests.signaling.test_hostile import SEEDS, WORDS, harmless

    def one(data: bytes) -> None:
        try:
            text = data.decode("utf-8", "surrogatepass")  # a paste may hold lone surrogates
        except UnicodeDecodeError:
            text = data.decode("utf-8", "replace")
        harmless(text)

    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder, "corpus")
        corpus.mkdir()
        seeds = [*SEEDS, BLOB * 2, samples.AIORTC_OFFER, samples.LIBNICE_SDP, *WORDS]
        for number, seed in enumerate(seeds):
            corpus.joinpath(str(number)).write_text(seed)
        words = Path(folder, "words")
        words.write_text("".join(f"{quoted(word)}\n" for word in WORDS))
        options = [
            f"-max_total_time={seconds}",
            f"-timeout={SLOW}",
            f"-max_len={LONGEST}",
            f"-dict={words}",
            "-artifact_prefix=./",
            "-print_final_stats=1",
        ]
        atheris.Setup([sys.argv[0], *options, str(corpus)], one)
        atheris.Fuzz()  # ends the process
    return 0


def quoted(word: str) -> str:
    """As libFuzzer's dictionaries have words."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in word.encode()) + '"'
