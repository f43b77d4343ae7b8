"""`python -m icetui` is `icetui`."""

from icetui.commands.program import main

main(prog_name="icetui")
