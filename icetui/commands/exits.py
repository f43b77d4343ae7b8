"""What a command says outside its data, and how it ends."""

from __future__ import annotations

import sys
from typing import NoReturn

import click


def fail(sentence: str, code: int = 2) -> NoReturn:
    """One sentence on stderr and an exit code."""
    click.echo(f"icetui: {sentence}", err=True)
    sys.exit(code)


def say(sentence: str) -> None:
    """A line for people."""
    click.echo(sentence, err=True)
