"""The table behind link adaptation: lost frames of every MCS and size over AWGN, through the modem."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gensc import units
from gensc.bench.output import write_csv
from gensc.machine.progress import track
from gensc.phy.mcs import SCHEMES, CodeName, Mcs
from gensc.rng import Rng
from gensc.transport import modem
from gensc.transport.segments import Segment, largest, most_bytes, smallest

SIZES = (24, 48, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 3072)
STEP_DB = 0.5
BATCH, LONG = 250, 8192
"""Frames that are sent at once, and the symbols of a frame from where on they are fewer."""
BETWEEN, SHORT = 38, 1536


@dataclass(frozen=True)
class Point:
    """``errors`` of ``frames`` frames of ``symbols`` symbols in a ``code`` were lost at ``snr_db``."""

    code: CodeName
    mcs: int
    symbols: int
    snr_db: float
    frames: int
    errors: int


def measure(out: Path, frames: int) -> None:
    """Write the table, at most ``frames`` frames a point, to ``out``."""
    work = [(code, scheme, size) for code, schemes in SCHEMES.items() for scheme in schemes
            for size in sizes(code, scheme)]
    points = [point for code, scheme, size in track(work, "lost frames of every code, MCS and size", len(work))
              for point in curve(code, scheme, size, frames)]
    write_csv(points, out)


def sizes(code: CodeName, scheme: Mcs) -> list[int]:
    """The sizes to measure, in symbols: those that one segment fills, the longest among them; short ones alone for the
    schemes that are for short frames."""
    if code == "5g" and scheme.index >= BETWEEN:
        return [size for size in SIZES if size <= SHORT]
    longest = smallest(most_bytes(scheme.index, code), scheme.index, code).symbols if code == "5g" else SIZES[-1]
    return [*(size for size in SIZES if size < longest), longest]


def curve(code: CodeName, scheme: Mcs, symbols: int, frames: int) -> Iterator[Point]:
    """The points of one MCS and size, upwards: from the last that loses nearly all frames to the first that loses
    under 0.4 %; none where not one byte fits. Short frames carry less than their MCS says and reach below its
    capacity."""
    segment = largest(symbols, scheme.index, code)
    if segment is None:
        return
    snr_db = math.floor(float(units.ratio_to_db(2 ** (8 * segment.data / symbols) - 1)) / STEP_DB) * STEP_DB
    last = None
    while True:
        point = _point(segment, snr_db, frames)
        if point.errors < 0.98 * point.frames:
            if last is not None:
                yield last
            last = None
            yield point
        else:
            last = point
        if point.errors < 0.004 * point.frames:
            return
        snr_db += STEP_DB


def _point(segment: Segment, snr_db: float, frames: int) -> Point:
    tried = lost = 0
    batch = BATCH if segment.symbols <= LONG else BATCH // 5
    while tried < frames and lost < 200:
        rng = Rng.seeded(0, "adaptation", segment.code, segment.mcs, segment.symbols, snr_db, tried).of(batch)
        data = [generator.bytes(segment.data) for generator in rng.child("data").generators()]
        layouts = [(segment,)] * batch
        n0 = units.noise_power(snr_db)
        noise = n0.sqrt() * rng.child("noise").complex_normal(segment.symbols)
        x = modem.modulate(data, layouts) + noise
        got = modem.demodulate(x, n0.expand(x.shape), layouts, iterations=20)
        lost += sum(one != sent for one, sent in zip(got, data, strict=True))
        tried += batch
    return Point(segment.code, segment.mcs, segment.symbols, snr_db, tried, lost)
