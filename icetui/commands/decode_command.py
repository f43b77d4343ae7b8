"""`icetui decode`: what a pasted text contains."""

from __future__ import annotations

import re
import sys

import click

from icetui.commands.exits import fail, say

FILE_NAME = re.compile(
    r"[^\s{}=:@]{1,200}\.[A-Za-z][A-Za-z0-9]{0,5}|(?:/|~/|\.\.?/)[^\s{}=:@]{1,200}"
)
"""What nobody would paste, and is meant for a file's name where there is no such file. A server's
URL is none: it may hold a password, and this is said back."""


@click.command()
@click.argument("words", nargs=-1, metavar="[TEXT | FILE]…")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def decode(words: tuple[str, ...], as_json: bool) -> None:
    """What a blob, SDP, trickle JSON or STUN message contains; from stdin without TEXT.

    A STUN message is given as hexadecimal digits, as a hex dump, or as base64.
    """
    import time

    from icetui.commands import decode_output
    from icetui.signaling import UnreadableDescription, read, stun_bytes

    text = _text_to_decode(words)
    _fail_on_a_recording(words, text)
    try:
        message = stun_bytes(text)
        if message is not None:
            told = decode_output.stun_as_json if as_json else decode_output.stun_as_table
            click.echo(told(message), nl=False)
            return
        description = read(text)
        shown = decode_output.as_json(description) if as_json else None
        click.echo(shown or decode_output.as_table(description, time.time()), nl=False)
    except UnreadableDescription as problem:
        name = words[0] if len(words) == 1 else ""
        if FILE_NAME.fullmatch(name) and text == name:
            from pathlib import Path

            what = f"{name} is no file that can be read" if Path(name).exists() else (
                f"there is no file {name}"
            )  # fmt: skip
            fail(f"{what}, and as a text it says nothing: {problem}", 3)
        fail(str(problem), 3)
    except ValueError as problem:
        fail(f"this STUN message is malformed: {problem}", 3)


def _fail_on_a_recording(words: tuple[str, ...], text: str) -> None:
    """Those are for other commands."""
    from icetui.streams.recording import is_recorded

    if is_recorded(text.encode()):
        name = words[0] if len(words) == 1 and words != ("-",) and words[0] != text else "FILE"
        fail(
            f"this is a recording: `icetui report {name}` sums it up, `icetui view {name}` shows "
            "it",
            3,
        )


def _text_to_decode(words: tuple[str, ...]) -> str:
    """The text itself, that of the file it names, or what stands on stdin."""
    from pathlib import Path

    from icetui.commands.typed_text import read_typed
    from icetui.signaling import MAX_TEXT

    if words not in ((), ("-",)):
        text = " ".join(words)
        try:
            if len(text) < 4096 and (Path(text).is_file() or Path(text).is_fifo()):
                with Path(text).open("rb") as file:
                    return file.read(MAX_TEXT + 1).decode("utf-8", "replace")
        except OSError as error:
            fail(f"{text} cannot be read: {error.strerror}")
        except ValueError:  # no path has a NUL in it
            pass
        return text
    if sys.stdin is None:
        fail("there is no text: name it, or give it on stdin", 3)
    if sys.stdin.isatty():
        ask = "Paste the text, then end it with Ctrl-D:"
        typed = read_typed(sys.stdin.fileno(), MAX_TEXT + 1, lambda: say(ask))
        return typed.decode("utf-8", "replace")
    return sys.stdin.buffer.read(MAX_TEXT + 1).decode("utf-8", "replace")
