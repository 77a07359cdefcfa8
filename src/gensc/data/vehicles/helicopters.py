"""Helicopters: the slim attack helicopter and the big transport helicopter, nose at +x."""

from __future__ import annotations

import numpy as np

from .paint import ACCENT, BODY, DARK, GLASS, METAL, TRIM
from .parts import barrel, between, fuselage, gear_leg, rotor, side_rotor, wheel
from .solids import Mesh


def attack(rng: np.random.Generator) -> Mesh:
    """An attack helicopter: stepped tandem cockpit, stub wings with pods, chin gun, thin tail boom."""
    mesh, skids = Mesh(), rng.random() < 0.35
    z, wide = 1.75, between(rng, 0.5, 0.62)
    fuselage(mesh, [(5.3, z - 0.15, 0.16, 0.16), (4.9, z - 0.1, 0.38, 0.4), (3.8, z, wide, 0.62),
                    (1.0, z + 0.1, wide + 0.05, 0.85), (-1.5, z + 0.2, wide, 0.8),
                    (-3.2, z + 0.4, 0.36, 0.46), (-8.0, z + 0.75, 0.2, 0.24)], BODY)
    _stepped_cockpit(mesh, z, wide)
    mesh.box((0.0, 0, z + 1.15), (2.6, 0.85, 0.7), BODY, (0.7, 0.6), -0.2)
    since = len(mesh.parts)
    mesh.revolve((0.8, wide + 0.28, z + 0.85), (-1.6, wide + 0.28, z + 0.85),
                 ((0.0, 0.28), (0.2, 0.36), (0.8, 0.34), (1.0, 0.2)),
                 BODY, 10)
    mesh.rod((-1.5, wide + 0.28, z + 0.85), (-1.8, wide + 0.36, z + 0.9), 0.2, DARK)
    mesh.slab([(1.0, wide, z + 0.05), (-0.2, wide, z + 0.05)], [(0.7, 2.6, z - 0.1), (-0.1, 2.6, z - 0.1)],
              0.2, 0.14, BODY)
    _pods(mesh, z - 0.55, int(rng.integers(2)))
    if skids:
        mesh.rod((2.8, 1.05, 0.08), (-1.4, 1.05, 0.08), 0.07, METAL)
        for x in (1.8, -0.7):
            mesh.rod((x, 1.05, 0.08), (x, 0.4, z - 0.4), 0.06, METAL)
    else:
        mesh.rod((1.6, 0.5, z - 0.4), (1.9, 1.05, 0.4), 0.09, METAL)
        wheel(mesh, 1.9, 1.15, 0.38, 0.25, 0)
    mesh.slab([(-7.2, 0.1, z + 0.6), (-8.0, 0.1, z + 0.6)], [(-7.3, 1.5, z + 0.6), (-8.0, 1.5, z + 0.6)], 0.1,
              0.06, BODY)
    mesh.mirror(since)
    mesh.slab([(-7.2, 0, z + 0.7), (-8.5, 0, z + 0.6)], [(-8.5, 0, z + 2.6), (-9.3, 0, z + 2.6)], 0.2, 0.1,
              BODY, (0, 1, 0))
    if not skids:
        mesh.rod((-7.6, 0, z + 0.6), (-7.9, 0, 0.3), 0.06, METAL)
        wheel(mesh, -7.9, 0.1, 0.26, 0.2, 0)
    mesh.ellipsoid((4.2, 0, z - 0.62), (0.32, 0.28, 0.22), TRIM, 10, 6)
    barrel(mesh, (4.3, 0, z - 0.72), 1.5, 0.06, -4.0, False, METAL)
    mesh.ellipsoid((5.1, 0, z - 0.2), (0.34, 0.36, 0.34), DARK, 10, 6)
    rotor(mesh, (0.0, 0.0, z + 1.9), 6.6, int(rng.integers(4, 6)), between(rng, 0, 90), 0.5,
          between(rng, 0.0, 0.4))
    side_rotor(mesh, (-8.7, 0.3, z + 2.0), 1.3, 4, between(rng, 0, 90))
    return mesh


def _stepped_cockpit(mesh: Mesh, z: float, wide: float) -> None:
    """Two glazed seats one above the other, with frames."""
    for x, up in ((3.5, 0.5), (1.95, 0.85)):
        low, high = z + up - 0.2, z + up + 0.5
        rings = []
        for dz, f, r, w in ((low, 0.95, -0.75, 0.92), (low + 0.4, 0.6, -0.72, 0.86),
                            (high, 0.1, -0.65, 0.55)):
            rings.append([(x + f, wide * w * 0.8, dz), (x + r, wide * w, dz), (x + r, -wide * w, dz),
                          (x + f, -wide * w * 0.8, dz)])
        mesh.loft(rings, GLASS)
        for k in (0, 1):
            for i in range(4):
                mesh.rod(rings[k][i], rings[k + 1][i], 0.045, BODY, 5)
        mesh.rod(rings[1][0], rings[1][1], 0.03, BODY, 5)
        mesh.rod(rings[1][3], rings[1][2], 0.03, BODY, 5)


def _pods(mesh: Mesh, z: float, load: int) -> None:
    """Rocket pods and missile racks under the left stub wing."""
    mesh.rod((1.3, 1.45, z), (-0.6, 1.45, z), 0.27, TRIM, 12)
    mesh.rod((1.31, 1.45, z), (1.2, 1.45, z), 0.2, DARK, 12)
    if load == 0:
        mesh.rod((1.3, 2.25, z), (-0.6, 2.25, z), 0.27, TRIM, 12)
        mesh.rod((1.31, 2.25, z), (1.2, 2.25, z), 0.2, DARK, 12)
    else:
        for dy in (-0.16, 0.16):
            for dz in (-0.16, 0.16):
                mesh.rod((1.2, 2.25 + dy, z + dz), (-0.5, 2.25 + dy, z + dz), 0.09, DARK, 8)
    for y in (1.45, 2.25):
        mesh.box((0.3, y, z + 0.4), (0.7, 0.1, 0.35), BODY)


def transport(rng: np.random.Generator) -> Mesh:
    """A transport helicopter: tandem rotors, or one big rotor above a deep cabin."""
    return _tandem(rng) if rng.random() < 0.5 else _single(rng)


def _portholes(mesh: Mesh, front: float, rear: float, y: float, z: float, count: int, size: float) -> None:
    """A row of square cabin windows on both sides."""
    since = len(mesh.parts)
    strip = [(front, y, z - size / 2), (rear, y, z - size / 2), (rear, y, z + size / 2),
             (front, y, z + size / 2)]
    share = size / (front - rear)
    spans = [((k + 0.5) / count - share / 2, (k + 0.5) / count + share / 2, 0.0, 1.0) for k in range(count)]
    mesh.panel(strip, spans, GLASS)
    mesh.mirror(since)


def _squared(mesh: Mesh, stations: list[tuple[float, float, float, float]], material: int) -> None:
    """A cabin with rounded-square sections from stations (x, half width, low, high)."""
    rings = []
    for x, half, low, high in stations:
        soft = min(half, (high - low) / 2) * 0.35
        side = [(half - soft, low), (half, low + soft), (half, high - soft), (half - soft, high)]
        rings.append([(x, y, z) for y, z in side] + [(x, -y, z) for y, z in side[::-1]])
    mesh.loft(rings, material)


def _tandem(rng: np.random.Generator) -> Mesh:
    """Two big rotors on pylons above a long, box-shaped cabin."""
    mesh, half, phase = Mesh(), 1.45, between(rng, 0, 120)
    _squared(mesh, [(7.4, 0.5, 1.3, 2.0), (6.9, 1.0, 0.9, 2.5), (5.6, 1.4, 0.7, 3.3), (4.6, half, 0.65, 3.4),
                    (-4.6, half, 0.65, 3.4), (-7.4, half * 0.9, 2.0, 3.4)], BODY)
    _squared(mesh, [(6.4, 0.3, 3.0, 3.3), (5.4, 0.6, 3.2, 4.4), (4.2, 0.6, 3.2, 4.4), (2.6, 0.35, 3.2, 3.6)],
             BODY)
    _squared(mesh, [(-3.6, 0.45, 3.2, 3.5), (-5.2, 0.6, 3.2, 5.4), (-7.4, 0.55, 3.0, 5.7),
                    (-8.0, 0.3, 3.4, 5.6)], BODY)
    since = len(mesh.parts)
    mesh.revolve((-4.6, 1.25, 4.0), (-7.2, 1.25, 4.0), ((0.0, 0.35), (0.2, 0.45), (1.0, 0.38)), TRIM, 12)
    mesh.rod((-4.55, 1.25, 4.0), (-4.7, 1.25, 4.0), 0.33, DARK, 12)
    _squared(mesh, [(3.6, 1.75, 0.7, 1.4), (-5.0, 1.75, 0.7, 1.4)], BODY)
    mesh.panel([(6.88, 0.95, 1.9), (5.7, 1.38, 1.9), (5.7, 1.3, 3.1), (6.6, 0.8, 2.6)],
               [(0.0, 0.45, 0.1, 1), (0.52, 1, 0.1, 1)],
               GLASS, (0.08, 0.1, 0.04))
    gear_leg(mesh, 3.0, 1.6, 0.9, 0.4, 0.0)
    gear_leg(mesh, -4.6, 1.6, 0.9, 0.4, 0.0)
    mesh.mirror(since)
    mesh.panel([(7.02, -0.85, 2.1), (7.02, 0.85, 2.1), (6.0, 0.95, 3.1), (6.0, -0.95, 3.1)],
               [(0.03, 0.47, 0.1, 0.95), (0.53, 0.97, 0.1, 0.95)], GLASS, (0.1, 0, 0.08))
    _portholes(mesh, 4.2, -4.2, half + 0.01, 2.5, 5, 0.5)
    droop = between(rng, 0.0, 0.6)
    rotor(mesh, (4.8, 0.0, 5.0), 7.6, 3, phase, 0.75, droop)
    rotor(mesh, (-6.6, 0.0, 6.3), 7.6, 3, phase + 60.0, 0.75, droop)
    return mesh


def _single(rng: np.random.Generator) -> Mesh:
    """One main rotor above a deep fuselage with windows, side pods and a tail boom."""
    mesh, z = Mesh(), 2.0
    fuselage(mesh, [(6.0, z - 0.3, 0.35, 0.4), (5.6, z - 0.2, 0.85, 0.85), (4.6, z, 1.25, 1.25),
                    (3.0, z, 1.3, 1.3), (-2.6, z, 1.3, 1.3), (-4.4, z + 0.45, 0.85, 0.85),
                    (-6.0, z + 0.75, 0.45, 0.5), (-9.6, z + 1.0, 0.25, 0.32)],
             BODY, 16)
    fuselage(mesh, [(3.4, z + 1.35, 0.3, 0.2), (2.8, z + 1.5, 0.75, 0.42), (-0.5, z + 1.6, 0.8, 0.5),
                    (-3.0, z + 1.2, 0.35, 0.3)], BODY)
    since = len(mesh.parts)
    mesh.rod((3.05, 0.42, z + 1.5), (2.9, 0.42, z + 1.5), 0.26, DARK, 12)
    mesh.rod((-0.6, 0.7, z + 1.7), (-1.0, 1.05, z + 1.75), 0.22, DARK)
    mesh.revolve((1.6, 1.5, z - 0.75), (-1.8, 1.5, z - 0.75),
                 ((0.0, 0.2), (0.15, 0.4), (0.85, 0.4), (1.0, 0.2)), ACCENT
                 if rng.random() < 0.3 else BODY, 12)
    mesh.panel([(5.75, 0.75, z - 0.1), (4.7, 1.2, z - 0.1), (4.5, 1.05, z + 0.75), (5.3, 0.7, z + 0.55)],
               [(0.0, 0.45, 0.0, 1.0), (0.53, 1.0, 0.0, 1.0)], GLASS, (0.1, 0.1, 0.05))
    gear_leg(mesh, -1.6, 1.7, z - 0.9, 0.44, 0.0)
    mesh.slab([(-8.4, 0.2, z + 0.95), (-9.3, 0.2, z + 0.95)], [(-8.6, 1.7, z + 0.95), (-9.3, 1.7, z + 0.95)],
              0.12, 0.08, BODY)
    mesh.mirror(since)
    mesh.panel([(5.85, -0.7, z + 0.1), (5.85, 0.7, z + 0.1), (5.05, 0.75, z + 0.85), (5.05, -0.75, z + 0.85)],
               [(0.03, 0.47, 0.0, 1.0), (0.53, 0.97, 0.0, 1.0)], GLASS, (0.12, 0, 0.08))
    gear_leg(mesh, 4.2, 0.0, z - 0.9, 0.34, 0.0)
    _portholes(mesh, 3.2, -2.6, 1.31, z + 0.35, 6, 0.45)
    since = len(mesh.parts)
    mesh.panel([(3.9, 1.31, z - 0.75), (2.9, 1.31, z - 0.75), (2.9, 1.28, z + 0.7), (3.9, 1.28, z + 0.7)],
               [(0, 0.05, 0, 1), (0.95, 1, 0, 1), (0, 1, 0.95, 1)], DARK, (0, 0.02, 0))
    mesh.mirror(since)
    mesh.slab([(-8.8, 0, z + 1.1), (-10.0, 0, z + 0.9)], [(-10.2, 0, z + 3.1), (-10.9, 0, z + 3.0)], 0.3,
              0.15, BODY, (0, 1, 0))
    rotor(mesh, (0.8, 0.0, z + 2.7), 9.0, 5, between(rng, 0, 72), 0.6, between(rng, 0.0, 0.8))
    side_rotor(mesh, (-10.3, 0.35, z + 2.6), 1.7, 4, between(rng, 0, 90))
    return mesh
