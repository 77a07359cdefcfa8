"""Commands that measure gensc beside its peers and its bounds: bench ldpc, wifi7, adaptation,
learned-channel, equaliser, and those of the quantum parts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gensc.cli import bench_quantum as quantum
from gensc.cli.options import numbers, svg, whole_numbers
from gensc.cli.stop import stopping
from gensc.errors import InputError
from gensc.registry import nearest

if TYPE_CHECKING:
    from gensc.phy.ldpc import Code

DEFAULT_CODE = "1944:1/2"


def add(app: typer.Typer) -> None:
    """Add these commands to the root."""
    bench = typer.Typer(help="Measure gensc beside its peers, in one run.", no_args_is_help=True)
    for command in (ldpc, wifi7, adaptation, choice, learned_channel, equaliser, *quantum.COMMANDS):
        bench.command()(command)
    app.add_typer(bench, name="bench")


def ldpc(
    code: Annotated[list[str] | None, typer.Option(help="LENGTH:RATE, e.g. 1944:1/2; may be given again.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All twelve 802.11 codes.")] = False,
    seconds: Annotated[float, typer.Option(help="How long each decoder runs a code.", min=0.1)] = 5.0,
    loss: Annotated[bool, typer.Option("--loss", help="Measure the loss in dB at a BLER of 1e-2.")] = False,
    frames: Annotated[int, typer.Option(help="Frames at each SNR of the loss.", min=100)] = 2000,
    out: Annotated[Path | None, typer.Option(help="CSV table of the loss; codes already in it are kept.")] = None,
) -> None:
    """Our LDPC decoder beside Sionna's 20-iteration sum-product decoder: information bit rate, BLER, loss.

    Example: gensc bench ldpc --code 1944:1/2 --code 648:5/6 --seconds 10
    """
    if every and code:
        raise InputError("--all and --code were both given: give one of them")
    if out and not loss:
        raise InputError("--out holds the table of --loss: add --loss")
    from gensc.phy.ldpc import NAMES

    chosen = [_named(one) for one in (NAMES if every else code or [DEFAULT_CODE])]
    with stopping(f"the codes measured so far are in {out}" if out else "nothing is kept"):
        if loss:
            _loss(chosen, frames, out)
        else:
            _rates(chosen, seconds)


def wifi7(
    packets: Annotated[int, typer.Option(help="Packets at each SNR.", min=100)] = 1000,
    out: Annotated[Path | None, typer.Option(help="CSV table of all points.")] = None,
) -> None:
    """Packet errors of the Wi-Fi 7 receiver, with everything to be found and estimated, beside those of its code
    alone, and the gap in dB.

    Example: gensc bench wifi7 --packets 300 --out per.csv
    """
    from gensc.bench.output import write_csv
    from gensc.bench.wifi7 import MCS_SHOWN, gap_db, snr_at, table

    with stopping("nothing is kept"):
        points = table(packets=packets)
    print(f"{'MCS':<5}{'PER':>6}{'alone dB':>10}{'whole dB':>10}{'gap dB':>8}")
    for index in MCS_SHOWN:
        for rate in (0.1, 0.01):
            alone, whole = (snr_at(points, index, receiver, rate) for receiver in ("alone", "whole"))
            print(f"{index:<5}{rate:>6g}{alone:>10.2f}{whole:>10.2f}{gap_db(points, index, rate):>8.2f}")
    if out:
        write_csv(points, out)
        print(out)


def adaptation(
    out: Annotated[Path, typer.Option(help="CSV table to write.")],
    frames: Annotated[int, typer.Option(help="Frames at each SNR.", min=250)] = 500,
) -> None:
    """Measure the table that link adaptation reads: lost frames of every MCS and size over AWGN.

    Example: gensc bench adaptation --out adaptation.csv
    """
    from gensc.bench.adaptation import measure

    with stopping("nothing is written"):
        measure(out, frames)
    print(out)


def choice(
    channel: Annotated[list[str] | None, typer.Option(help="A channel by its name in the table; may be given again. "
                                                          "Default: all.")] = None,
    uses: Annotated[str, typer.Option(help="Channel uses of an item, between commas.")] = "128,640",
    snr_db: Annotated[str, typer.Option(help="Es/N0 in dB, between commas.")] = "-5,5,10,20",
    target: Annotated[float, typer.Option(help="The share of items that may be lost.")] = 0.01,
    items: Annotated[int, typer.Option(help="Draws of each channel.", min=50)] = 400,
    out: Annotated[Path | None, typer.Option(help="CSV table to write as well.")] = None,
) -> None:
    """The scheme that a classical link chooses for a channel, beside all schemes on other draws of it.

    Example: gensc bench choice --uses 128 --snr-db 5,10 --out choice.csv
    """
    from gensc.bench.choice import CHANNELS, survey
    from gensc.bench.output import write_csv

    names = tuple(channel) if channel else tuple(CHANNELS)
    for name in names:
        if name not in CHANNELS:
            raise InputError(f"there is no channel {name!r} in the table{nearest(name, CHANNELS)}: its names are "
                             f"{', '.join(CHANNELS)}")
    print(f"{'channel':<26}{'uses':>6}{'dB':>6}{'MCS':>5}{'lost %':>20}{'bytes':>9}{'best':>9}{'share':>7}")
    found = []
    for one in survey(names, whole_numbers(uses, "--uses"), numbers(snr_db, "--snr-db"), target, items):
        found.append(one)
        lost = f"{100 * one.lost:.2f} ({100 * one.low:.1f}-{100 * one.high:.1f})"
        share = f"{one.delivered / one.best:.2f}" if one.best else "-"
        print(f"{one.channel:<26}{one.uses:>6}{one.snr_db:>6g}{one.mcs:>5}{lost:>20}{one.delivered:>9.1f}"
              f"{one.best:>9.1f}{share:>7}", flush=True)
    if out:
        write_csv(found, out)
        print(out)


def learned_channel(
    channel: Annotated[list[str] | None, typer.Option(help="awgn, rayleigh, rayleigh-h, rapp, rician; may be "
                                                          "given again. Default: all.")] = None,
    model: Annotated[list[str] | None, typer.Option(help="gaussian, gan, diffusion; may be given again. "
                                                        "Default: all.")] = None,
    steps: Annotated[int | None, typer.Option(help="Training steps; the usual number if not given.", min=1)] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything.")] = 0,
    links: Annotated[bool, typer.Option(help="Train links through the channels as well.")] = True,
    out: Annotated[Path | None, typer.Option(help="CSV table of all figures.")] = None,
    plot: Annotated[Path | None, typer.Option(help="SVG of the links' errors over SNR.", callback=svg)] = None,
) -> None:
    """Channels learned by a GAN and by diffusion: distance from the true law, and message errors of links that were
    trained through them.

    Example: gensc bench learned-channel --channel rapp --model diffusion --out rapp.csv
    """
    from gensc.bench import output
    from gensc.bench.learned_channel import compare as measure
    from gensc.channel.learned.networks import KINDS, kind_named
    from gensc.channel.learned.truth import TRUTHS

    kinds = [kind_named(one) for one in model or KINDS]
    rows: list[measure.Row] = []
    with stopping(f"the channels measured so far are in {out}" if out else "nothing is kept"):
        for name in channel or TRUTHS:
            found = list(measure.measured(name, kinds, seed, steps, links))
            print("\n".join(measure.shown(found)), flush=True)
            rows += found
            if out:
                output.write_csv(rows, out)
    panels = measure.panels(rows)
    if plot and panels:
        output.plot(panels, plot, "Es/N0, dB", "message errors", "log")


def equaliser(
    blocks: Annotated[int, typer.Option(help="Blocks of 1000 symbols at each SNR.", min=2)] = 40,
    seed: Annotated[int, typer.Option(help="Seed of everything.")] = 0,
    out: Annotated[Path | None, typer.Option(help="CSV table of all points.")] = None,
    plot: Annotated[Path | None, typer.Option(help="SVG of the errors over SNR.", callback=svg)] = None,
) -> None:
    """Symbol errors of a VAE as a blind equaliser beside constant modulus and MMSE with pilots, over multipath.

    Example: gensc bench equaliser --blocks 20 --out equaliser.csv
    """
    from gensc.bench import output
    from gensc.bench.equaliser import Row, panels, table

    rows: list[Row] = []
    print(f"{'':<8}{'channel':<9}{'SNR dB':>7}  {'equaliser':<16}{'block':<7}{'SER':>9}{'95 %':>20}")
    with stopping(f"the points measured so far are in {out}" if out else "nothing is kept"):
        for row in table(blocks, seed):
            rows.append(row)
            interval = f"{row.low:.5f} to {row.high:.5f}"
            print(f"{row.constellation:<8}{row.channel:<9}{row.snr_db:>7g}  {row.equaliser:<16}{row.block:<7}"
                  f"{row.ser:>9.5f}{interval:>20}", flush=True)
            if out:
                output.write_csv(rows, out)
    if plot:
        output.plot(panels(rows), plot, "Es/N0, dB", "symbol errors, own block", "log")


def _named(name: str) -> "Code":
    from gensc.phy.ldpc import NAMES
    from gensc.phy.ldpc import code as lookup

    if name not in NAMES:
        raise InputError(f"--code {name!r} is no 802.11 LDPC code: choose from {', '.join(NAMES)}")
    length, rate = name.split(":")
    return lookup(int(length), rate)


def _rates(codes: "list[Code]", seconds: float) -> None:
    import torch

    from gensc.bench.ldpc import race, waterfall_db

    print(f"information bits, Mbit/s, {torch.get_num_threads()} threads; BPSK over AWGN, at most 20 iterations")
    print(f"{'code':<10}{'Es/N0 dB':>9}{'ours':>9}{'Sionna':>9}{'ratio':>8}{'our BLER':>11}{'their BLER':>12}")
    for one in codes:
        snr_db = waterfall_db(one)
        mine, theirs = race(one, snr_db, seconds)
        print(f"{one.name:<10}{snr_db:>9.2f}{mine.mbps:>9.2f}{theirs.mbps:>9.3f}{mine.mbps / theirs.mbps:>8.0f}"
              f"{mine.bler:>11.4f}{theirs.bler:>12.4f}", flush=True)


def _loss(codes: "list[Code]", trials: int, out: Path | None) -> None:
    from gensc.bench.ldpc_loss import measure, read
    from gensc.bench.output import write_csv

    rows = read(out) if out else []
    print(f"{'code':<10}{'ours dB':>9}{'Sionna dB':>11}{'loss dB':>9}{'95 %':>18}{'frames':>9}")
    for one in codes:
        found = next((row for row in rows if row.code == one.name), None)
        if found is None:
            found = measure(one, trials)
            rows.append(found)
            if out:
                write_csv(rows, out)
        interval = f"{found.loss_low_db:.3f} to {found.loss_high_db:.3f}"
        print(f"{found.code:<10}{found.ours_db:>9.3f}{found.sionna_db:>11.3f}{found.loss_db:>9.3f}{interval:>18}"
              f"{found.frames:>9}", flush=True)
