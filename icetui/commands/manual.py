"""The manual page, made of the same text as --help: `python -m icetui.commands.manual`.

It stands in the wheel as icetui.1; a test sees to it that it is current.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import click

from icetui import __version__

FILES = (
    ("icetui.toml", "The settings, in your configuration folder; icetui config says where."),
    ("dashboard.json", "Theme and columns as chosen last, in your folder of state."),
)
ENVIRONMENT = (
    ("ICETUI_CONFIG", "Path of the settings file."),
    ("ICETUI_STUN, ICETUI_TURN, ICETUI_PORT …", "Any setting of the file, in capitals."),
    ("NO_COLOR", "No colours on the screen."),
    ("SSL_CERT_FILE", "A private certificate authority for turns: servers."),
)


def page() -> str:
    """The whole of it, in the man macros."""
    from icetui.commands.program import main

    return "\n".join(_page(main)) + "\n"


def _page(main: click.Group) -> Iterator[str]:
    context = click.Context(main, info_name="icetui")
    yield f'.TH ICETUI 1 "" "icetui {__version__}" "User Commands"'
    yield ".SH NAME"
    yield r"icetui \- watch two machines find a path to each other"
    yield ".SH SYNOPSIS"
    yield r".B icetui"
    yield r"[\fIOPTIONS\fR] [\fIBLOB\fR]"
    yield ".br"
    yield r".B icetui"
    yield r"\fICOMMAND\fR [\fIOPTIONS\fR] [\fIARGUMENTS\fR]"
    yield ".SH DESCRIPTION"
    yield from _paragraphs(main.help or "")
    yield from _paragraphs(main.epilog or "")
    yield ".SH OPTIONS"
    yield from _options(main, context)
    yield ".SH COMMANDS"
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        if command is None or command.hidden:
            continue
        inner = click.Context(command, info_name=name, parent=context)
        usage = " ".join(command.collect_usage_pieces(inner))
        yield f'.SS "icetui {name} {_plain(usage)}"'
        yield from _paragraphs(command.help or "")
        yield from _options(command, inner)
    yield ".SH FILES"
    yield from _terms(FILES)
    yield ".SH ENVIRONMENT"
    yield from _terms(ENVIRONMENT)


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    records = (parameter.get_help_record(context) for parameter in command.get_params(context))
    yield from _terms(record for record in records if record is not None)


def _terms(terms: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, text in terms:
        yield ".TP"
        yield rf"\fB{_plain(name)}\fR"
        yield _plain(text)


def _paragraphs(text: str) -> Iterator[str]:
    """Paragraphs; one behind the mark that click knows keeps its lines."""
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        lines = [line.strip() for line in paragraph.splitlines()]
        yield ".PP"
        if lines[0] == "\b":
            for line in lines[1:]:
                yield _plain(line)
                yield ".br"
        else:
            yield _plain(" ".join(lines))


def _plain(text: str) -> str:
    """Text in which roff sees no command."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-")
    escaped = "".join(c if c.isascii() else f"\\[u{ord(c):04X}]" for c in escaped)
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped


if __name__ == "__main__":
    print(page(), end="")
