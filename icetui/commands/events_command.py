"""`icetui events`: the vocabulary of the event stream."""

from __future__ import annotations

import click


@click.command(name="events")
@click.option("--schema", is_flag=True, required=True, help="Print it as JSON Schema.")
def events_command(schema: bool) -> None:
    """The vocabulary of the event stream."""
    import json

    from icetui.events import schema as json_schema

    click.echo(json.dumps(json_schema(), indent=2))
