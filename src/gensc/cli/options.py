"""Values that several commands read from the command line."""

import tomllib
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer

from gensc.errors import InputError

Device = Annotated[str, typer.Option(help="Where to compute: auto (a GPU where there is one), cpu, cuda or mps.")]


def numbers(text: str, option: str) -> tuple[float, ...]:
    """"0,5,10" as numbers; empty text as no numbers. nan is refused."""
    try:
        values = tuple(float(one) for one in text.split(",") if one.strip())
    except ValueError:
        raise InputError(f"{option} is {text!r}: expected numbers between commas, e.g. 0,5,10") from None
    if text and not values:
        raise InputError(f"{option} is {text!r}: expected numbers between commas, e.g. 0,5,10")
    if any(value != value for value in values):
        raise InputError(f"{option} is {text!r}: nan is no SNR; expected numbers between commas, e.g. 0,5,10")
    return values


def ratio(text: str, option: str) -> float:
    """"1/6" or "0.1667" as a number above 0."""
    try:
        value = float(Fraction(text.strip()))
    except (ValueError, ZeroDivisionError):
        raise InputError(f"{option} is {text!r}: expected a ratio such as 1/6 or 0.1667") from None
    if not value > 0:
        raise InputError(f"{option} is {text!r}: expected a ratio above 0, such as 1/6")
    return value


def whole_numbers(text: str, option: str) -> tuple[int, ...]:
    """"0,1,2" as whole numbers; empty text as none."""
    values = numbers(text, option)
    if not all(value.is_integer() for value in values):
        raise InputError(f"{option} is {text!r}: expected whole numbers between commas, e.g. 0,1,2")
    return tuple(int(value) for value in values)


def changes(settings: Sequence[str]) -> dict[str, Any]:
    """["link.transport.uses=64", ...] as keys and TOML values; what is no TOML value is taken as text."""
    found: dict[str, Any] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not key:
            raise InputError(f"--set {setting!r}: expected KEY=VALUE, e.g. --set train.epochs=20")
        try:
            found[key.strip()] = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            found[key.strip()] = text
    return found


def svg(path: Path | None) -> Path | None:
    """The file of a plot: what is no name of an SVG is refused before anything is measured."""
    if path is not None and path.suffix.lower() != ".svg":
        raise InputError(f"--plot is {path}: plots are SVG, expected a name that ends in .svg")
    return path
