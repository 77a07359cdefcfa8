"""What Ctrl-C says: one sentence, and exit code 130."""

import contextlib
import sys
from collections.abc import Iterator

import typer


@contextlib.contextmanager
def stopping(left: str) -> Iterator[None]:
    """Says ``left``, what a stopped command leaves behind, instead of a traceback."""
    try:
        yield
    except KeyboardInterrupt:
        print(f"gensc: stopped; {left}", file=sys.stderr)
        raise typer.Exit(130) from None
