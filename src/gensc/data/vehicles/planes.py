"""Fixed-wing aircraft: airliners and fighter jets, nose at +x, resting on their gear at z = 0."""

from __future__ import annotations

import numpy as np

from .paint import ACCENT, BODY, CHROME, DARK, GLASS, METAL, TRIM, WHITE
from .parts import between, fuselage, gear_leg
from .solids import Mesh


def airliner(rng: np.random.Generator, flying: bool) -> Mesh:
    """A jet airliner: two or four engines under the wings, or two at the tail under a T-tail."""
    mesh, kind = Mesh(), int(rng.integers(4))
    length, r, z = between(rng, 32.0, 40.0), 1.95, 3.6
    if kind == 2:
        length, r, z = between(rng, 52.0, 60.0), 3.0, 5.4
    nose, tail = length * 0.5, -length * 0.5
    fuselage(mesh, [(nose, z - 0.35 * r, 0.1 * r, 0.1 * r),
                    (nose - 0.4 * r, z - 0.25 * r, 0.45 * r, 0.42 * r),
                    (nose - 1.2 * r, z - 0.1 * r, 0.78 * r, 0.8 * r), (nose - 2.6 * r, z, r, r),
                    (tail + 6.5 * r, z, r, r), (tail + 3.0 * r, z + 0.25 * r, 0.72 * r, 0.74 * r),
                    (tail + 0.8 * r, z + 0.5 * r, 0.3 * r, 0.34 * r),
                    (tail, z + 0.6 * r, 0.08 * r, 0.12 * r)], BODY, 18)
    _cabin_windows(mesh, nose, tail, r, z, int(rng.integers(3)))
    span, root = length * between(rng, 0.44, 0.48), length * 0.06
    since = len(mesh.parts)
    wing_z = z - 0.55 * r
    _airliner_wing(mesh, root, length, span, 0.6 * r, wing_z, rng.random() < 0.5)
    if kind == 3:
        _engine(mesh, tail + 7.6 * r, 1.75 * r, z + 0.3 * r, 0.42 * r, 0.0)
    else:
        for out in (0.34, 0.62) if kind == 2 else (0.34,):
            _engine(mesh, root + length * (0.03 - 0.12 * (out - 0.34)), span * out, wing_z - 0.42 * r,
                    0.5 * r, 0.6 * r)
    stab, ahead = (z + 2.6 * r, tail + 1.2 * r) if kind == 3 else (z + 0.5 * r, tail + 3.0 * r)
    _wing(mesh, (ahead, ahead - 2.0 * r), (ahead - 2.1 * r, ahead - 2.9 * r), (0.1, span * 0.38),
          (stab, stab + 0.5), 0.3)
    if not flying:
        gear_leg(mesh, root - length * 0.1, 1.4 * r, z - 0.7 * r, 0.28 * r, 0.0)
    mesh.mirror(since)
    if not flying:
        gear_leg(mesh, nose - 2.6 * r, 0.0, z - 0.7 * r, 0.2 * r, 0.0)
    crown = z + 2.75 * r + 1.0
    mesh.slab([(tail + 4.6 * r, 0, z + 0.6 * r), (tail + 0.8 * r, 0, z + 0.6 * r)],
              [(tail + 0.9 * r, 0, crown), (tail - 0.5 * r, 0, crown)], 0.4, 0.2, ACCENT, (0, 1, 0))
    return mesh


def _airliner_wing(mesh: Mesh, root: float, length: float, span: float, start: float, z: float,
                   winglet: bool) -> None:
    """The left wing: a deep inner panel, a slimmer outer one, perhaps a winglet."""
    inner = [(root + length * 0.06, start, z), (root - length * 0.16, start, z)]
    kink = [(root - length * 0.07, span * 0.36, z + 0.5), (root - length * 0.17, span * 0.36, z + 0.5)]
    x = root - length * 0.2
    tip = [(x, span, z + 1.5), (x - length * 0.035, span, z + 1.5)]
    mesh.slab(inner, kink, 0.014 * length, 0.3, BODY)
    mesh.slab(kink, tip, 0.3, 0.12, BODY)
    if winglet:
        top = [(x - 1.6, span + 0.3, z + 3.6), (x - 2.2, span + 0.3, z + 3.6)]
        mesh.slab(tip, top, 0.15, 0.1, ACCENT, (0, 1, 0))


def _cabin_windows(mesh: Mesh, nose: float, tail: float, r: float, z: float, livery: int) -> None:
    """The line of cabin windows, doors, the cockpit glazing and a livery stripe."""
    front, rear = nose - 2.8 * r, tail + 6.4 * r
    since = len(mesh.parts)
    count = int((front - rear) / 0.75)
    low, high, y0, y1 = z + 0.14 * r, z + 0.32 * r, 0.99 * r, 0.95 * r
    strip = [(front, y0, low), (rear, y0, low), (rear, y1, high), (front, y1, high)]
    mesh.panel(strip, [((k + 0.2) / count, (k + 0.65) / count, 0.0, 1.0) for k in range(count)], DARK,
               (0, 0.05, 0.02))
    for x in (front + 0.3, (front + rear) / 2 + 4, rear - 0.2):
        door = [(x + 0.5, 0.97 * r, z - 0.3 * r), (x - 0.5, 0.97 * r, z - 0.3 * r),
                (x - 0.5, 0.93 * r, z + 0.4 * r), (x + 0.5, 0.93 * r, z + 0.4 * r)]
        mesh.panel(door, [(0, 0.1, 0, 1), (0.9, 1, 0, 1)], METAL, (0, 0.06, 0.02))
    if livery:
        band = [(front, y0, z - 0.12 * r), (rear, y0, z - 0.12 * r), (rear, r, z + 0.05 * r),
                (front, r, z + 0.05 * r)]
        if livery == 2:
            band = [(front, 0.83 * r, z - 0.58 * r), (rear, 0.83 * r, z - 0.58 * r), (rear, r, z - 0.1 * r),
                    (front, r, z - 0.1 * r)]
        mesh.panel(band, [(0, 1, 0, 1)], ACCENT, (0, 0.06, 0))
    pane = [(nose - 0.85 * r, 0.0, z + 0.36 * r), (nose - 1.45 * r, 0.62 * r, z + 0.36 * r),
            (nose - 1.75 * r, 0.6 * r, z + 0.62 * r), (nose - 1.2 * r, 0.0, z + 0.62 * r)]
    mesh.panel(pane, [(0.03, 0.47, 0.0, 1.0), (0.53, 0.98, 0.0, 1.0)], GLASS, (0.12, 0.06, 0.1))
    mesh.mirror(since)


def _engine(mesh: Mesh, x: float, y: float, z: float, radius: float, pylon: float) -> None:
    """A turbofan nacelle with intake lip, fan and exhaust cone."""
    long = radius * 3.6
    mesh.revolve((x + long * 0.5, y, z), (x - long * 0.5, y, z),
                 ((0.0, radius * 0.86), (0.04, radius * 0.98), (0.3, radius * 1.05), (0.7, radius * 0.9),
                  (1.0, radius * 0.62)),
                 BODY, 16, False)
    mesh.rod((x + long * 0.51, y, z), (x + long * 0.49, y, z), radius * 0.98, CHROME, 16)
    mesh.rod((x + long * 0.515, y, z), (x + long * 0.4, y, z), radius * 0.82, DARK, 16)
    mesh.rod((x - long * 0.3, y, z), (x - long * 0.65, y, z), radius * 0.5, METAL, 12, radius * 0.12)
    if pylon:
        mesh.box((x - long * 0.3, y, z + radius + pylon * 0.2), (long * 0.8, 0.3, pylon), BODY)
    else:
        mesh.box((x, y - radius * 1.3, z), (long * 0.6, radius * 1.6, 0.25), BODY)


def fighter(rng: np.random.Generator, flying: bool) -> Mesh:
    """A fighter jet: twin-tail twin-engine, single-engine swept wing, or tailless delta."""
    mesh, kind = Mesh(), int(rng.integers(3))
    z = 2.1
    twin = kind == 0
    wide = 1.0 if twin else 0.78
    fuselage(mesh, [(8.6, z - 0.1, 0.03, 0.03), (7.6, z - 0.05, 0.3, 0.3), (6.2, z, 0.55, 0.58),
                    (4.2, z + 0.05, 0.72, 0.78),
                    (2.0, z, 0.9 * wide, 0.82), (-1.5, z, 1.2 * wide, 0.75), (-5.0, z, 1.1 * wide, 0.68),
                    (-6.6, z, 0.8 * wide, 0.55)], BODY)
    mesh.rod((8.6, 0, z - 0.1), (9.3, 0, z - 0.1), 0.03, METAL, 5)
    fuselage(mesh, [(6.1, z + 0.42, 0.05, 0.05), (5.4, z + 0.62, 0.34, 0.34), (4.5, z + 0.72, 0.42, 0.5),
                    (3.4, z + 0.68, 0.4, 0.42), (2.2, z + 0.6, 0.2, 0.2)], GLASS, 10)
    if twin:
        _twin_tail(mesh, z)
    elif kind == 1:
        _single_tail(mesh, z)
    else:
        _delta(mesh, z)
    _stores(mesh, z, int(rng.integers(3)), -5.6 if kind == 2 else -2.2)
    engines = (0.62, -0.62) if twin else (0.0,)
    for y in engines:
        mesh.revolve((-6.2, y, z), (-7.5, y, z), ((0.0, 0.62), (1.0, 0.48)), METAL, 14, False)
        mesh.rod((-6.9, y, z), (-7.35, y, z), 0.46, DARK, 12)
    if not flying:
        since = len(mesh.parts)
        gear_leg(mesh, -1.8, 1.1, z - 0.5, 0.42, 0.0)
        mesh.mirror(since)
        gear_leg(mesh, 4.3, 0.0, z - 0.5, 0.32, 0.0)
    return mesh


def _wing(mesh: Mesh, root: tuple[float, float], tip: tuple[float, float], y: tuple[float, float],
          z: tuple[float, float], thick: float = 0.22) -> None:
    """A wing half between (leading, trailing) x at the root and at the tip."""
    mesh.slab([(root[0], y[0], z[0]), (root[1], y[0], z[0])], [(tip[0], y[1], z[1]), (tip[1], y[1], z[1])],
              thick, 0.06, BODY)


def _fin(mesh: Mesh, root: tuple[float, float], tip: tuple[float, float], y: tuple[float, float],
         z: tuple[float, float]) -> None:
    """A fin between (leading, trailing) x at its foot and top."""
    mesh.slab([(root[0], y[0], z[0]), (root[1], y[0], z[0])], [(tip[0], y[1], z[1]), (tip[1], y[1], z[1])],
              0.2, 0.06, BODY,
              (0, 1, 0))


def _twin_tail(mesh: Mesh, z: float) -> None:
    """Side intakes, swept wings, tailplanes and two canted fins."""
    since = len(mesh.parts)
    mesh.box((0.6, 1.0, z - 0.1), (5.4, 0.8, 1.05), BODY, (0.96, 0.85))
    mesh.box((3.25, 1.0, z - 0.08), (0.16, 0.7, 0.9), DARK, (1.0, 0.85))
    mesh.box((-3.6, 0.7, z), (4.6, 1.2, 0.95), BODY, (1.0, 0.7))
    _wing(mesh, (4.2, 1.5), (1.2, 0.6), (0.8, 1.6), (z + 0.3, z + 0.3), 0.12)
    _wing(mesh, (1.6, -3.6), (-2.2, -3.8), (1.2, 5.6), (z + 0.2, z + 0.1))
    _wing(mesh, (-4.4, -7.0), (-6.9, -7.9), (1.1, 3.5), (z, z - 0.05), 0.14)
    _fin(mesh, (-3.4, -6.4), (-5.9, -7.4), (1.15, 1.65), (z + 0.3, z + 3.1))
    mesh.mirror(since)


def _single_tail(mesh: Mesh, z: float) -> None:
    """A belly intake, mid wings, tailplanes and one tall fin."""
    mesh.box((1.6, 0, z - 0.78), (4.6, 1.15, 0.7), BODY, (1.0, 1.1))
    mesh.box((3.95, 0, z - 0.78), (0.12, 0.95, 0.5), DARK, (1.0, 1.1))
    since = len(mesh.parts)
    _wing(mesh, (3.8, 1.2), (1.4, 0.4), (0.5, 1.2), (z + 0.2, z + 0.15), 0.12)
    _wing(mesh, (1.5, -3.0), (-1.7, -2.9), (0.8, 4.9), (z + 0.1, z + 0.05))
    _wing(mesh, (-4.4, -6.6), (-6.2, -7.1), (0.7, 2.9), (z, z - 0.1), 0.14)
    _fin(mesh, (-4.8, -6.6), (-5.6, -6.4), (0.5, 0.75), (z - 0.5, z - 1.2))
    mesh.mirror(since)
    _fin(mesh, (-2.6, -6.4), (-5.6, -7.3), (0.0, 0.0), (z + 0.5, z + 3.5))


def _delta(mesh: Mesh, z: float) -> None:
    """A large delta wing, canards, cheek intakes and one fin."""
    since = len(mesh.parts)
    mesh.box((1.9, 0.85, z - 0.15), (3.6, 0.6, 0.9), BODY, (0.95, 0.8))
    mesh.box((3.7, 0.87, z - 0.15), (0.12, 0.5, 0.75), DARK, (1.0, 0.8))
    _wing(mesh, (2.0, -6.2), (-5.0, -6.1), (0.6, 5.0), (z - 0.25, z - 0.3))
    _wing(mesh, (4.3, 3.0), (2.9, 2.4), (0.7, 2.1), (z + 0.35, z + 0.45), 0.1)
    mesh.rod((-4.6, 5.0, z - 0.3), (-7.0, 5.0, z - 0.3), 0.08, TRIM, 6)
    mesh.mirror(since)
    _fin(mesh, (-2.4, -6.4), (-5.8, -7.1), (0.0, 0.0), (z + 0.5, z + 3.3))


def _stores(mesh: Mesh, z: float, load: int, trail: float) -> None:
    """Missiles or drop tanks under the wings."""
    since = len(mesh.parts)
    if load >= 1:
        for y in (2.4, 3.6):
            x = trail * 0.4 - (y - 2.4)
            mesh.rod((x + 1.2, y, z - 0.45), (x - 1.5, y, z - 0.45), 0.11, WHITE, 8)
            mesh.rod((x + 1.2, y, z - 0.45), (x + 1.6, y, z - 0.45), 0.11, METAL, 8, 0.02)
            mesh.box((x - 0.2, y, z - 0.2), (1.2, 0.1, 0.4), TRIM)
            mesh.box((x - 1.3, y, z - 0.45), (0.4, 0.6, 0.03), WHITE)
    if load == 2:
        mesh.revolve((1.9, 1.8, z - 0.8), (-2.9, 1.8, z - 0.8),
                     ((0.0, 0.02), (0.2, 0.3), (0.7, 0.32), (1.0, 0.05)), BODY, 12)
        mesh.box((-0.6, 1.8, z - 0.35), (1.6, 0.12, 0.6), BODY)
    mesh.mirror(since)
