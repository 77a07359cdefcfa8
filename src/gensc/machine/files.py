"""Files and folders that are whole or not there: written beside their place, then moved into it."""

import contextlib
import os
import shutil
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
