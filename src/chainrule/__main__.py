"""``python -m chainrule``."""

from .cli import main

main(prog_name="chainrule")
