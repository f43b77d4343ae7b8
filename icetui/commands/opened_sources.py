"""From options to an open `Source`: the engine or other process behind it, a recording, and the
wrappers around it (blob files, masking, recording).

What belongs here: building and wrapping sources as a command asks. No drawing, no exit and no
word to the user: what hinders is raised as `CannotOpen`. Imports are late, as in the commands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from icetui.streams.cannot_open import CannotOpen

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from icetui.events import StartSession
    from icetui.streams.masking import Mask
    from icetui.streams.source import Source


def start_command(
    chosen: dict[str, Any], problems: list[str] | None = None, **more: Any
) -> StartSession:
    """The command that opens a session with these flags; `more` are fields of it that only one
    command sets. With `problems` a broken settings file is said there and stops nothing. Raises
    CannotOpen."""
    import msgspec

    from icetui.settings.session_settings import BadSettings, load

    if chosen["no_servers"] and (chosen["stun"] or chosen["turn"]):
        raise CannotOpen("--no-servers and a server contradict each other; leave one of them out")
    try:
        return msgspec.structs.replace(load(chosen, problems=problems).start(), **more)
    except BadSettings as problem:
        raise CannotOpen(str(problem)) from problem


def servers(flags: dict[str, Any]) -> StartSession:
    """The servers that flags name, and none else: no setting of the file, nobody by default.
    Raises CannotOpen."""
    from icetui.settings.session_settings import BadSettings, Settings

    given = {name: value for name, value in flags.items() if value}
    try:
        return Settings(**{"stun": (), **given}).start()
    except BadSettings as problem:
        raise CannotOpen(str(problem)) from problem


def engine(start: StartSession, hint: str = "", failure: int = 1) -> Source:
    """An engine that is gathering already. Raises CannotOpen, with the exit code `failure`."""
    from icetui.streams.process_source import ProcessSource

    try:
        return ProcessSource(first=(start,), hint=hint)
    except OSError as error:
        raise CannotOpen(f"the engine cannot be started: {error.strerror}", failure) from error


def recording(name: str, speed: float) -> Source:
    """A recording from a file, played `speed` times as fast. Raises CannotOpen."""
    from itertools import chain
    from pathlib import Path

    from icetui.streams.recording import Replay, UnreadableRecording, read

    path = Path(name)
    try:
        recorded = read(path)
        first = next(recorded)  # whether it is one at all has to be known before anything is drawn
        # A pipe may stall, and must not stall the screen: it is read to its end before.
        rest = recorded if path.is_file() else list(recorded)
        return Replay(chain((first,), rest), speed, hint=f"recording {path.name}")
    except UnreadableRecording as problem:
        raise CannotOpen(str(problem)) from problem
    except OSError as error:
        raise CannotOpen(f"{path} cannot be read: {error.strerror}") from error


def process(argv: tuple[str, ...]) -> Source:
    """Any command that prints events and reads commands. Raises CannotOpen."""
    from icetui.streams.foreign_source import Foreign
    from icetui.streams.process_source import ProcessSource

    try:
        return Foreign(ProcessSource(argv, hint=f"events of {argv[0]}"))
    except OSError as error:
        raise CannotOpen(f"{argv[0]} cannot be started: {error.strerror}") from error


def mask(start: StartSession | None = None) -> Mask:
    """Pseudonyms for one run; what `start` names is known to it from the beginning."""
    from icetui.streams.masking import Mask

    made = Mask()
    if start is not None:
        made.learn(start)
    return made


def with_files(source: Source, out: Path | None, into: Path | None) -> Source:
    """The source, its blobs exchanged through files where some are named."""
    if out is None and into is None:
        return source  # and signaling is not imported before it is needed
    from icetui.streams.blob_files import WithBlobFiles

    return WithBlobFiles(source, out, into)


def recorded(
    source: Source,
    path: Path | None,
    mask: Mask | None = None,
    kept: Callable[[str], None] | None = None,
) -> Source:
    """The source, masked if wanted, and also written to a file if one is named.

    An earlier recording of that name is kept beside it; `kept` is told so in a sentence. Raises
    CannotOpen when the file cannot be written or would overwrite something else.
    """
    if mask is not None:
        from icetui.streams.masking import Masked

        source = Masked(source, mask)
    if path is None:
        return source
    from icetui.streams.recording import Recorded, UnreadableRecording, keep_earlier

    try:
        earlier = keep_earlier(path)
        opened = Recorded(source, path)
    except UnreadableRecording as problem:
        raise CannotOpen(str(problem)) from problem
    except OSError as error:
        raise CannotOpen(f"{path} cannot be written: {error.strerror}") from error
    if earlier is not None and kept is not None:
        kept(f"the earlier recording is kept as {earlier}")
    return opened


def paste(source: Source, theirs: str) -> None:
    """Hand their description in before anything else happens."""
    from icetui.events import Paste

    source.send(Paste(text=theirs))


def check_folder(path: Path | None) -> None:
    """Raises CannotOpen for a file in a folder that is not there: it will be written later."""
    if path is not None and not path.absolute().parent.is_dir():
        raise CannotOpen(
            f"{path.absolute().parent} is no folder, so {path.name} cannot be written there"
        )
