"""`icetui completion`: for a shell."""

from __future__ import annotations

import click


@click.command()
@click.pass_context
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def completion(context: click.Context, /, shell: str) -> None:
    """Completion for a shell, to be evaluated by it.

    \b
    bash: eval "$(icetui completion bash)"      in ~/.bashrc
    zsh:  eval "$(icetui completion zsh)"       in ~/.zshrc
    fish: icetui completion fish | source       in ~/.config/fish/config.fish
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(context.find_root().command, {}, "icetui", "_ICETUI_COMPLETE").source())
