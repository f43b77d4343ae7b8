"""Processes that a frozen executable starts as itself: the engine, the simulated internet."""

from __future__ import annotations

import click


@click.command(hidden=True)
def engine() -> None:
    """The engine: commands on stdin, events on stdout. A frozen executable starts itself so."""
    from importlib import import_module

    # By name: only this process may load the engine, and it is the engine then.
    import_module("icetui.engine.__main__").run()


@click.command(hidden=True, context_settings={"ignore_unknown_options": True})
@click.argument("ignored", nargs=-1)
def network(ignored: tuple[str, ...]) -> None:
    """The simulated internet, in the same way."""
    from importlib import import_module

    import_module("icetui.vnet.__main__").run()
