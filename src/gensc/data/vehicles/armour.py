"""Fighting vehicles: the battle tank and the wheeled armoured personnel carrier."""

from __future__ import annotations

import numpy as np

from .paint import BODY, CANVAS, DARK, GLASS, LAMP, METAL, TAIL, TRIM
from .parts import barrel, between, tracks, wheels
from .solids import Mesh, sincos


def _turn(mesh: Mesh, since: int, degrees: float, x: float) -> None:
    """Rotate the parts from `since` on about the vertical axis through (x, 0)."""
    s, c = sincos(degrees)
    for k in range(since, len(mesh.parts)):
        vertices, triangles, material = mesh.parts[k]
        dx, dy = vertices[:, 0] - x, vertices[:, 1]
        turned = np.column_stack([dx * c - dy * s + x, dx * s + dy * c, vertices[:, 2]])
        mesh.parts[k] = (turned, triangles, material)


def _hull(mesh: Mesh, profile: list[tuple[float, float, float, float]], half: float) -> None:
    """A hull from stations (x, low, high, width share) with sloped upper sides."""
    rings = []
    for x, low, high, share in profile:
        w, shoulder = half * share, low + (high - low) * 0.55
        side = [(w * 0.72, low), (w, shoulder), (w * 0.84, high)]
        rings.append([(x, y, z) for y, z in side] + [(x, -y, z) for y, z in side[::-1]])
    mesh.loft(rings, BODY)


def tank(rng: np.random.Generator) -> Mesh:
    """A main battle tank: low hull, two tracks, big turret, long gun."""
    mesh, half = Mesh(), between(rng, 1.7, 1.85)
    front, rear, deck = 3.4, -3.4, between(rng, 1.2, 1.35)
    skirts = rng.random() < 0.5
    tracks(mesh, front, rear, half, 0.62, 1.0, 7 if rng.random() < 0.5 else 6, 0.25)
    inner = half - 0.55
    belly = [(3.3, 0.85, 0.95), (2.3, 0.45, deck), (-3.2, 0.45, deck), (-3.45, 0.8, deck - 0.1)]
    mesh.loft([[(x, inner, z0), (x, inner, z1), (x, -inner, z1), (x, -inner, z0)] for x, z0, z1 in belly],
              BODY)
    since = len(mesh.parts)
    mesh.box((-0.1, half - 0.31, 1.1), (6.5, 0.68, 0.08), BODY)
    mesh.box((-0.9, half - 0.3, 1.26), (4.2, 0.5, 0.3), BODY)
    mesh.box((3.3, half - 0.31, 0.98), (0.5, 0.66, 0.07), BODY, (1.0, 1.0))
    mesh.box((3.0, inner * 0.75, 1.12), (0.12, 0.2, 0.14), LAMP)
    if skirts:
        for k in range(6):
            mesh.box((2.5 - k * 1.0, half + 0.02, 0.86), (0.96, 0.05, 0.5), BODY)
    mesh.mirror(since)
    mesh.box((-2.6, 0, deck + 0.03), (1.3, 1.7, 0.08), TRIM)
    since = len(mesh.parts)
    lift = between(rng, -1.0, 9.0)
    if rng.random() < 0.5:
        _dome_turret(mesh, deck, lift)
    else:
        _wedge_turret(mesh, deck, lift, between(rng, 0.7, 0.85))
    turn = 0.0 if rng.random() < 0.45 else between(rng, -40.0, 40.0)
    _turn(mesh, since, turn, 0.1)
    if rng.random() < 0.4:
        mesh.rod((-3.6, -0.9, 1.15), (-3.6, 0.9, 1.15), 0.22, TRIM, 10)
    return mesh


def _hatches(mesh: Mesh, top: float) -> None:
    """Cupola, machine gun, sight and aerial."""
    mesh.rod((-0.3, -0.55, top - 0.05), (-0.3, -0.55, top + 0.18), 0.36, BODY, 12)
    mesh.rod((-0.2, 0.55, top - 0.05), (-0.2, 0.55, top + 0.1), 0.33, BODY, 12)
    mesh.rod((-0.4, -0.55, top + 0.42), (0.75, -0.55, top + 0.48), 0.04, METAL, 6)
    mesh.box((-0.25, -0.55, top + 0.36), (0.4, 0.12, 0.2), METAL)
    mesh.box((0.55, 0.5, top + 0.1), (0.35, 0.3, 0.25), BODY)
    mesh.box((0.73, 0.5, top + 0.12), (0.02, 0.22, 0.15), GLASS)
    mesh.rod((-1.3, 0.8, top - 0.1), (-1.45, 0.85, top + 1.3), 0.018, DARK, 5)


def _dome_turret(mesh: Mesh, deck: float, lift: float) -> None:
    """A cast, rounded turret in the Soviet manner."""
    profile = ((0.0, 1.3), (0.12, 1.5), (0.45, 1.38), (0.8, 1.0), (1.0, 0.65))
    mesh.revolve((0.1, 0, deck), (0.1, 0, deck + 0.82), profile, BODY, 18)
    barrel(mesh, (1.2, 0, deck + 0.4), 5.0, 0.1, lift, True)
    mesh.ellipsoid((1.3, 0, deck + 0.4), (0.4, 0.35, 0.28), BODY, 10, 6)
    _hatches(mesh, deck + 0.78)
    since = len(mesh.parts)
    for k in range(4):
        mesh.rod((0.85 - 0.17 * k, 1.12 + 0.07 * k, deck + 0.45),
                 (1.1 - 0.17 * k, 1.3 + 0.07 * k, deck + 0.62), 0.06,
                 DARK, 6)
    mesh.mirror(since)
    mesh.box((-1.35, 0, deck + 0.4), (0.5, 1.6, 0.35), CANVAS)


def _wedge_turret(mesh: Mesh, deck: float, lift: float, tall: float) -> None:
    """A welded turret with sloped cheeks and a bustle, in the Western manner."""
    low = [(1.9, 0.45), (0.9, 1.5), (-2.0, 1.4), (-2.2, 1.0)]
    high = [(1.15, 0.5), (0.5, 1.15), (-1.9, 1.15), (-2.05, 0.9)]
    rings = []
    for outline, z in ((low, deck + 0.08), (low, deck + 0.3), (high, deck + tall)):
        rings.append([(x, y, z) for x, y in outline] + [(x, -y, z) for x, y in outline[::-1]])
    mesh.loft(rings, BODY)
    barrel(mesh, (1.5, 0, deck + 0.38), 5.0, 0.105, lift, True)
    mesh.box((1.6, 0, deck + 0.38), (0.7, 0.7, 0.46), BODY)
    _hatches(mesh, deck + tall)
    since = len(mesh.parts)
    for k in range(3):
        mesh.rod((0.0 - 0.2 * k, 1.38, deck + 0.5), (0.2 - 0.2 * k, 1.6, deck + 0.62), 0.06, DARK, 6)
    mesh.mirror(since)
    mesh.box((-2.3, 0, deck + 0.45), (0.45, 1.9, 0.4), CANVAS)


def carrier(rng: np.random.Generator) -> Mesh:
    """A wheeled armoured personnel carrier: boat-shaped hull, 6 or 8 wheels, small turret."""
    mesh, half, eight = Mesh(), between(rng, 1.32, 1.45), rng.random() < 0.7
    top, radius = between(rng, 2.05, 2.3), between(rng, 0.54, 0.6)
    _hull(mesh, [(3.75, 1.05, 1.25, 0.7), (3.0, 0.6, 1.55, 0.96), (1.7, 0.55, top, 1.0),
                 (-3.3, 0.55, top, 1.0),
                 (-3.65, 0.8, top - 0.15, 0.95)], half)
    places = [2.55, 1.15, -0.75, -2.15] if eight else [2.3, 0.1, -1.7]
    since = len(mesh.parts)
    for x in places:
        mesh.rod((x, half - 0.4, 0.75), (x, half * 0.93, 0.75), radius * 1.15, DARK, 16)
    mesh.box((2.85, half * 0.62, 1.48), (0.4, 0.3, 0.14), GLASS, (0.6, 1.0), -0.1)
    mesh.rod((3.3, half * 0.72, 1.3), (3.45, half * 0.74, 1.3), 0.12, LAMP, 10)
    mesh.box((-3.6, half * 0.7, 1.5), (0.1, 0.15, 0.25), TAIL)
    mesh.box((0.3, half * 0.98, 1.62), (0.8, 0.05, 0.45), TRIM)
    for x in (-1.2, -2.2):
        mesh.box((x, half * 0.95, 1.75), (0.25, 0.06, 0.14), DARK)
    mesh.mirror(since)
    mesh.box((3.15, 0, 1.62), (0.9, half * 1.2, 0.06), TRIM, shift=-0.1)
    wheels(mesh, places, half + 0.06, radius, 0.4, 0, BODY, 0.5)
    mesh.rod((0.9, -0.55, top - 0.02), (0.9, -0.55, top + 0.1), 0.4, TRIM, 12)
    _small_turret(mesh, rng, top)
    mesh.box((-2.4, 0, top + 0.03), (1.2, 1.3, 0.08), TRIM)
    mesh.rod((-2.9, half * 0.7, top), (-3.1, half * 0.7, top + 1.2), 0.018, DARK, 5)
    return mesh


def _small_turret(mesh: Mesh, rng: np.random.Generator, top: float) -> None:
    """A one-man turret with autocannon, a conical one, or an open machine-gun ring."""
    since, kind = len(mesh.parts), int(rng.integers(3))
    if kind == 0:
        mesh.box((0.0, 0, top + 0.28), (1.5, 1.3, 0.56), BODY, (0.7, 0.72))
        barrel(mesh, (0.6, 0.0, top + 0.3), 1.9, 0.05, between(rng, 0, 12), False, METAL)
        mesh.box((0.45, 0.5, top + 0.6), (0.25, 0.25, 0.22), GLASS)
    elif kind == 1:
        mesh.revolve((0, 0, top - 0.02), (0, 0, top + 0.55), ((0.0, 0.85), (0.9, 0.5), (1.0, 0.42)), BODY, 16)
        barrel(mesh, (0.5, 0.0, top + 0.3), 1.3, 0.045, between(rng, 0, 15), False, METAL)
    else:
        mesh.rod((0, 0, top - 0.02), (0, 0, top + 0.12), 0.55, BODY, 14)
        mesh.box((0.1, 0, top + 0.42), (0.06, 0.95, 0.5), BODY)
        mesh.rod((-0.3, 0, top + 0.5), (1.1, 0, top + 0.55), 0.04, METAL, 6)
        mesh.box((-0.1, 0, top + 0.42), (0.45, 0.14, 0.2), METAL)
    _turn(mesh, since, between(rng, -35.0, 35.0), 0.0)
