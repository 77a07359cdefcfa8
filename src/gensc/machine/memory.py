"""Freed memory stays with the process; what would not fit is refused before it is tried."""

import ctypes
import os
import platform
from pathlib import Path

from gensc.errors import InputError

# From malloc.h of the GNU C library.
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3
MIB = 1 << 20


def keep_freed() -> None:
    """Let the C library keep the large blocks that a forward pass frees for the next one.

    It would give them back to the system and get them zeroed again at each step, which costs over a tenth
    of a training's time. Does nothing where the C library is not GNU's.
    """
    if platform.libc_ver()[0] == "glibc":
        library = ctypes.CDLL(None)
        library.mallopt(M_MMAP_THRESHOLD, 32 * MIB)
        library.mallopt(M_TRIM_THRESHOLD, 1024 * MIB)
        library.mallopt(M_TOP_PAD, 64 * MIB)


def available() -> int:
    """Bytes of memory that this process could still take."""
    facts = Path("/proc/meminfo")
    if facts.exists():
        lines = dict(line.split(":", 1) for line in facts.read_text().splitlines())
        return int(lines["MemAvailable"].split()[0]) * 1024
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def refuse_beyond(need: int, what: str, instead: str) -> None:
    """Raises InputError where ``what`` needs more bytes than there are; ``instead`` says what to do."""
    have = available()
    if need > have:
        raise InputError(f"{what} would take {need / 1e9:.1f} GB of memory and {have / 1e9:.1f} GB are free: {instead}")
