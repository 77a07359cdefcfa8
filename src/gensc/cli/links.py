"""Commands that make and score links: run, train, eval, report."""

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gensc.cli.options import Device, changes, numbers, ratio, whole_numbers
from gensc.cli.stop import stopping
from gensc.errors import InputError

if TYPE_CHECKING:
    from gensc.config import Experiment

KEPT = "what was finished is kept, and the same command goes on from there"
Data = Annotated[str, typer.Option(help="What is sent: vehicles[:COUNT[:SEED]], folder:PATH, parquet:PATH, gensc6g.")]
Test = Annotated[str, typer.Option(help="A separate test set; without it a share of the data is held out.")]
Setting = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE",
                                                   help="Change anything in the experiment (repeatable).")]
SnrDb = Annotated[str, typer.Option(help="Es/N0 in dB, between commas: 0,5,10.")]


def add(app: typer.Typer) -> None:
    """Add these commands to the root."""
    for command in (run, train, report, pack):
        app.command()(command)
    app.command("eval")(evaluate)


def run(
    name: Annotated[str, typer.Argument(metavar="NAME|FILE.toml", help="A packaged experiment or an experiment file.")],
    data: Data = "",
    test: Test = "",
    out: Annotated[Path | None, typer.Option(help="Results folder; default runs/NAME.")] = None,
    seeds: Annotated[str, typer.Option(help="Seeds between commas: 0,1,2.")] = "",
    snr_db: SnrDb = "",
    workers: Annotated[int, typer.Option(help="Worker processes; default one a core.", min=1)] = os.cpu_count() or 1,
    setting: Setting = None,
    device: Device = "",
    baseline: Annotated[str, typer.Option(help="Set each link against separate source and channel coding at equal "
                                               "measured uses: picture formats between commas (webp,avif).")] = "",
) -> None:
    """Run an experiment: train and score every link, then write tables, plots and a page.

    Example: gensc run table1 --data folder:photos --out runs/photos
    """
    from rich.console import Console

    from gensc.experiment import packaged as experiments
    from gensc.experiment import run as runner
    from gensc.report.write import write

    experiment = _experiment(name, data, test, seeds, snr_db, setting, device)
    notes = experiments.missing_backbones() if name == "table1" else ()
    if baseline:
        from gensc.experiment.baseline import with_baseline

        compared = with_baseline(experiment, tuple(one.strip() for one in baseline.split(",")))
        experiment, notes = compared.experiment, (*notes, *compared.notes)
        for note in compared.notes:
            typer.echo(note, err=True)
    folder = out or Path("runs") / experiment.name
    with stopping(KEPT):
        runner.run(experiment, folder, workers, _command(), notes)
        _say_page(write(folder, Console()))


def train(
    file: Annotated[str, typer.Argument(metavar="NAME|FILE.toml", help="An experiment with one scheme and no grid.")],
    out: Annotated[Path, typer.Option(help="The link file to write (.safetensors).")],
    data: Data = "",
    test: Test = "",
    seed: Annotated[int, typer.Option(help="Seed of everything random.", min=0)] = 0,
    setting: Setting = None,
    device: Device = "",
) -> None:
    """Train one link and write it to a file that ``gensc eval`` reads.

    Example: gensc train link.toml --out link.safetensors
    """
    from gensc.experiment.single import train_one

    with stopping(KEPT):
        trained = train_one(_experiment(file, data, test, str(seed), "", setting, device), out)
    if not trained["losses"]:
        print(f"nothing to learn in this link; written as it is\n{out}")
        return
    loss = trained["losses"][trained["best_epoch"] - 1][1]
    print(f"trained {trained['epochs']} epochs; kept epoch {trained['best_epoch']}, validation loss {loss:.4f}\n{out}")


def evaluate(
    link: Annotated[str, typer.Argument(metavar="LINK", help="A packaged link (see gensc list links), or a link file "
                                                             "of gensc train or gensc run (OUT/links).")],
    data: Data = "vehicles",
    snr_db: SnrDb = "-10,0,10,30",
    cbr: Annotated[str, typer.Option(help="Channel uses a value of a picture, e.g. 1/12, for links that have a "
                                          "choice.")] = "",
    limit: Annotated[int | None, typer.Option(help="Only the first so many pictures that the link has not seen.",
                                              min=1)] = None,
    size: Annotated[int | None, typer.Option(help="Side in px that pictures are cut to; default as they are, or the "
                                                  "link's own.", min=1)] = None,
    setting: Setting = None,
    out: Annotated[Path | None, typer.Option(help="CSV to write; without it the table is printed.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the channel's noise.", min=0)] = 0,
    device: Device = "auto",
) -> None:
    """Score a trained link on data that it has not seen: a row for every SNR and metric.

    Example: gensc eval jscc --data folder:photos --cbr 1/12 --snr-db 0,5,10 --out scores.csv
    """
    from gensc.experiment.single import score
    from gensc.machine import files

    if not snr_db:
        raise InputError("--snr-db is empty: expected numbers between commas, e.g. 0,5,10")
    with stopping("nothing is written"):
        scored = score(link, data, numbers(snr_db, "--snr-db"), seed, limit, size, changes(setting or []),
                       ratio(cbr, "--cbr") if cbr else None, device)
    if scored.left_out:
        print(f"left out {scored.left_out} pictures that the link was trained or chosen on", file=sys.stderr)
    if out is None:
        print(scored.table, end="")
    else:
        files.write_text(out, scored.table)
        print(out)


def report(
    folder: Annotated[Path, typer.Argument(help="A results folder of gensc run.")],
) -> None:
    """Write the tables, plots and page of a results folder again, finished or not.

    Example: gensc report runs/table1
    """
    from rich.console import Console

    from gensc.report.write import write

    _say_page(write(folder, Console()))


def pack(
    link: Annotated[Path, typer.Argument(help="A link file of gensc train.")],
    out: Annotated[Path, typer.Option(help="The .safetensors to write; the card goes beside it as .md.")],
    title: Annotated[str, typer.Option(help="What it is, in one line.")],
    trained_by: Annotated[str, typer.Option(help="The command that trained it.")],
    hours: Annotated[float, typer.Option(help="How long that took.", min=0)],
    machine: Annotated[str, typer.Option(help="On what, e.g. '2 CPU cores'.")],
    data: Annotated[str, typer.Option(help="Where the training pictures are from, and their terms.")],
    scores: Annotated[list[Path] | None, typer.Option(help="A table of gensc eval --out; may be given again.")] = None,
) -> None:
    """Pack a trained link for others: half precision, and a model card.

    Example: gensc pack link.safetensors --out mine.safetensors --title "..." --trained-by "gensc train link.toml" ...
    """
    from gensc.experiment.pack import Story
    from gensc.experiment.pack import pack as write

    write(link, out, Story(title, trained_by, hours, machine, data), scores or [])
    print(f"{out}\n{out.with_suffix('.md')}")


def _experiment(name: str, data: str, test: str, seeds: str, snr_db: str, setting: list[str] | None,
                device: str) -> "Experiment":
    from gensc import config
    from gensc.experiment import packaged as experiments

    base = config.load(Path(name)) if name.endswith(".toml") else experiments.named(name)
    named = experiments.with_options(base, data, test, whole_numbers(seeds, "--seeds"), numbers(snr_db, "--snr-db"))
    settings = {**changes(setting or []), **({"device": device} if device else {})}
    return config.changed(named, _free(named, settings))


def _free(experiment: "Experiment", settings: dict[str, Any]) -> dict[str, Any]:
    """The settings, after a check that no scheme of the experiment would undo them."""
    for key in settings:
        noun = key.rpartition(".")[0] + ".name"
        if any(key in scheme or noun in scheme for scheme in experiment.schemes):
            raise InputError(f"--set {key}: the schemes of {experiment.name} each set it themselves; write an "
                             "experiment file with the link you want (docs/experiments.md) and run that")
    return settings


def _command() -> str:
    return shlex.join(["gensc", *sys.argv[1:]])


def _say_page(page: Path) -> None:
    print(f"page: {page}")
