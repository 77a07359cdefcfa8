"""Commands about data: data export, data make, data inspect."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gensc.cli.options import numbers
from gensc.cli.stop import stopping
from gensc.errors import InputError

if TYPE_CHECKING:
    from gensc.export.overview import Overview

SMALLEST, LARGEST = 32, 1024
NAMED = 5

Out = Annotated[Path, typer.Option(help="The folder to write: new, or empty.")]
Backbones = Annotated[str, typer.Option(help="Backbones between commas; see gensc zoo list.")]
Size = Annotated[int, typer.Option(help=f"Working size: the side of the pictures, {SMALLEST} to {LARGEST} pixels.")]


def add(app: typer.Typer) -> None:
    """Add these commands to the root."""
    data = typer.Typer(help="Data sets: export with features, make from the renderer, inspect.", no_args_is_help=True)
    for command in (export, make, inspect):
        data.command()(command)
    app.add_typer(data, name="data")


def export(
    data: Annotated[str, typer.Option(help="vehicles[:COUNT[:SEED]], folder:PATH, parquet:PATH or gensc6g.")],
    out: Out,
    backbones: Backbones = "efficientnet_lite0",
    snr_db: Annotated[str, typer.Option(help="Es/N0 of the noisy features in dB, between commas.")] = "10,30",
    size: Size = 224,
    seed: Annotated[int, typer.Option(help="Seed of the noise.", min=0)] = 0,
) -> None:
    """Write pictures with their features, clean and over AWGN, as Parquet in the GenSC-6G format.

    Example: gensc data export --data folder:photos --snr-db 10,30 --out exported
    """
    _check_size(size)
    levels = numbers(snr_db, "--snr-db")
    models = [name.strip() for name in backbones.split(",") if name.strip()]
    with stopping(f"nothing is left at {out}"):
        from gensc.export.augmented import export as write

        count = write(data, models, levels, out, size, seed)
    print(f"{count} items with {len(models) * (1 + len(levels))} feature columns: parquet:{out}")


def make(
    items: Annotated[int, typer.Option(help="How many pictures; the 16 classes take turns.")],
    out: Out,
    size: Size = 224,
    seed: Annotated[int, typer.Option(help="Seed of the scenes.", min=0)] = 0,
) -> None:
    """Render vehicles to PNG files: OUT/images/CLASS, OUT/masks/CLASS and OUT/items.csv (boxes, captions).

    Example: gensc data make --items 320 --out vehicles
    """
    _check_size(size)
    with stopping(f"nothing is left at {out}"):
        from gensc.export.rendered import make as render

        source = render(items, out, size, seed)
    print(f"{len(source)} pictures: folder:{out / 'images'}")
    needed = 2 * len(source.classes)
    if items < needed:
        print(f"folder:{out / 'images'} needs two pictures of every class: make {needed} items or more to read it so")


def inspect(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="A source, such as folder:PATH or parquet:PATH.")],
    out: Annotated[Path | None, typer.Option(help="A contact sheet to write (.png).")] = None,
    size: Size = 224,
) -> None:
    """Count a source's classes, unreadable pictures and duplicates, and write a contact sheet.

    Example: gensc data inspect folder:photos --out sheet.png
    """
    _check_size(size)
    if out is not None and out.suffix.lower() != ".png":
        raise InputError(f"--out is {out}: a contact sheet is a picture, so name a .png file")
    from gensc.data.open import open_source
    from gensc.export.overview import look
    from gensc.export.sheet import sheet
    from gensc.machine import files

    overview = look(open_source(spec, size))
    _print(overview, size)
    if out is not None:
        page = sheet(overview.samples, overview.counts)
        files.write_with(out, lambda place: page.save(place, "PNG"))
        print(f"{'sheet':<12} {out}")
    if overview.unreadable:
        raise InputError(f"{len(overview.unreadable)} of {sum(overview.counts.values())} pictures of {spec} cannot be "
                         "read (listed above): replace or remove them")


def _print(overview: "Overview", size: int) -> None:
    print(f"{'items':<12} {sum(overview.counts.values())}\n{'classes':<12} {len(overview.counts)}")
    widest = max(len(name) for name in overview.counts)
    for name, count in overview.counts.items():
        print(f"  {name:<{widest}}  {count}")
    print(f"{'digest':<12} {overview.digest or 'none: some pictures cannot be read'} (at {size} px)")
    exact = sum(kind == "exact" for _, _, kind in overview.copies)
    print(f"{'duplicates':<12} {exact} exact, {len(overview.copies) - exact} near")
    for first, copy, kind in overview.copies[:NAMED]:
        print(f"  {copy} = {first} ({kind})")
    if len(overview.copies) > NAMED:
        print(f"  and {len(overview.copies) - NAMED} more")
    print(f"{'unreadable':<12} {len(overview.unreadable)}")
    for reason in overview.unreadable:
        print(f"  {reason}")


def _check_size(size: int) -> None:
    if not SMALLEST <= size <= LARGEST:
        raise InputError(f"--size is {size}: expected {SMALLEST} to {LARGEST} pixels")
