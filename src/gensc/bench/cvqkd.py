"""Secret key rates of CV-QKD over distance: every kind of detector, finite blocks, and the bound of any protocol."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from gensc.errors import InputError
from gensc.quantum.key.cvqkd.finite import finite_rate
from gensc.quantum.key.cvqkd.rate import FIBRE_DB_PER_KM, Detection, Setup, fibre, key_rate, plob_bound

DISTANCES_KM = tuple(float(km) for km in range(5, 151, 5))
BLOCKS = (10**7, 10**8, 10**9, 10**10)
SETUP = Setup(v_a=4.0, transmittance=1.0, xi=0.01, eta=0.6, v_el=0.01, beta=0.95)
BOUND = "PLOB bound"
# detection, and whether the detector is trusted
_DETECTORS: dict[str, tuple[Detection, bool]] = {
    "homodyne": ("homodyne", True), "heterodyne": ("heterodyne", True),
    "homodyne, untrusted": ("homodyne", False), "heterodyne, untrusted": ("heterodyne", False)}


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
        for name, (detection, trusted) in _DETECTORS.items():
            rate = key_rate(replace(here, detection=detection, trusted=trusted))
            yield Row(km, name, None, rate.bits, rate.reason)
        for pulses in blocks:
            rate = finite_rate(replace(here, detection="homodyne", trusted=True), pulses)
            yield Row(km, "homodyne", pulses, rate.bits, rate.reason)


def panels(rows: Sequence[Row]) -> dict[str, dict[str, list[tuple[float, float]]]]:
    """Key rate over distance: asymptotically, a line each detector, and by homodyne detection in finite blocks."""
    whole: dict[str, list[tuple[float, float]]] = {}
    finite: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        if row.pulses is None:
            whole.setdefault(row.detector, []).append((row.km, row.bits))
        else:
            finite.setdefault(f"{row.pulses / 1e6:,g} million pulses", []).append((row.km, row.bits))
    beside = {name: whole[name] for name in (BOUND, "homodyne")}
    return {"asymptotic": whole, "homodyne, finite blocks": {**beside, **finite}}
