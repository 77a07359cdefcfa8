"""A data source from its name."""

from pathlib import Path

from gensc import registry
from gensc.data.source import Source
from gensc.errors import InputError


def open_source(spec: str, size: int = 224) -> Source:
    """The source that ``NAME`` or ``NAME:ARGUMENT`` names, at the working size ``size`` in pixels; 0 takes pictures as
    they are.

    Raises InputError with the nearest right name, or with the name to put before a bare path.
    """
    if size < 0:
        raise InputError(f"the working size is {size} pixels: expected 1 or more, or 0 for pictures as they are "
                         "(option: size)")
    name, _, argument = spec.partition(":")
    if name not in registry.names("data") and Path(spec).exists():
        raise InputError(f"{spec!r} is a path: did you mean {_reader(Path(spec))}:{spec}?")
    source: Source = registry.create("data", name, argument=argument, size=size)
    return source


def _reader(path: Path) -> str:
    """The source that reads a path, by what lies there."""
    return "parquet" if path.is_file() or any(path.glob("*.parquet")) else "folder"
