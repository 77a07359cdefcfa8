"""The command line: ``gensc``."""

from gensc.cli.main import main

__all__ = ["main"]
