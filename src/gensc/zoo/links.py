"""The trained links that come with gensc: one .safetensors each, with a model card beside it."""

import math
from collections.abc import Callable
from pathlib import Path

from gensc.errors import InputError

FOLDER = Path(__file__).parent / "trained"
SUFFIX = ".safetensors"


def names() -> list[str]:
    """The names of the packaged links, sorted."""
    return sorted(file.stem for file in FOLDER.glob(f"*{SUFFIX}"))


def summary(name: str) -> str:
    """The first line of a packaged link's model card."""
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8").splitlines()[0].lstrip("# ")


def resolve(name: str, side: Callable[[], int] | None = None) -> Path:
    """The link file that ``name`` stands for: a path, a packaged link, or the first part of several's names
    ("jscc" of jscc-cifar10 and jscc-photographs), of which the one for pictures of about ``side()`` px is taken.

    Raises InputError where there is none.
    """
    if name.endswith(SUFFIX) or Path(name).exists():
        return Path(name)
    if name in names():
        return FOLDER / f"{name}{SUFFIX}"
    family = [one for one in names() if one.startswith(f"{name}-")]
    if not family:
        raise InputError(f"there is no link {name!r}: the packaged ones are {', '.join(names())}; a link file ends "
                         f"in {SUFFIX}")
    if side is None:
        raise InputError(f"{name!r} stands for several links: name one of {', '.join(family)}")
    wanted = side()
    nearest = min(family, key=lambda one: abs(math.log(wanted / SIDES.get(one.rpartition("-")[2], wanted))))
    return FOLDER / f"{nearest}{SUFFIX}"


SIDES = {"cifar10": 32, "photographs": 320}
"""Sides in px of the pictures that a packaged link was made for, by the last part of its name."""
