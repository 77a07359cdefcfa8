"""Motorcycles: cruiser, sport bike and tourer with panniers, front wheel at +x."""

from __future__ import annotations

import numpy as np

from .paint import BODY, CHROME, DARK, GLASS, LAMP, METAL, RIM, SEAT, TAIL, TYRE
from .parts import between
from .solids import Mesh, sincos


def _spoked_wheel(mesh: Mesh, x: float, radius: float, width: float, spokes: int) -> None:
    """An open wheel: tyre ring, rim, brake disc, hub and spokes."""
    half = width / 2
    ring = ((0.0, 0.84), (0.0, 0.93), (0.3, 1.0), (0.7, 1.0), (1.0, 0.93), (1.0, 0.84), (0.0, 0.84))
    mesh.revolve((x, -half, radius), (x, half, radius), [(t, r * radius) for t, r in ring], TYRE, 24, False)
    rim = ((0.2, 0.74), (0.2, 0.85), (0.8, 0.85), (0.8, 0.74), (0.2, 0.74))
    mesh.revolve((x, -half, radius), (x, half, radius), [(t, r * radius) for t, r in rim], RIM, 24, False)
    mesh.rod((x, -half * 0.9, radius), (x, half * 0.9, radius), radius * 0.16, METAL, 10)
    mesh.revolve((x, half * 0.8, radius), (x, half * 0.85, radius),
                 ((0.0, radius * 0.45), (1.0, radius * 0.45)), CHROME, 16)
    for k in range(spokes):
        s, c = sincos(360.0 * k / spokes + 11.0)
        mesh.rod((x, 0, radius), (x + c * radius * 0.8, 0, radius + s * radius * 0.8),
                 radius * (0.02 + 0.18 / spokes), RIM, 5)


def _running_gear(mesh: Mesh, radius: float, front: float, rear: float, rake: float, head: float) -> None:
    """Wheels, fork, swing arm, mudguards, handlebar and headlamp; head is the steering-head height."""
    top = front - rake
    since = len(mesh.parts)
    mesh.rod((front, 0.11, radius), (top, 0.11, head), 0.03, CHROME, 8)
    mesh.rod((rear, 0.13, radius), (rear + 0.55, 0.1, 0.42), 0.035, METAL, 8)
    mesh.rod((rear + 0.05, 0.14, radius + 0.05), (rear + 0.25, 0.14, 0.78), 0.04, CHROME, 8)
    mesh.rod((top - 0.02, 0.05, head + 0.04), (top - 0.16, 0.36, head + 0.13), 0.017, METAL, 6)
    mesh.rod((top - 0.16, 0.36, head + 0.13), (top - 0.26, 0.42, head + 0.1), 0.024, DARK, 6)
    mesh.rod((top - 0.1, 0.25, head + 0.1), (top - 0.05, 0.33, head + 0.28), 0.01, METAL, 5)
    mesh.ellipsoid((top - 0.05, 0.34, head + 0.3), (0.02, 0.08, 0.05), DARK, 8, 4)
    mesh.mirror(since)
    for x, width in ((front, 0.15), (rear, 0.2)):
        arc = []
        for k in range(7):
            s, c = sincos(20.0 + 110.0 * k / 6 if x == front else 40.0 + 120.0 * k / 6)
            arc.append((x + c * radius * 1.08, radius + s * radius * 1.08))
        rings = [[(px, -width / 2, pz), (px, width / 2, pz), (px, width / 2, pz + 0.02),
                  (px, -width / 2, pz + 0.02)] for px, pz in arc]
        mesh.loft(rings, BODY)


def _engine(mesh: Mesh, twin: bool) -> None:
    """Crankcase with cooling-finned cylinders and exhaust pipes."""
    mesh.rod((0.02, -0.2, 0.4), (0.02, 0.2, 0.4), 0.2, METAL, 14)
    mesh.box((-0.12, 0, 0.42), (0.45, 0.3, 0.26), METAL)
    for lean in (0.22, -0.14) if twin else (0.12,):
        for k in range(5):
            t = k / 4
            mesh.box((0.02 + lean * (0.45 + 0.55 * t), 0, 0.52 + 0.2 * t), (0.22, 0.28, 0.025),
                     CHROME if k % 2 else METAL)
        mesh.box((0.02 + lean * 0.7, 0, 0.62), (0.15, 0.2, 0.24), DARK)
    mesh.rod((0.3, -0.16, 0.55), (0.34, -0.19, 0.3), 0.03, CHROME)
    mesh.rod((0.34, -0.19, 0.3), (-0.2, -0.21, 0.27), 0.03, CHROME)
    mesh.rod((-0.2, -0.21, 0.27), (-0.95, -0.22, 0.34), 0.05, CHROME, 10, 0.06)
    mesh.rod((0.25, 0.16, 0.5), (0.1, 0.2, 0.27), 0.03, CHROME)
    mesh.rod((0.1, 0.2, 0.27), (-0.95, 0.22, 0.3), 0.04, CHROME, 10, 0.06)
    since = len(mesh.parts)
    mesh.rod((0.45, 0.04, 0.85), (0.4, 0.12, 0.28), 0.025, DARK, 6)
    mesh.rod((0.4, 0.12, 0.28), (-0.45, 0.12, 0.28), 0.025, DARK, 6)
    mesh.rod((-0.45, 0.12, 0.28), (-0.4, 0.1, 0.7), 0.025, DARK, 6)
    mesh.mirror(since)


def motorcycle(rng: np.random.Generator) -> Mesh:
    """One of three styles of motorcycle."""
    mesh, kind = Mesh(), int(rng.integers(3))
    radius, spokes = between(rng, 0.3, 0.33), 5 if kind == 1 else 12
    front, rear = (0.86 if kind == 0 else 0.74), -0.74
    head = 0.88
    _spoked_wheel(mesh, front, radius, 0.12, spokes)
    _spoked_wheel(mesh, rear, radius, 0.18, spokes)
    _running_gear(mesh, radius, front, rear, 0.42 if kind == 0 else 0.28, head)
    _engine(mesh, kind != 1)
    mesh.ellipsoid((0.16, 0, 0.84), (0.31, 0.16, 0.15), BODY)
    mesh.ellipsoid((-0.3, 0, 0.76), (0.34, 0.15, 0.08), SEAT)
    mesh.box((-0.3, 0, 0.64), (0.5, 0.2, 0.16), DARK)
    top = front - (0.36 if kind == 0 else 0.22)
    if kind == 1:
        _fairing(mesh, top)
    else:
        mesh.ellipsoid((top + 0.07, 0, head - 0.04), (0.1, 0.1, 0.1), CHROME, 12, 8)
        mesh.ellipsoid((top + 0.12, 0, head - 0.04), (0.07, 0.085, 0.085), LAMP, 12, 8)
        mesh.ellipsoid((-0.68, 0, 0.78), (0.22, 0.12, 0.06), SEAT)
    if kind == 2:
        since = len(mesh.parts)
        mesh.box((-0.68, 0.28, 0.58), (0.5, 0.2, 0.34), BODY, (0.9, 0.85))
        mesh.mirror(since)
        mesh.box((-0.95, 0, 0.98), (0.34, 0.42, 0.3), BODY, (0.85, 0.85))
        mesh.panel([(top + 0.1, -0.22, 0.92), (top + 0.1, 0.22, 0.92), (top - 0.08, 0.18, 1.35),
                    (top - 0.08, -0.18, 1.35)],
                   [(0, 1, 0, 1)], GLASS)
    mesh.box((-0.98 if kind != 2 else -1.0, 0, 0.7), (0.05, 0.14, 0.08), TAIL)
    return mesh


def _fairing(mesh: Mesh, top: float) -> None:
    """Sport-bike bodywork: pointed nose, side panels, screen and raised tail."""
    rings = []
    for x, half, low, high in ((top + 0.34, 0.05, 0.72, 0.82), (top + 0.2, 0.16, 0.62, 0.95),
                               (top - 0.05, 0.22, 0.5, 1.02),
                               (top - 0.35, 0.21, 0.36, 0.86), (-0.1, 0.19, 0.3, 0.66)):
        middle = (low + high) / 2
        rings.append([(x, 0.0, low), (x, half, middle - 0.08), (x, half * 0.85, middle + 0.12),
                      (x, 0.0, high), (x, -half * 0.85, middle + 0.12), (x, -half, middle - 0.08)])
    mesh.loft(rings, BODY)
    mesh.ellipsoid((top + 0.08, 0, 0.99), (0.2, 0.14, 0.13), GLASS)
    since = len(mesh.parts)
    mesh.ellipsoid((top + 0.26, 0.08, 0.79), (0.06, 0.055, 0.035), LAMP, 8, 5)
    mesh.mirror(since)
    mesh.loft([[(-0.35, 0.12, 0.78), (-0.35, -0.12, 0.78), (-0.35, -0.1, 0.68), (-0.35, 0.1, 0.68)],
               [(-0.98, 0.04, 0.98), (-0.98, -0.04, 0.98), (-0.98, -0.04, 0.92), (-0.98, 0.04, 0.92)]], BODY)
