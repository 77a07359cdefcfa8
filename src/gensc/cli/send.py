"""The command that shows one picture over several links: send."""

from pathlib import Path
from typing import Annotated

import typer

from gensc.cli.options import Device, changes, numbers, ratio
from gensc.cli.stop import stopping
from gensc.errors import InputError


def add(app: typer.Typer) -> None:
    """Add this command to the root."""
    app.command()(send)


def send(
    picture: Annotated[Path, typer.Argument(help="A picture file.")],
    link: Annotated[list[str] | None, typer.Option(help="A packaged link or a link file; may be given again. "
                                                        "Default jscc.")] = None,
    snr_db: Annotated[str, typer.Option(help="Es/N0 in dB; several between commas make a row each.")] = "5",
    cbr: Annotated[str, typer.Option(help="Channel uses a value of the picture, e.g. 1/24; several between commas "
                                          "make a row each.")] = "",
    size: Annotated[int | None, typer.Option(help="Send its central square at this side in px; default all of it, as "
                                                  "it is.", min=8)] = None,
    baseline: Annotated[str, typer.Option(help="Picture formats of the classical link at equal channel uses, between "
                                               "commas.")] = "webp,avif",
    setting: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE",
                                                      help="Change anything in the links (repeatable).")] = None,
    out: Annotated[Path | None, typer.Option(help="PNG to write; default PICTURE-sent.png here.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the channel's noise.", min=0)] = 0,
    device: Device = "auto",
) -> None:
    """Send one picture and see what arrives: over each link, and over the classical link at equal channel uses.

    Example: gensc send photo.jpg --link jscc --snr-db 0,5,10 --cbr 1/24
    """
    from gensc.experiment import send as sender
    from gensc.machine import files
    from gensc.report.gallery import gallery

    levels = numbers(snr_db, "--snr-db")
    if not levels:
        raise InputError("--snr-db is empty: expected numbers between commas, e.g. 0,5,10")
    formats = tuple(one.strip() for one in baseline.split(",") if one.strip())
    ratios = [one.strip() for one in cbr.split(",")] if cbr else [""]
    rows, titles = [], []
    with stopping("nothing is written"):
        pixels = sender.read(picture, size)
        for one in ratios:
            for level in levels:
                rows.append(sender.send(pixels, tuple(link or ["jscc"]), level, formats, changes(setting or []), seed,
                                        ratio(one, "--cbr") if one else None, device))
                titles.append(f"{level:g} dB{f', CBR {one}' if one else ''}   (PSNR, st_lpips, channel uses)")
        sheet = gallery(rows, titles)
        target = out or Path(f"{picture.stem}-sent.png")
        files.write_with(target, lambda temporary: sheet.save(temporary, format="PNG"))
    print(f"{'link':<22}{'Es/N0':>7}{'uses':>10}{'PSNR dB':>9}{'st_lpips':>10}")
    for row, title in zip(rows, titles, strict=True):
        for received in row[1:]:
            lost = "" if received.arrived else "  lost"
            print(f"{received.link:<22}{title.split(' ')[0]:>7}{received.uses:>10,}{received.psnr_db:>9.2f}"
                  f"{received.st_lpips:>10.3f}{lost}")
    print(target)
