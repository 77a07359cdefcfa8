"""Commands that measure the quantum parts: bench qnn, qubit, qubit-accuracy, cvqkd, kernel, nodes."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from gensc.cli.options import numbers, svg
from gensc.cli.stop import stopping

if TYPE_CHECKING:
    from gensc.bench.cvqkd import Row as KeyRate

_Row = TypeVar("_Row")
Out = Annotated[Path | None, typer.Option(help="CSV table of all rows.")]


def qnn(
    batch: Annotated[list[int] | None, typer.Option(help="Items a pass; may be given again. Default 32 and 1024.",
                                                    min=1)] = None,
    repeats: Annotated[int, typer.Option(help="Passes behind each median.", min=1)] = 5,
    lightning: Annotated[bool, typer.Option(help="Measure PennyLane's lightning.qubit as well: minutes.")] = True,
    out: Out = None,
    scaling: Annotated[Path | None, typer.Option(help="CSV table of time and memory over the number of "
                                                      "qubits.")] = None,
    plot: Annotated[Path | None, typer.Option(help="SVG of time and memory over the number of qubits.",
                                              callback=svg)] = None,
) -> None:
    """The quantum layer's forward and backward pass beside PennyLane's: time and gradients, then how it grows.

    Example: gensc bench qnn --batch 32 --no-lightning --scaling sizes.csv --plot qnn.svg
    """
    from gensc.bench import output
    from gensc.bench.qnn import BATCHES, MIB, panels, rows, sizes

    with stopping("the rows measured so far are in their table, where one was named"):
        print(f"{'engine':<39}{'layers':<10}{'qubits':>7}{'values':>7}{'batch':>7}{'ms':>11}{'ratio':>8}{'gradients':>11}")
        _told(rows(batch or BATCHES, repeats, lightning), out, lambda row: (
            f"{row.engine:<39}{row.layers:<10}{row.wires:>7}{row.features:>7}{row.batch:>7}{1000 * row.seconds:>11.2f}"
            f"{row.ratio:>8.2f}{row.gradient_difference:>11.1e}"))
        if not (scaling or plot):
            return
        print(f"\n{'engine':<39}{'layers':<10}{'qubits':>7}{'batch':>7}{'ms':>11}{'MiB':>10}{'stated MiB':>12}")
        measured = _told(sizes(), scaling, lambda row: (
            f"{row.engine:<39}{row.layers:<10}{row.wires:>7}{row.batch:>7}{1000 * row.seconds:>11.2f}"
            f"{row.grown_bytes / MIB:>10.1f}" + (f"{row.stated_bytes / MIB:>12.1f}" if row.stated_bytes else "")))
        if plot:
            output.plot(panels(measured), plot, "qubits", "", "log")


def qubit(
    shots: Annotated[int, typer.Option(help="Sampled blocks of every code, noise and p.", min=1)] = 1_000_000,
    out: Out = None,
    plot: Annotated[Path | None, typer.Option(help="SVG of the rates over p.", callback=svg)] = None,
) -> None:
    """Logical error rates of the codes over p of a physical qubit, exact and sampled, and the codes' thresholds.

    Example: gensc bench qubit --shots 100000 --out rates.csv --plot rates.svg
    """
    from gensc.bench import output
    from gensc.bench.qubit import exact_panels, logical_rates, rate_panels, thresholds

    with stopping(_left(out)):
        print(f"{'code':<12}{'noise':<14}{'p':>7}{'exact':>13}{'sampled':>13}{'95 %':>27}")
        rows = _told(logical_rates(shots), out, lambda row: (
            f"{row.code:<12}{row.noise:<14}{row.p:>7g}{row.exact:>13.4e}{row.sampled:>13.4e}"
            + _span(f"{row.low:.4e}", f"{row.high:.4e}", 27)))
    print(f"\n{'code':<12}{'noise':<14}{'leading term':>14}{'pseudo-threshold':>18}")
    for one in thresholds():
        leading = f"{one.factor:g} p^{one.power}"
        crossing = "none" if one.pseudo_threshold is None else f"{one.pseudo_threshold:.4f}"
        print(f"{one.code:<12}{one.noise:<14}{leading:>14}{crossing:>18}")
    if plot:
        output.plot(rate_panels(rows), plot, "p of a physical qubit", "logical error rate (X, Y or Z)", "log", "log",
                    exact_panels(rows))


def qubit_accuracy(
    link: Annotated[str, typer.Argument(metavar="LINK", help="A trained link over qubits that classifies: a link file "
                                                             "of gensc train or gensc run (OUT/links).")],
    data: Annotated[str, typer.Option(help="What is sent: vehicles[:COUNT[:SEED]], folder:PATH, parquet:PATH; items "
                                           "that the link was trained on are left out.")],
    p: Annotated[str, typer.Option("--p", help="Noise of a physical qubit, between commas: 0,0.01,0.1.")] = "",
    out: Out = None,
    plot: Annotated[Path | None, typer.Option(help="SVG of the accuracy over p.", callback=svg)] = None,
) -> None:
    """Accuracy of a trained link over p of its qubits: in every code, and without one at as many qubits.

    Example: gensc bench qubit-accuracy link.safetensors --data folder:photos --p 0,0.01,0.1 --plot accuracy.svg
    """
    from gensc.bench import output
    from gensc.bench.qubit import PS, accuracy, accuracy_panels, compared
    from gensc.experiment.single import opened

    ps = numbers(p, "--p") or PS
    with stopping(_left(out)):
        found = opened(link, data)
        settings = compared(found.link)
        print(f"{'code':<12}{'copies':>8}{'p':>8}{'uses':>13}{'accuracy':>10}{'95 %':>20}{'items':>7}")
        rows = _told(accuracy(found.link, found.feed, ps, settings), out, lambda row: (
            f"{row.correction:<12}{row.shots:>8}{row.p:>8g}{row.uses:>13,.0f}{row.accuracy:>10.4f}"
            + _span(f"{row.low:.4f}", f"{row.high:.4f}", 20) + f"{row.items:>7}"))
    if plot:
        output.plot(accuracy_panels(rows), plot, "p of a physical qubit", "accuracy, %", across="log")


def cvqkd(
    out: Out = None,
    plot: Annotated[Path | None, typer.Option(help="SVG of the key rates over distance.", callback=svg)] = None,
) -> None:
    """Secret key rates of CV-QKD over fibre, in bits a pulse: every detector, finite blocks, and the bound.

    Example: gensc bench cvqkd --out keys.csv --plot keys.svg
    """
    from gensc.bench import output
    from gensc.bench.cvqkd import panels, rates

    with stopping("nothing is written"):
        rows = list(rates())
        print("\n".join(_key_table(rows)))
        if out:
            output.write_csv(rows, out)
        if plot:
            output.plot(panels(rows), plot, "distance, km", "secret key rate, bits a pulse", "log")


def kernel(
    data: Annotated[str, typer.Option(help="Pictures with classes: vehicles[:COUNT[:SEED]], folder:PATH, "
                                           "parquet:PATH.")],
    features: Annotated[int, typer.Option(help="Principal components that every kernel gets; qubits.", min=1)] = 8,
    train: Annotated[int, typer.Option(help="Training pictures of each class.", min=5)] = 20,
    test: Annotated[int, typer.Option(help="Test pictures of each class.", min=1)] = 10,
    seeds: Annotated[int, typer.Option(help="Draws of the training pictures.", min=1)] = 3,
    out: Out = None,
) -> None:
    """Support vector machines with quantum kernels beside the classical one, on the same features of pictures.

    Example: gensc bench kernel --data folder:photos --features 8 --out kernels.csv
    """
    from gensc.bench.kernel import table

    with stopping(_left(out)):
        print(f"{'kernel':<20}{'accuracy':>9}{'95 %':>20}{'validated':>11}{'alignment':>11}{'ms':>9}{'search s':>10}"
              "  chosen")
        _told(table(data, features, train, test, seeds), out, lambda row: (
            f"{row.kernel:<20}{row.accuracy:>9.4f}" + _span(f"{row.low:.4f}", f"{row.high:.4f}", 20)
            + f"{row.validated:>11.4f}{row.alignment:>11.3f}{row.kernel_ms:>9.2f}{row.search_s:>10.1f}  {row.chosen}"))


def nodes(
    steps: Annotated[int, typer.Option(help="Training steps of every setting.", min=1)] = 40,
    out: Out = None,
    curves: Annotated[Path | None, typer.Option(help="CSV table of the loss at every step.")] = None,
    plot: Annotated[Path | None, typer.Option(help="SVG of the loss over seconds.", callback=svg)] = None,
) -> None:
    """Learning over 1, 2 and 4 QPU nodes: the same curve, steps a second, and noisy, slow and silent nodes.

    Example: gensc bench nodes --out nodes.csv --plot nodes.svg
    """
    from gensc.bench import output
    from gensc.bench.nodes import Point, measure, panels

    points: list[Point] = []
    with stopping(_left(out)):
        print(f"{'setting':<44}{'nodes':>6}{'steps/s':>9}{'loss':>9}{'accuracy':>10}{'curve':>10}  note")
        kept = []
        for row, curve in measure(steps):
            kept.append(row)
            points += curve
            print(f"{row.setting:<44}{row.nodes:>6}{row.steps_per_second:>9.2f}{row.loss:>9.4f}{row.accuracy:>10.4f}"
                  f"{row.difference:>10.1e}  {row.note}", flush=True)
            if out:
                output.write_csv(kept, out)
            if curves:
                output.write_csv(points, curves)
    if plot:
        output.plot(panels(points), plot, "seconds", "exact loss", across="log")


COMMANDS = (qnn, qubit, qubit_accuracy, cvqkd, kernel, nodes)


def _told(found: Iterable[_Row], out: Path | None, line: Callable[[_Row], str]) -> list[_Row]:
    """The rows, each printed and put into the table ``out`` as it comes."""
    from gensc.bench.output import write_csv

    rows = []
    for row in found:
        rows.append(row)
        print(line(row), flush=True)
        if out:
            write_csv(rows, out)
    return rows


def _left(out: Path | None) -> str:
    return f"the rows measured so far are in {out}" if out else "nothing is kept"


def _span(low: str, high: str, width: int) -> str:
    return f"{f'{low} to {high}':>{width}}"


def _key_table(rows: "list[KeyRate]") -> list[str]:
    """Lines of key rates, a column for each kind of row."""
    kinds = list(dict.fromkeys((row.detector, row.pulses) for row in rows))
    bits = {(row.km, row.detector, row.pulses): row.bits for row in rows}
    heads = [(name.partition(", ")[0], name.partition(", ")[2] or "asymptotic" if pulses is None
              else f"{pulses:.0e} pulses".replace("e+0", "e").replace("e+", "e")) for name, pulses in kinds]
    lines = [f"{'km' if at else '':>5}" + "".join(f"{head[at]:>13}" for head in heads) for at in (0, 1)]
    for km in dict.fromkeys(row.km for row in rows):
        lines.append(f"{km:>5g}" + "".join(f"{bits[km, *kind]:>13.3e}" for kind in kinds))
    return lines
