"""Files that are whole or not there: written beside their place, then moved into it."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from gensc.errors import InputError


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path that becomes ``path`` when the block ends well, and vanishes when it does not.

    Raises InputError where the folder can't be written or the disk is full.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(f"{path} can't be written ({error.strerror or error}): free disk space or name another "
                         "place with --out") from error
    finally:
        if temporary.exists():
            temporary.unlink()


def sweep_parts(folder: Path) -> None:
    """Remove the temporary files that a killed run left below ``folder``; nobody may be writing there."""
    for left in folder.rglob(".*.part"):
        left.unlink()


def write_text(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_with(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a temporary file that then becomes ``path``."""
    with replacing(path) as temporary:
        write(temporary)
