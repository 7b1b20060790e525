"""The ``chainrule`` command: a file a subcommand. Nothing here is loaded by ``import chainrule``."""

from .command import main

__all__ = ["main"]
