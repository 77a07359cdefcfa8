"""Passenger cars: sedan, SUV, microcar, sport car and pickup, all from one parametric body."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .paint import BODY, CHROME, DARK, GLASS, LAMP, METAL, RIM, SEAT, TAIL, TRIM, WHITE
from .parts import arches, between, fuselage, wheels
from .solids import Mesh

Span = tuple[float, float, float, float]


@dataclass(frozen=True)
class Shape:
    """Proportions of a car in metres; x places from the middle, heights from the ground."""

    length: float
    width: float
    height: float
    clearance: float
    wheel: float
    nose: float
    hood: float
    belt: float
    deck: float
    axles: tuple[float, float]
    cowl: float
    roof: tuple[float, float]
    back: float
    tumble: float
    windows: tuple[Span, ...]
    cladding: bool = False
    open_top: bool = False


def _section(x: float, half: float, low: float, high: float, crown: float) -> list[tuple]:
    """One rounded cross-section of the lower body as 12 points."""
    rise = high - low
    side = [(0.0, low), (0.8 * half, low), (0.96 * half, low + 0.18 * rise), (half, low + 0.5 * rise),
            (0.975 * half, low + 0.82 * rise), (0.86 * half, high), (0.0, high + crown)]
    ring = [(x, y, z) for y, z in side]
    return ring + [(x, -y, z) for y, z in side[-2:0:-1]]


def _lower(mesh: Mesh, shape: Shape) -> None:
    """Hood, doors and boot as one loft."""
    end, half, low = shape.length / 2, shape.width / 2, shape.clearance
    rise = shape.hood - shape.nose
    stations = [
        (end, 0.74, low + 0.14, shape.nose - 0.14, 0.0), (end - 0.1, 0.9, low + 0.03, shape.nose - 0.02, 0.0),
        (end - 0.35, 0.97, low, shape.nose + rise * 0.2, 0.02),
        (shape.axles[0], 1.0, low, shape.nose + rise * 0.5, 0.03), (shape.cowl, 1.0, low, shape.hood, 0.03),
        (shape.cowl - 0.4, 1.0, low, shape.belt, 0.0), (shape.back + 0.3, 1.0, low, shape.belt + 0.02, 0.0),
        (shape.back, 1.0, low, shape.deck, 0.02), (-end + 0.14, 0.94, low + 0.02, shape.deck - 0.02, 0.0),
        (-end, 0.82, low + 0.16, shape.deck - 0.12, 0.0)]
    mesh.loft([_section(x, half * w, z0, z1, c) for x, w, z0, z1, c in stations], BODY)


def _outline(front: float, rear: float, half: float, z: float, round_front: float) -> list[tuple]:
    """One level of the cabin as 8 points."""
    return [(front, -half * 0.72, z), (front, half * 0.72, z), (front - round_front, half, z),
            (rear + 0.12, half, z), (rear, half * 0.8, z), (rear, -half * 0.8, z), (rear + 0.12, -half, z),
            (front - round_front, -half, z)]


def _cabin(mesh: Mesh, shape: Shape) -> None:
    """Greenhouse with windscreen, rear window and side windows."""
    half, (fore, aft) = shape.width / 2, shape.roof
    top = shape.height - 0.07
    base = _outline(shape.cowl, shape.back, half * 0.93, shape.belt - 0.04, 0.22)
    head = _outline(fore, aft, half * shape.tumble, top, 0.1)
    roof = _outline(fore - 0.22, aft + 0.22, half * shape.tumble * 0.82, shape.height, 0.08)
    mesh.loft([base, head, roof], BODY)
    screen = [(0.04, 0.96, 0.1, 0.95)]
    mesh.panel([base[0], base[1], head[1], head[0]], screen, GLASS, (0.012, 0, 0.012))
    mesh.panel([base[4], base[5], head[5], head[4]], [(0.08, 0.92, 0.22, 0.92)], GLASS, (-0.012, 0, 0.012))
    since = len(mesh.parts)
    mesh.panel([base[2], base[3], head[3], head[2]], shape.windows, GLASS, (0, 0.012, 0.004))
    mesh.panel([base[1], base[2], head[2], head[1]], [(0.0, 0.7, 0.1, 0.95)], GLASS, (0.008, 0.008, 0.008))
    mesh.mirror(since)


def _cockpit(mesh: Mesh, shape: Shape) -> None:
    """The open cabin of a roadster: low screen, seats and dark interior."""
    half = shape.width / 2
    mesh.box((shape.cowl - 0.95, 0, shape.belt + 0.0), (1.3, half * 1.5, 0.1), DARK)
    base = [(shape.cowl, -half * 0.8, shape.belt - 0.04), (shape.cowl, half * 0.8, shape.belt - 0.04)]
    head = [(shape.cowl - 0.45, half * 0.68, shape.height - 0.1),
            (shape.cowl - 0.45, -half * 0.68, shape.height - 0.1)]
    mesh.panel([*base, *head], [(0, 1, 0, 1)], GLASS)
    mesh.rod(head[0], head[1], 0.03, BODY, 6)
    since = len(mesh.parts)
    mesh.rod(base[1], head[0], 0.03, BODY, 6)
    mesh.box((shape.cowl - 1.2, half * 0.4, shape.belt + 0.13), (0.2, 0.42, 0.42), SEAT, (0.7, 0.8), -0.06)
    mesh.mirror(since)


def _details(mesh: Mesh, shape: Shape, seams: tuple[float, ...]) -> None:
    """Lamps, bumpers, grille, plate, mirrors, door seams and handles."""
    end, half, low = shape.length / 2, shape.width / 2, shape.clearance
    mesh.box((end - 0.03, 0, shape.nose - 0.24), (0.1, half * 0.95, 0.14), DARK)
    mesh.box((end - 0.05, 0, low + 0.14), (0.14, half * 1.35, 0.12), DARK)
    mesh.box((-end + 0.06, 0, low + 0.12), (0.2, half * 1.5, 0.14), DARK)
    mesh.box((-end, 0, (low + shape.deck) * 0.5), (0.03, 0.52, 0.12), WHITE)
    mesh.box((end + 0.02, 0, low + 0.24), (0.03, 0.5, 0.11), WHITE)
    since = len(mesh.parts)
    mesh.ellipsoid((end - 0.16, half * 0.74, shape.nose - 0.16), (0.14, 0.2, 0.085), LAMP, 10, 6)
    mesh.box((-end + 0.08, half * 0.76, shape.deck - 0.22), (0.16, 0.3, 0.15), TAIL)
    mesh.box((shape.cowl - 0.35, half + 0.09, shape.belt + 0.06), (0.12, 0.2, 0.14), BODY)
    y = half * 0.998 + 0.008
    for x in seams:
        mesh.box((x, y, (low + shape.belt) * 0.5 + 0.03), (0.022, 0.012, (shape.belt - low) * 0.72), DARK)
        mesh.box((x + 0.2, y, shape.belt - 0.16), (0.18, 0.03, 0.035), TRIM)
    mesh.box(((shape.axles[0] + shape.axles[1]) / 2, half * 0.985, low + 0.05),
             (shape.axles[0] - shape.axles[1] - 2.4 * shape.wheel, 0.06,
              0.13), DARK if shape.cladding else TRIM)
    mesh.mirror(since)


def _car(shape: Shape, seams: tuple[float, ...], spokes: int) -> Mesh:
    """Body, cabin, details and wheels."""
    mesh = Mesh()
    _lower(mesh, shape)
    if shape.open_top:
        _cockpit(mesh, shape)
    else:
        _cabin(mesh, shape)
    _details(mesh, shape, seams)
    half = shape.width / 2
    arches(mesh, list(shape.axles), half, shape.wheel * (1.08 if shape.cladding else 1.0))
    wheels(mesh, list(shape.axles), half + 0.02, shape.wheel, 0.22, spokes, RIM, 0.7)
    return mesh


def _spokes(rng: np.random.Generator) -> int:
    return (5, 10, 5, 0)[int(rng.integers(4))]


def sedan(rng: np.random.Generator) -> Mesh:
    """A four-door saloon with a separate boot; sometimes an older, boxier one."""
    boxy = rng.random() < 0.35
    length, height = between(rng, 4.55, 5.05), between(rng, 1.4, 1.47)
    end, slant = length / 2, 0.12 if boxy else 0.0
    shape = Shape(length, between(rng, 1.76, 1.88), height, 0.19, 0.32, 0.76 + slant * 0.6, 0.9, 0.93, 0.97,
                  (end - 0.88, -end + 1.02), end - 1.3 - slant, (end - 2.0, -end + 1.52 - slant), -end + 0.82,
                  0.72 + slant * 0.5, ((0.08, 0.47, 0.12, 0.95), (0.51, 0.84, 0.12, 0.95)))
    mesh = _car(shape, (0.62, -0.32, -1.05), _spokes(rng))
    if boxy:
        mesh.box((end - 0.02, 0, 0.62), (0.06, 0.8, 0.2), CHROME)
        mesh.box((end, 0, 0.36), (0.12, shape.width * 0.96, 0.09), CHROME)
    return mesh


def sport_car(rng: np.random.Generator) -> Mesh:
    """A low wedge: mid-engined coupe, long-hood coupe or open roadster, perhaps with a wing."""
    kind = int(rng.integers(3))
    length, height = between(rng, 4.25, 4.6), between(rng, 1.1, 1.2)
    end = length / 2
    axles = (end - 0.85, -end + 0.82)
    width = between(rng, 1.9, 2.02)
    if kind == 0:
        shape = Shape(length, width, height, 0.11, 0.33, 0.6, 0.76, 0.82, 0.86, axles, end - 1.05,
                      (end - 2.05, -end + 1.75), -end + 0.5, 0.6, ((0.1, 0.55, 0.15, 0.92),))
    else:
        shape = Shape(length, width, height + 0.04, 0.12, 0.33, 0.63, 0.83, 0.85, 0.86, axles, end - 1.75,
                      (end - 2.4, -end + 1.25), -end + 0.55, 0.62, ((0.1, 0.62, 0.15, 0.92),),
                      open_top=kind == 2)
    mesh = _car(shape, (0.45, -0.75), 10 if rng.random() < 0.4 else 5)
    since = len(mesh.parts)
    for x in axles:
        mesh.ellipsoid((x, width / 2 * 0.83, 0.52), (0.5, width / 2 * 0.165, 0.26), BODY)
    mesh.box((-end + 1.5, width / 2 * 0.97, 0.58), (0.3, 0.08, 0.13), DARK, (0.5, 1.0), -0.1)
    mesh.rod((-end + 0.1, 0.45, 0.26), (-end - 0.06, 0.45, 0.26), 0.06, CHROME, 10)
    mesh.mirror(since)
    mesh.box((end - 0.06, 0, 0.15), (0.3, width * 0.86, 0.05), DARK)
    if kind != 2 and rng.random() < 0.6:
        mesh.box((-end + 0.18, 0, 1.09), (0.34, width * 0.9, 0.05), BODY)
        since = len(mesh.parts)
        mesh.box((-end + 0.22, width * 0.3, 0.95), (0.14, 0.05, 0.28), DARK)
        mesh.mirror(since)
    return mesh


def suv(rng: np.random.Generator) -> Mesh:
    """A tall two-box estate: rounded crossover or upright off-roader with a spare wheel."""
    upright = rng.random() < 0.45
    length, height = between(rng, 4.5, 5.0), between(rng, 1.76, 1.95)
    end, width = length / 2, between(rng, 1.9, 2.02)
    lean = 0.12 if upright else 0.0
    shape = Shape(length, width, height, 0.27, 0.4, 0.95 + lean, 1.08 + lean * 0.5, 1.12, 1.14,
                  (end - 0.88, -end + 0.95), end - 1.3 - lean, (end - 1.85 + lean, -end + 0.42 - lean * 2.0),
                  -end + 0.13, 0.78 + lean, ((0.05, 0.33, 0.08, 0.95), (0.36, 0.65, 0.08, 0.95),
                                             (0.69, 0.95, 0.08, 0.92)), cladding=True)
    mesh = _car(shape, (0.7, -0.2, -1.05), _spokes(rng))
    since = len(mesh.parts)
    mesh.rod((end - 2.1, width * 0.33, height + 0.04), (-end + 0.6, width * 0.33, height + 0.04), 0.03, METAL,
             6)
    mesh.mirror(since)
    if upright:
        mesh.rod((-end - 0.02, 0.1, 1.0), (-end - 0.24, 0.1, 1.0), 0.36, DARK, 16)
        mesh.box((end + 0.03, 0, 0.5), (0.14, width * 0.9, 0.2), METAL)
    return mesh


def microcar(rng: np.random.Generator) -> Mesh:
    """A tiny two-seater: modern tall city car or a rounded bubble car."""
    if rng.random() < 0.45:
        return _bubble(rng)
    length, height = between(rng, 2.45, 2.75), between(rng, 1.5, 1.58)
    end = length / 2
    shape = Shape(length, between(rng, 1.5, 1.58), height, 0.17, 0.28, 0.78, 0.92, 0.95, 0.98,
                  (end - 0.4, -end + 0.38), end - 0.42, (end - 1.0, -end + 0.4), -end + 0.08, 0.76,
                  ((0.08, 0.6, 0.08, 0.93), (0.66, 0.92, 0.3, 0.9)))
    return _car(shape, (-0.42,), _spokes(rng))


def _bubble(rng: np.random.Generator) -> Mesh:
    """A 1950s bubble car: an egg on small wheels with the rear pair close together."""
    mesh, length = Mesh(), between(rng, 2.2, 2.5)
    end, n = length / 2, 24
    rows = [(end, 0.72, 0.2, 0.14), (end - 0.06, 0.74, 0.42, 0.32), (end - 0.2, 0.75, 0.58, 0.45),
            (end - 0.42, 0.77, 0.67, 0.54), (end - 0.7, 0.78, 0.71, 0.58), (0.15, 0.78, 0.72, 0.59),
            (-0.25, 0.77, 0.69, 0.57), (-0.55, 0.73, 0.61, 0.5), (-0.8, 0.66, 0.5, 0.4),
            (-end + 0.12, 0.58, 0.36, 0.28), (-end, 0.54, 0.18, 0.14)]
    skin = np.full((len(rows) - 1, n, 2), BODY, np.int32)
    # Window bands by ring and place around the section (0 is the left side, 6 the roof).
    for first, last, low, high in ((1, 3, 2, 11), (3, 5, 1, 4), (3, 5, 8, 11), (5, 6, 1, 4), (5, 6, 8, 11),
                                   (7, 8, 3, 9)):
        skin[first:last, low:high] = GLASS
    caps = np.full(2 * n, BODY, np.int32)
    fuselage(mesh, rows, np.concatenate([skin.reshape(-1), caps]), n, 0.0)
    since = len(mesh.parts)
    mesh.ellipsoid((end - 0.22, 0.64, 0.72), (0.17, 0.12, 0.12), BODY, 10, 6)
    mesh.ellipsoid((end - 0.1, 0.64, 0.72), (0.07, 0.1, 0.1), LAMP, 10, 6)
    mesh.box((-end + 0.15, 0.33, 0.62), (0.08, 0.1, 0.12), TAIL)
    mesh.mirror(since)
    mesh.rod((end - 0.02, -0.5, 0.36), (end - 0.02, 0.5, 0.36), 0.045, CHROME)
    wheels(mesh, [end - 0.55], 0.73, 0.24, 0.14, 0, RIM, 0.6)
    wheels(mesh, [-end + 0.5], 0.48, 0.24, 0.14, 0, RIM, 0.6)
    return mesh


def pickup(rng: np.random.Generator) -> Mesh:
    """A pickup with single or double cab and an open bed."""
    double = rng.random() < 0.5
    length, height = between(rng, 5.2, 5.7), between(rng, 1.78, 1.9)
    end, width = length / 2, between(rng, 1.88, 2.02)
    back = -0.75 if double else 0.0
    doors: tuple[Span, ...] = ((0.06, 0.5, 0.08, 0.93), (0.55, 0.93, 0.08, 0.93))
    windows = doors if double else ((0.08, 0.9, 0.08, 0.93),)
    shape = Shape(length, width, height, 0.32, 0.4, 1.0, 1.12, 1.14, 0.72, (end - 0.95, -end + 1.15),
                  end - 1.4, (end - 2.0, back + 0.08), back, 0.8, windows, True)
    mesh = _car(shape, (0.75, -0.2) if double else (0.75,), _spokes(rng))
    since = len(mesh.parts)
    bed = back - 0.06 + end
    mesh.box((back - 0.06 - bed / 2, width / 2 - 0.06, 0.83), (bed, 0.1, 0.62), BODY)
    mesh.box((-end + 0.04, width / 2 - 0.1, 0.95), (0.1, 0.14, 0.3), TAIL)
    mesh.mirror(since)
    mesh.box((-end + 0.05, 0, 0.83), (0.09, width - 0.1, 0.62), BODY)
    mesh.box((back - 0.05, 0, 0.83), (0.07, width - 0.1, 0.62), BODY)
    mesh.box((back - 0.06 - bed / 2, 0, 0.74), (bed - 0.1, width - 0.2, 0.04), DARK)
    mesh.box((-end - 0.02, 0, 0.45), (0.16, width * 0.95, 0.16), CHROME)
    arches(mesh, [shape.axles[1]], width / 2 + 0.004, shape.wheel)
    return mesh
