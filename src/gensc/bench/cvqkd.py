"""Secret key rates of CV-QKD over distance: every kind of detector, finite blocks, and the bound of any protocol."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

from gensc import files
from gensc.errors import InputError
from gensc.quantum.cvqkd.finite import finite_rate
from gensc.quantum.cvqkd.rate import FIBRE_DB_PER_KM, Setup, fibre, key_rate, plob_bound

DISTANCES_KM = tuple(float(km) for km in range(5, 151, 5))
BLOCKS = (10**7, 10**8, 10**9, 10**10)
SETUP = Setup(v_a=4.0, transmittance=1.0, xi=0.01, eta=0.6, v_el=0.01, beta=0.95)
BOUND = "PLOB bound"
# detection, trusted detector, and the colour of their line
_DETECTORS = {"homodyne": ("homodyne", True, "#0072b2"), "heterodyne": ("heterodyne", True, "#c04f00"),
              "homodyne, untrusted": ("homodyne", False, "#007f5c"),
              "heterodyne, untrusted": ("heterodyne", False, "#a3477f")}
_LINES = ("--", "-.", ":", (0, (1, 3)))


@dataclass(frozen=True)
class Row:
    """Key ``bits`` per pulse at ``km``: of a ``detector``, with blocks of ``pulses`` pulses (None: asymptotically; half
    of a finite block is spent on estimation), or the bound on any protocol. 0 comes with the ``reason``."""

    km: float
    detector: str
    pulses: int | None
    bits: float
    reason: str | None = None


def rates(setup: Setup = SETUP, distances_km: Sequence[float] = DISTANCES_KM, blocks: Sequence[int] = BLOCKS,
          db_per_km: float = FIBRE_DB_PER_KM) -> Iterator[Row]:
    """Rows of every distance: the bound, the four detectors asymptotically, trusted homodyne in finite blocks.

    The transmittance, detection and trust of ``setup`` are replaced; its modulation is the same at all distances.
    """
    if not distances_km:
        raise InputError("there are no distances: give at least one in km, e.g. 25")
    for km in distances_km:
        here = replace(setup, transmittance=fibre(km, db_per_km))
        yield Row(km, BOUND, None, plob_bound(here.transmittance))
        for name, (detection, trusted, _) in _DETECTORS.items():
            rate = key_rate(replace(here, detection=detection, trusted=trusted))
            yield Row(km, name, None, rate.bits, rate.reason)
        for pulses in blocks:
            rate = finite_rate(replace(here, detection="homodyne", trusted=True), pulses)
            yield Row(km, "homodyne", pulses, rate.bits, rate.reason)


def write_csv(rows: Sequence[Row], path: Path) -> None:
    """Write ``rows``, all digits kept."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields(Row)])
    writer.writerows(astuple(row) for row in rows)
    files.write_text(path, text.getvalue())


def plot(rows: Sequence[Row], path: Path) -> None:
    """Key rate (log scale) over distance, a line for each kind of row. PNG, SVG or PDF by the name."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.5, 4.4), layout="constrained")
    axes = figure.subplots()
    kinds = list(dict.fromkeys((row.detector, row.pulses) for row in rows))
    blocks = [pulses for _, pulses in kinds if pulses is not None]
    for detector, pulses in kinds:
        shown = [row for row in rows if (row.detector, row.pulses) == (detector, pulses) and row.bits > 0]
        colour = "#1b1f24" if detector == BOUND else _DETECTORS[detector][2]
        line = "-" if pulses is None else _LINES[blocks.index(pulses) % len(_LINES)]
        label = detector if pulses is None else f"{detector}, {pulses:.0e} pulses"
        axes.plot([row.km for row in shown], [row.bits for row in shown], color=colour, linestyle=line, label=label)
    axes.set(yscale="log", xlabel="distance (km)", ylabel="secret key rate (bits a pulse)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, color="#d8dee4", linewidth=0.6)
    axes.legend(frameon=False, fontsize=8)
    files.write_with(path, lambda temporary: figure.savefig(temporary, format=path.suffix.removeprefix(".") or "png"))
