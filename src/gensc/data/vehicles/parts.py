"""Parts shared by several vehicles: wheels, tracks, rotors, landing gear, barrels, cab boxes."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from .paint import BODY, DARK, GLASS, LAMP, METAL, RIM, RUST, TRACK, TYRE
from .solids import Floats, Ints, Mesh, circle, sincos


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """A uniform random number."""
    return low + (high - low) * rng.random()


@lru_cache(maxsize=16)
def _unit_wheel(spokes: int, rim: int, tyre_share: float) -> tuple[Floats, Ints, Ints]:
    """A wheel of radius 1 and width 1, outer face at y = 0, hub at the origin."""
    mesh, n = Mesh(), 20
    mesh.revolve((0, -1, 0), (0, 0, 0), ((0.0, 0.88), (0.12, 1.0), (0.88, 1.0), (1.0, 0.9)), TYRE, n)
    hub = tyre_share
    mesh.revolve((0, -0.02, 0), (0, 0.03, 0), ((0.0, hub), (1.0, hub * 0.9)), rim, n, capped=False)
    stripes = [rim if (i * spokes * 2 // n) % 2 == 0 or spokes == 0 else DARK for i in range(n)]
    face = np.repeat(np.array(stripes, np.int32), 2)
    mesh.revolve((0, 0.03, 0), (0, 0.005, 0), ((0.0, hub * 0.9), (1.0, hub * 0.3)), face, n, capped=False)
    mesh.revolve((0, -0.02, 0), (0, 0.05, 0), ((0.0, hub * 0.34), (1.0, hub * 0.28)), rim, 10)
    return mesh.arrays()


def wheel(mesh: Mesh, x: float, y: float, radius: float, width: float, spokes: int = 5, rim: int = RIM,
          tyre_share: float = 0.66, z: float | None = None) -> None:
    """One wheel on the left side; y is its outer face, z its hub height (default: on the ground)."""
    vertices, triangles, materials = _unit_wheel(spokes, rim, tyre_share)
    scale = np.array([radius, width, radius])
    mesh.add(vertices * scale + np.array([x, y, radius if z is None else z]), triangles, materials)


def wheels(mesh: Mesh, places: list[float], y: float, radius: float, width: float, spokes: int = 5,
           rim: int = RIM, tyre_share: float = 0.66) -> None:
    """Pairs of wheels at the given x places, outer faces at +-y."""
    since = len(mesh.parts)
    for x in places:
        wheel(mesh, x, y, radius, width, spokes, rim, tyre_share)
    mesh.mirror(since)


def arches(mesh: Mesh, places: list[float], y: float, radius: float) -> None:
    """Dark wheel arches in both body sides."""
    since = len(mesh.parts)
    for x in places:
        mesh.rod((x, y - 0.25, radius * 1.06), (x, y + 0.004, radius * 1.06), radius * 1.06, DARK, 20)
    mesh.mirror(since)


def _belt(front: float, rear: float, low: float, high: float, rise: float) -> list[tuple[float, float]]:
    """The closed outline (x, z) of a track: flat below, rounded ends, raised idlers."""
    radius = (high - low) * 0.5
    points = []
    for k in range(9):
        s, c = sincos(-90.0 + 180.0 * k / 8)
        points.append((front - radius + c * radius, low + radius + s * radius))
    for k in range(9):
        s, c = sincos(90.0 + 180.0 * k / 8)
        points.append((rear + radius + c * radius, low + radius + s * radius))
    ends = front - 1.6 * radius, rear + 1.6 * radius
    return [(x, z + rise if z < high - radius and (x > ends[0] or x < ends[1]) else z) for x, z in points]


def _cleats(points: list[tuple[float, float]], step: float) -> list[tuple[float, float]]:
    """The outline cut into pieces of about `step` metres."""
    out = []
    for (x0, z0), (x1, z1) in zip(points, points[1:] + points[:1], strict=True):
        pieces = max(int(math.sqrt((x1 - x0) * (x1 - x0) + (z1 - z0) * (z1 - z0)) / step), 1)
        out += [(x0 + (x1 - x0) * k / pieces, z0 + (z1 - z0) * k / pieces) for k in range(pieces)]
    return out


def tracks(mesh: Mesh, front: float, rear: float, y: float, width: float, height: float, count: int,
           rise: float = 0.15, rim: int = BODY) -> None:
    """A pair of tracks from x = rear to front with `count` road wheels; y is the outer face."""
    since = len(mesh.parts)
    outline = np.array(_cleats(_belt(front, rear, 0.0, height, rise), 0.16))
    n = len(outline)
    ring = np.zeros((2, n, 3))
    ring[:, :, 0], ring[:, :, 2] = outline[:, 0], outline[:, 1]
    ring[0, :, 1], ring[1, :, 1] = y - width, y
    mesh.loft(ring, np.repeat(np.array([TRACK, DARK] * n, np.int32)[:n], 2), capped=False)
    flat = ring[1].copy()
    flat[:, 1] = y - 0.12
    mesh.loft(np.stack([flat, flat]), DARK)
    middle = np.array([(front + rear) * 0.5, y, height * 0.5])
    inner = middle + (ring[1] - middle) * np.array([0.965, 1.0, 0.8])
    mesh.loft(np.stack([ring[1], inner]), TRACK, capped=False)
    radius = min((front - rear - height) / count * 0.48, height * 0.36)
    for k in range(count):
        x = rear + height * 0.75 + (front - rear - height * 1.5) * k / (count - 1)
        wheel(mesh, x, y - 0.03, radius, 0.15, 0, rim, 0.8, z=radius + 0.1)
    end = height * 0.3
    for x in (front - height * 0.52, rear + height * 0.52):
        wheel(mesh, x, y - 0.03, end, 0.15, 5, rim, 0.85, z=height * 0.5 + rise * 0.4)
    mesh.mirror(since)


def rotor(mesh: Mesh, hub: tuple[float, float, float], radius: float, blades: int, phase: float,
          chord: float, droop: float) -> None:
    """A main rotor with thin blades; phase in degrees, droop in metres at the tips."""
    x, y, z = hub
    for k in range(blades):
        s, c = sincos(phase + 360.0 * k / blades)
        half = chord * 0.5
        rings = []
        for reach, fall in ((0.08, 0.0), (0.55, 0.3), (1.0, 1.0)):
            px, py, pz = x + c * radius * reach, y + s * radius * reach, z - droop * fall
            ox, oy = -s * half, c * half
            rings.append([(px + ox, py + oy, pz), (px, py, pz + 0.05), (px - ox, py - oy, pz - 0.02),
                          (px, py, pz - 0.03)])
        mesh.loft(rings, DARK)
    mesh.rod((x, y, z - 0.6), (x, y, z + 0.15), 0.16, METAL, 10)
    mesh.ellipsoid((x, y, z), (0.5, 0.5, 0.14), METAL, 10, 4)


def side_rotor(mesh: Mesh, hub: tuple[float, float, float], radius: float, blades: int,
               phase: float) -> None:
    """A tail rotor in the x-z plane."""
    x, y, z = hub
    for k in range(blades):
        s, c = sincos(phase + 360.0 * k / blades)
        px, pz = x + c * radius, z + s * radius
        ox, oz = -s * radius * 0.09, c * radius * 0.09
        mesh.loft([[(x + ox, y, z + oz), (x, y + 0.03, z), (x - ox, y, z - oz), (x, y - 0.03, z)],
                   [(px + ox, y, pz + oz), (px, y + 0.02, pz), (px - ox, y, pz - oz), (px, y - 0.02, pz)]],
                  DARK)
    mesh.rod((x, y - 0.25, z), (x, y + 0.1, z), 0.09, METAL)


def gear_leg(mesh: Mesh, x: float, y: float, top: float, radius: float, floor: float) -> None:
    """A landing-gear strut with a pair of wheels touching z = floor."""
    mesh.rod((x, y, top), (x, y, floor + radius), radius * 0.25, METAL)
    for side in (-0.12, 0.9):
        wheel(mesh, x, y + radius * side, radius, radius * 0.7, 0, RIM, 0.5, z=floor + radius)


def barrel(mesh: Mesh, start: tuple[float, float, float], length: float, radius: float, lift: float,
           evacuator: bool, material: int = BODY) -> None:
    """A gun barrel pointing forward, raised by `lift` degrees."""
    s, c = sincos(lift)
    end = (start[0] + length * c, start[1], start[2] + length * s)
    profile = [(0.0, radius * 1.5), (0.14, radius * 1.3), (0.15, radius * 1.05)]
    if evacuator:
        profile += [(0.5, radius), (0.51, radius * 1.7), (0.64, radius * 1.7), (0.65, radius * 0.95)]
    profile += [(0.93, radius * 0.85), (0.94, radius * 1.15), (1.0, radius * 1.15)]
    mesh.revolve(start, end, profile, material, 12)
    mouth = (end[0] + 0.01 * c, end[1], end[2] + 0.01 * s)
    mesh.rod(end, mouth, radius * 0.7, DARK, 10)


def exhaust(mesh: Mesh, x: float, y: float, low: float, high: float, radius: float = 0.07) -> None:
    """An upright exhaust pipe."""
    mesh.rod((x, y, low), (x, y, high), radius, RUST, 10)
    mesh.rod((x, y, high), (x - 0.08, y, high + 0.15), radius * 0.8, METAL, 8)


def lorry_cab(mesh: Mesh, rear: float, length: float, half: float, low: float, high: float, slope: float,
              paint: int = BODY) -> None:
    """A cab with windscreen, side windows, grille, lamps and bumper; `slope` pulls the screen back."""
    front, waist = rear + length, low + (high - low) * 0.48
    rings = []
    for x, z, w in ((front, low, 0.97), (front + 0.04, waist, 1.0), (front - slope, high - 0.12, 0.93),
                    (front - slope - 0.2, high, 0.82)):
        w *= half
        rings.append([(x, -w * 0.88, z), (x, w * 0.88, z), (x - 0.12, w, z), (rear, w, z),
                      (rear, -w, z), (x - 0.12, -w, z)])
    mesh.loft(rings, paint)
    base, top = rings[1], rings[2]
    mesh.panel([base[0], base[1], top[1], top[0]], [(0.05, 0.95, 0.06, 0.92)], GLASS, (0.015, 0, 0.005))
    since = len(mesh.parts)
    mesh.panel([base[2], base[3], top[3], top[2]], [(0.08, 0.75, 0.08, 0.88)], GLASS, (0, 0.015, 0))
    foot = rings[0]
    mesh.panel([foot[2], foot[3], base[3], base[2]], [(0.78, 0.8, 0.0, 1.0), (0.05, 0.07, 0.1, 1.0)], DARK,
               (0, 0.012, 0))
    mesh.box((front - 0.25, half + 0.12, waist + 0.45), (0.08, 0.16, 0.42), DARK)
    mesh.box((front + 0.03, half * 0.72, low + 0.17), (0.08, 0.3, 0.2), LAMP)
    mesh.mirror(since)
    mesh.box((front + 0.02, 0.0, (low + waist) * 0.5 + 0.1), (0.06, half * 1.1, (waist - low) * 0.5), DARK)
    mesh.box((front, 0.0, low - 0.08), (0.22, half * 2.0, 0.26), METAL)


def fuselage(mesh: Mesh, stations: list[tuple[float, float, float, float]], material: int | Ints,
             n: int = 14, phase: float = 90.0) -> None:
    """An elliptic tube from stations (x, centre height, half width, half height); points start at
    `phase` degrees from the left side."""
    rings = np.empty((len(stations), n, 3))
    base = circle(n, phase)
    for k, (x, z, wide, high) in enumerate(stations):
        rings[k, :, 0] = x
        rings[k, :, 1] = base[:, 0] * wide
        rings[k, :, 2] = base[:, 1] * high + z
    mesh.loft(rings, material)
