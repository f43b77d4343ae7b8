"""`python -m icetui` is `icetui`."""

from icetui.commands.group import main

main(prog_name="icetui")
