"""`icetui config`: the settings file."""

from __future__ import annotations

import os
import sys

import click

from icetui.commands.exits import fail, say


@click.command()
@click.option("--path", "wanted", flag_value="path", help="Print where the file is looked for.")
@click.option("--init", "wanted", flag_value="init", help="Write one with everything in it.")
@click.option("--check", "wanted", flag_value="check", help="Say what is wrong with it.")
def config(wanted: str | None) -> None:
    """The settings file: where it is, a first one, what is wrong with it.

    \b
    Exit codes of --check: 0 nothing is wrong, 3 something is.
    """
    from icetui.dashboard.mistakes import mistakes
    from icetui.dashboard.template import template
    from icetui.settings.preferences import write_template
    from icetui.settings.session_settings import config_path

    path = config_path()
    if wanted == "init":
        try:
            new = write_template(path, template())
        except OSError as error:
            fail(f"{path} cannot be written: {error.strerror}")
        say(f"{path} is written" if new else f"{path} is there already and stays as it is")
    elif wanted == "check":
        if os.environ.get("ICETUI_CONFIG") and not path.exists():
            fail(f"{path}, which ICETUI_CONFIG names, is not there", 3)
        found = mistakes(path)
        for sentence in found:
            click.echo(sentence)
        if found:
            sys.exit(3)
        say(f"{path}: nothing is wrong" if path.exists() else f"{path} is not there: defaults")
    else:
        click.echo(path)
