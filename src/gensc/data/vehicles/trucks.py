"""Lorries and earth movers: cement mixer, dump truck, military truck and bulldozer."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from .paint import ACCENT, BODY, CANVAS, DARK, GLASS, LAMP, METAL, RIM, RUST, TAIL, TRIM, WHITE
from .parts import between, exhaust, lorry_cab, tracks, wheels
from .solids import Mesh


def _chassis(mesh: Mesh, front: float, rear: float, half: float, z: float) -> None:
    """Two frame rails, fuel tank and tail lamps."""
    since = len(mesh.parts)
    mesh.box(((front + rear) / 2, 0.42, z), (front - rear, 0.14, 0.28), DARK)
    mesh.rod((0.9, half * 0.8, z - 0.1), (-0.1, half * 0.8, z - 0.1), 0.28, METAL, 12)
    mesh.box((rear, half * 0.8, z), (0.06, 0.3, 0.14), TAIL)
    mesh.mirror(since)


def _mudguards(mesh: Mesh, places: list[float], half: float, radius: float, material: int) -> None:
    """Plates above the wheels."""
    since = len(mesh.parts)
    for x in places:
        mesh.box((x, half - 0.2, radius * 2.12), (radius * 2.0, 0.42, 0.05), material)
        mesh.box((x - radius * 1.1, half - 0.2, radius * 1.7), (0.04, 0.42, radius * 0.8), material)
    mesh.mirror(since)


def cement_mixer(rng: np.random.Generator) -> Mesh:
    """A cab-over lorry with a tilted mixing drum, hopper and chute."""
    mesh, half, radius = Mesh(), 1.22, 0.5
    axles = [2.7, -1.6, -2.75] if rng.random() < 0.5 else [2.9, 1.5, -1.6, -2.75]
    lorry_cab(mesh, 1.75, between(rng, 1.75, 2.0), half, 0.62, between(rng, 2.7, 3.0), 0.2)
    _chassis(mesh, 3.2, -3.6, half, 0.95)
    wheels(mesh, axles, half, radius, 0.34, 5, RIM, 0.55)
    _mudguards(mesh, axles[-2:], half, radius, DARK)
    tilt, size = between(rng, 0.5, 0.8), between(rng, 1.1, 1.22)
    n = 16
    stripe = int(rng.integers(2))
    bands = []
    for k in range(9):
        bands += [ACCENT if stripe and (i + 2 * k) % n < 4 else WHITE for i in range(n)]
    paint = np.repeat(np.array(bands, np.int32), 2)
    paint = paint if rng.random() < 0.6 else np.where(paint == WHITE, BODY, paint).astype(np.int32)
    profile = ((0.0, 0.25), (0.02, 0.6), (0.16, 0.86), (0.3, 0.98), (0.42, 1.0), (0.52, 0.99), (0.66, 0.86),
               (0.82, 0.66), (0.96, 0.46), (1.0, 0.4))
    start, stop = (1.55, 0.0, 2.05 - tilt * 0.3), (-3.3, 0.0, 2.25 + tilt)
    mesh.revolve(start, stop, [(t, r * size) for t, r in profile], paint, n, capped=False)
    mesh.rod((1.55, 0, 1.7), (1.5, 0, 2.0), 0.3, METAL)
    mesh.box((1.3, 0, 1.35), (0.4, 1.3, 0.6), TRIM)
    since = len(mesh.parts)
    mesh.rod((-3.2, 0.55, 1.1), (-2.6, 0.5, 2.5 + tilt * 0.6), 0.07, BODY)
    mesh.rod((-3.6, 0.5, 1.1), (-3.5, 0.4, 3.0 + tilt), 0.06, BODY)
    mesh.mirror(since)
    mesh.revolve((-3.45, 0, 2.65 + tilt), (-3.5, 0, 3.25 + tilt), ((0.0, 0.25), (1.0, 0.6)), BODY, 10, False)
    mesh.box((-3.6, 0.0, 2.0), (0.12, 0.5, 1.2), METAL, (1.0, 0.6))
    mesh.rod((-3.5, 0, 2.0 + tilt * 0.5), (-4.4, 0.35, 1.25), 0.22, METAL, 8, 0.18)
    return mesh


def dump_truck(rng: np.random.Generator) -> Mesh:
    """A road tipper or a giant mining hauler, its body down or raised."""
    mining = rng.random() < 0.4
    raise_angle = between(rng, 18.0, 42.0) if rng.random() < 0.4 else 0.0
    return _hauler(rng, raise_angle) if mining else _tipper(rng, raise_angle)


def _skip(mesh: Mesh, front: float, rear: float, half: float, low: float, high: float, paint: int) -> None:
    """An open tipper body with ribs on its sides and a sloping tail."""
    wall, deep = 0.08, high - low
    mesh.box(((front + rear) / 2, 0, low + 0.08), (front - rear, half * 1.8, 0.16), paint)
    since = len(mesh.parts)
    mesh.box(((front + rear) / 2, half - wall / 2, low + deep / 2), (front - rear, wall, deep), paint)
    ribs = max(int((front - rear) / 0.75), 3)
    for k in range(ribs + 1):
        x = rear + 0.06 + (front - rear - 0.12) * k / ribs
        mesh.box((x, half + 0.05, low + deep / 2), (0.12, 0.12, deep), TRIM)
    mesh.box(((front + rear) / 2, half + 0.04, high), (front - rear, 0.16, 0.12), paint)
    mesh.mirror(since)
    mesh.box((front, 0, low + deep / 2 + 0.1), (wall, half * 2, deep + 0.2), paint)
    mesh.box((rear + 0.05, 0, low + deep * 0.45), (wall, half * 1.96, deep * 0.9), TRIM)
    load = [(front - 0.1, -half + 0.1, high - 0.3), (front - 0.1, half - 0.1, high - 0.3),
            (rear + 0.1, half - 0.1, high - 0.3), (rear + 0.1, -half + 0.1, high - 0.3)]
    mesh.panel(load, [(0, 1, 0, 1)], RUST)


def _tipper(rng: np.random.Generator, angle: float) -> Mesh:
    """A three- or four-axle road tipper."""
    mesh, half, radius = Mesh(), 1.24, 0.52
    axles = [2.5, -1.5, -2.7] if rng.random() < 0.6 else [2.7, 1.3, -1.5, -2.7]
    hooded = rng.random() < 0.4
    if hooded:
        lorry_cab(mesh, 1.45, 1.5, half * 0.95, 0.7, 2.75, 0.25)
        mesh.box((3.45, 0, 1.25), (1.2, half * 1.3, 1.0), BODY, (0.9, 0.85), -0.05)
        mesh.box((4.05, 0, 1.2), (0.08, half * 1.0, 0.8), DARK)
        mesh.box((4.05, 0, 0.65), (0.25, half * 1.95, 0.25), METAL)
        axles[0] = 3.2
        _mudguards(mesh, [3.2], half, radius, BODY)
        exhaust(mesh, 1.4, half * 0.7, 1.2, 3.1)
    else:
        lorry_cab(mesh, 1.5, between(rng, 1.75, 2.0), half, 0.62, between(rng, 2.65, 2.95), 0.15)
    _chassis(mesh, 3.0, -3.3, half, 0.95)
    wheels(mesh, axles, half, radius, 0.36, 5, RIM, 0.55)
    since = len(mesh.parts)
    _skip(mesh, 1.3, -3.5, half, 1.2, between(rng, 2.35, 2.75), ACCENT if rng.random() < 0.4 else BODY)
    mesh.box((1.5, 0, 2.85), (0.75, half * 1.9, 0.08), TRIM)
    mesh.tip(since, angle, (-3.2, 0.0, 1.2))
    if angle:
        mesh.rod((0.6, 0, 1.0), (0.35, 0, 1.2 + angle * 0.055), 0.12, METAL)
    return mesh


def _hauler(rng: np.random.Generator, angle: float) -> Mesh:
    """A mining dump truck: huge wheels, small cab, spill guard above."""
    mesh, half, radius = Mesh(), 1.75, between(rng, 0.95, 1.08)
    wheels(mesh, [2.2], half + 0.2, radius, 0.75, 0, BODY, 0.5)
    wheels(mesh, [-1.7], half + 0.3, radius, 1.3, 0, BODY, 0.5)
    mesh.box((0.3, 0, 1.25), (5.6, 1.6, 0.7), DARK)
    mesh.box((3.2, 0, 1.55), (1.1, 3.0, 1.3), BODY)
    mesh.box((3.78, 0, 1.6), (0.08, 1.7, 0.9), DARK)
    mesh.box((2.75, 0, 2.28), (2.1, half * 2.1, 0.14), BODY)
    mesh.box((3.8, 0, 0.85), (0.3, 3.3, 0.35), BODY)
    cab = half * 0.52
    mesh.box((2.55, cab, 2.95), (1.3, 1.3, 1.2), BODY, (0.85, 0.95))
    mesh.box((2.55, cab, 3.05), (1.28, 1.34, 0.62), GLASS, (0.9, 0.98))
    since = len(mesh.parts)
    mesh.box((3.8, half * 0.7, 1.3), (0.1, 0.4, 0.25), LAMP)
    mesh.rod((3.6, half, 2.3), (3.6, half, 3.1), 0.04, METAL, 6)
    mesh.mirror(since)
    mesh.rod((3.6, half, 3.1), (3.6, -half, 3.1), 0.04, METAL, 6)
    mesh.rod((3.7, -half * 0.8, 0.9), (3.7, -half * 0.1, 2.3), 0.07, WHITE, 6)
    since = len(mesh.parts)
    top = between(rng, 3.2, 3.55)
    _skip(mesh, 1.7, -3.6, half, 1.9, top, BODY)
    mesh.box((2.5, 0, top + 0.16), (1.9, half * 2.05, 0.14), BODY)
    mesh.tip(since, angle * 0.8, (-2.9, 0.0, 2.0))
    return mesh


def military_truck(rng: np.random.Generator) -> Mesh:
    """A high off-road lorry with a canvas-covered bed; hooded or cab-over."""
    mesh, half, radius = Mesh(), 1.22, between(rng, 0.58, 0.66)
    hooded = rng.random() < 0.5
    axles = [2.4, -1.35, -2.65] if rng.random() < 0.7 else [2.4, -2.0]
    if hooded:
        lorry_cab(mesh, 0.75, 1.25, half * 0.92, 1.0, 2.6, 0.15)
        mesh.box((2.65, 0, 1.45), (1.4, half * 1.2, 0.8), BODY, (0.95, 0.85), -0.03)
        mesh.box((3.36, 0, 1.42), (0.07, half * 0.95, 0.65), DARK)
        _mudguards(mesh, [2.4], half, radius, BODY)
        since = len(mesh.parts)
        mesh.rod((3.3, half * 0.75, 1.3), (3.4, half * 0.75, 1.3), 0.13, LAMP, 10)
        mesh.mirror(since)
        mesh.box((3.5, 0, 0.9), (0.2, half * 1.95, 0.25), BODY)
    else:
        lorry_cab(mesh, 1.35, between(rng, 1.75, 2.05), half, 0.95, between(rng, 2.7, 2.95), 0.12)
    _chassis(mesh, 3.0, -3.4, half, 1.15)
    wheels(mesh, axles, half, radius, 0.4, 0, BODY, 0.5)
    front = 0.6 if hooded else 1.2
    _covered_bed(mesh, front, -3.5, half, 1.4, between(rng, 3.0, 3.3), rng.random() < 0.8)
    return mesh


def _covered_bed(mesh: Mesh, front: float, rear: float, half: float, floor: float, top: float,
                 covered: bool) -> None:
    """A drop-side bed under a hooped canvas, or with bare hoops and benches."""
    mesh.box(((front + rear) / 2, 0, floor), (front - rear, half * 2, 0.15), BODY)
    since = len(mesh.parts)
    mesh.box(((front + rear) / 2, half - 0.03, floor + 0.3), (front - rear, 0.07, 0.6), BODY)
    for k in range(6):
        x = rear + 0.05 + (front - rear - 0.1) * k / 5
        mesh.box((x, half + 0.02, floor + 0.25), (0.08, 0.06, 0.65), TRIM)
    mesh.mirror(since)
    mesh.box((front, 0, floor + 0.3), (0.07, half * 2, 0.6), BODY)
    mesh.box((rear, 0, floor + 0.3), (0.07, half * 2, 0.6), BODY)
    side, eave = half - 0.01, top - 0.4
    arch = [(side, floor + 0.5), (side, eave), (half * 0.82, top - 0.1), (half * 0.3, top),
            (-half * 0.3, top),
            (-half * 0.82, top - 0.1), (-side, eave), (-side, floor + 0.5)]
    hoops = 6
    if covered:
        rings = []
        for k in range(2 * hoops - 1):
            x = rear + (front - rear) * k / (2 * hoops - 2)
            # The cloth sags a little between the hoops.
            sag = 0.05 if k % 2 else 0.0
            rings.append([(x, y * (1.0 - sag * 0.6), z - sag * (z > eave)) for y, z in arch])
        mesh.loft(rings, CANVAS)
        mesh.box((rear - 0.02, 0, floor + 1.0), (0.03, half * 1.2, 0.75), DARK)
        return
    for k in range(hoops):
        x = rear + 0.05 + (front - rear - 0.1) * k / (hoops - 1)
        for (y0, z0), (y1, z1) in pairwise(arch):
            mesh.rod((x, y0, z0), (x, y1, z1), 0.03, TRIM, 5)


def bulldozer(rng: np.random.Generator) -> Mesh:
    """A crawler with curved blade, hood, cab or canopy, and perhaps a ripper."""
    mesh, half = Mesh(), 1.25
    tracks(mesh, 1.9, -1.9, half, 0.5, between(rng, 0.95, 1.1), 5, 0.0, DARK)
    mesh.box((0.0, 0, 0.85), (3.3, 1.5, 0.8), TRIM)
    mesh.box((1.0, 0, 1.55), (1.9, 1.05, 0.85), BODY, (1.0, 0.9))
    mesh.box((1.97, 0, 1.55), (0.05, 0.85, 0.7), DARK)
    mesh.box((-1.3, 0, 1.4), (1.0, 1.9, 0.7), BODY)
    since = len(mesh.parts)
    mesh.box((1.0, 0.54, 1.5), (1.3, 0.03, 0.4), DARK)
    mesh.box((-0.5, 0.98, 1.28), (1.9, 0.5, 0.1), BODY)
    mesh.rod((-0.2, half + 0.12, 0.5), (2.5, half + 0.12, 0.4), 0.13, BODY)
    mesh.rod((1.7, 0.5, 1.6), (2.55, 0.5, 0.95), 0.07, METAL)
    mesh.mirror(since)
    _dozer_cab(mesh, rng.random() < 0.65, between(rng, 2.85, 3.1))
    exhaust(mesh, 1.1, 0.25, 1.9, 2.6)
    lift, wide = between(rng, 0.0, 0.35), between(rng, 1.6, 1.85)
    curve = ((2.75, 0.0), (2.58, 0.25), (2.52, 0.55), (2.56, 0.85), (2.68, 1.15), (2.6, 1.16), (2.44, 0.86),
             (2.4, 0.55), (2.46, 0.25), (2.65, 0.0))
    mesh.loft([[(x, y, z + lift) for x, z in curve] for y in (-wide, wide)], BODY, capped=False)
    mesh.box((2.72, 0, 0.05 + lift), (0.12, wide * 2, 0.16), METAL)
    since = len(mesh.parts)
    mesh.box((2.62, wide, 0.58 + lift), (0.3, 0.04, 1.15), BODY)
    mesh.mirror(since)
    if rng.random() < 0.6:
        mesh.box((-2.2, 0, 0.9), (0.5, 1.3, 0.3), BODY)
        mesh.rod((-2.45, 0, 1.3), (-2.6, 0, 0.2), 0.13, METAL, 6, 0.05)
    return mesh


def _dozer_cab(mesh: Mesh, closed: bool, top: float) -> None:
    """A glazed cab, or a canopy on four posts over a seat."""
    if closed:
        mesh.box((-0.55, 0, (1.5 + top) / 2), (1.3, 1.45, top - 1.5), BODY, (0.9, 0.92))
        mesh.box((-0.55, 0, (2.0 + top) / 2 - 0.1), (1.34, 1.15, top - 2.1), GLASS, (0.92, 0.95))
        mesh.box((-0.55, 0, (2.0 + top) / 2 - 0.1), (1.02, 1.5, top - 2.1), GLASS, (0.92, 0.93))
    else:
        since = len(mesh.parts)
        for x in (0.05, -1.15):
            mesh.box((x, 0.66, (1.5 + top) / 2), (0.1, 0.1, top - 1.5), BODY)
        mesh.mirror(since)
        mesh.box((-0.75, 0, 1.95), (0.5, 0.55, 0.5), DARK)
        mesh.box((-0.45, 0, 1.7), (0.5, 0.55, 0.2), DARK)
    mesh.box((-0.55, 0, top), (1.55, 1.6, 0.1), BODY)
