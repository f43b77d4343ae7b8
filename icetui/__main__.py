"""`python -m icetui` is `icetui`."""

from icetui.cli import main

main(prog_name="icetui")
