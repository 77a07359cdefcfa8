"""Folders that are whole or not there: written beside their place, then renamed."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from gensc.errors import InputError


def refuse_taken(out: Path) -> None:
    """Raises InputError where ``out`` is a file or a folder with something in it."""
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file: name a new folder with --out")
    if out.is_dir() and any(out.iterdir()):
        raise InputError(f"{out} is not empty: name a new folder with --out, or remove this one first")


@contextlib.contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """A temporary folder that becomes ``out`` when the block ends well, and vanishes when it does not.

    Raises InputError where ``out`` is taken, the place can't be written, or the disk is full.
    """
    refuse_taken(out)
    place = out.resolve()
    temporary = place.with_name(f".{place.name}.{os.getpid()}.part")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        os.replace(temporary, place)
    except OSError as error:
        raise InputError(f"{out} can't be written ({error.strerror or error}), and nothing is left of it: free "
                         "disk space or name another place with --out") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
