"""Things around the vehicle: bushes, trees, posts, fences and sheds, before it or behind it."""

from __future__ import annotations

import numpy as np

from .paint import ACCENT, CONCRETE, DARK, GLASS, LEAF, LEAF2, METAL, WHITE, WOOD
from .parts import between
from .setting import horizontal
from .solids import Mesh
from .view import Vector, cross


def _leaves(mesh: Mesh, rng: np.random.Generator, centre: Vector, radii: Vector, count: int,
            leaf: float) -> None:
    """A cloud of leaf triangles in an ellipsoid, denser near its surface."""
    way = rng.random((count, 3)) * 2.0 - 1.0
    length = np.sqrt(way[:, 0] * way[:, 0] + way[:, 1] * way[:, 1] + way[:, 2] * way[:, 2])
    reach = 0.55 + 0.45 * rng.random(count)
    middle = way / (length + 1e-9)[:, None] * reach[:, None] * np.array(radii) + np.array(centre)
    corners = middle[:, None, :] + (rng.random((count, 3, 3)) - 0.5) * (2.0 * leaf)
    corners[:, :, 2] = np.maximum(corners[:, :, 2], 0.0)
    tints = np.where(rng.random(count) < 0.5, LEAF, LEAF2).astype(np.int32)
    mesh.add(corners.reshape(-1, 3), np.arange(3 * count, dtype=np.int32).reshape(count, 3), tints)


def _bush(rng: np.random.Generator, at: Vector, size: float) -> Mesh:
    mesh, high = Mesh(), size * between(rng, 0.15, 0.32)
    wide = high * between(rng, 1.0, 1.6)
    _leaves(mesh, rng, (at[0], at[1], high * 0.75), (wide, wide, high * 0.8), 520, high * 0.13)
    mesh.ellipsoid((at[0], at[1], high * 0.6), (wide * 0.55, wide * 0.55, high * 0.55), LEAF, 8, 5)
    return mesh


def _post(rng: np.random.Generator, at: Vector, size: float) -> Mesh:
    mesh, high, thick = Mesh(), size * between(rng, 0.8, 2.5), size * between(rng, 0.012, 0.03)
    material = (WOOD, METAL, CONCRETE, WHITE)[int(rng.integers(4))]
    mesh.rod((at[0], at[1], 0.0), (at[0], at[1], high), thick, material, 10)
    if rng.random() < 0.4:
        mesh.box((at[0], at[1], high), (thick * 5, thick * 16, thick * 10), ACCENT)
    return mesh


def _fence(rng: np.random.Generator, at: Vector, size: float, side: Vector) -> Mesh:
    mesh, high = Mesh(), size * between(rng, 0.18, 0.3)
    thick, gap = high * 0.05, size * between(rng, 0.3, 0.5)
    ends = [(at[0] + side[0] * gap * k, at[1] + side[1] * gap * k) for k in (-4, 4)]
    for level in (0.5, 0.9):
        mesh.rod((*ends[0], high * level), (*ends[1], high * level), thick * 0.7, WOOD, 6)
    for k in range(-4, 5):
        x, y = at[0] + side[0] * gap * k, at[1] + side[1] * gap * k
        mesh.rod((x, y, 0.0), (x, y, high), thick, WOOD, 6)
    return mesh


def _tree(rng: np.random.Generator, at: Vector, size: float) -> Mesh:
    mesh, high = Mesh(), size * between(rng, 1.2, 2.4)
    crown = high * between(rng, 0.25, 0.38)
    mesh.rod((at[0], at[1], 0.0), (at[0], at[1], high * 0.7), high * 0.035, WOOD, 7, high * 0.015)
    for _ in range(4):
        part = crown * between(rng, 0.55, 0.8)
        x, y, z = (between(rng, -0.5, 0.5) * crown for _ in range(3))
        _leaves(mesh, rng, (at[0] + x, at[1] + y, high - crown + z), (part, part, part * 0.8), 200,
                crown * 0.11)
        mesh.ellipsoid((at[0] + x, at[1] + y, high - crown + z), (part * 0.6, part * 0.6, part * 0.5), LEAF,
                       8, 5)
    return mesh


def _shed(rng: np.random.Generator, at: Vector, size: float) -> Mesh:
    mesh = Mesh()
    wide, deep = size * between(rng, 1.5, 4.0), size * between(rng, 1.0, 2.0)
    high = size * between(rng, 0.8, 1.8)
    material = (CONCRETE, WHITE, WOOD, ACCENT)[int(rng.integers(4))]
    mesh.box((at[0], at[1], high / 2), (wide, deep, high), material)
    mesh.box((at[0], at[1], high * 1.04), (wide * 1.04, deep * 1.04, high * 0.08), DARK)
    count = int(rng.integers(3, 8))
    for k in range(count):
        x = at[0] + wide * ((k + 0.5) / count - 0.5)
        mesh.box((x, at[1], high * 0.6), (wide / count * 0.5, deep * 1.02, high * 0.25), GLASS)
    return mesh


def in_front(rng: np.random.Generator, eye: Vector, middle: Vector, size: float) -> tuple[str, list[Mesh]]:
    """None to three obstacles between camera and vehicle and their name; each may be refused later."""
    if rng.random() < 0.55:
        return "", []
    toward = horizontal((eye[0] - middle[0], eye[1] - middle[1], 0.0))
    side = cross((0.0, 0.0, 1.0), toward)
    kind, things = int(rng.integers(3)), []
    for _ in range(1 if kind == 2 else int(rng.integers(1, 4))):
        ahead, across = size * between(rng, 1.05, 1.5), size * between(rng, -0.9, 0.9)
        at = (middle[0] + toward[0] * ahead + side[0] * across,
              middle[1] + toward[1] * ahead + side[1] * across, 0.0)
        if kind == 0:
            things.append(_bush(rng, at, size))
        elif kind == 1:
            things.append(_post(rng, at, size))
        else:
            things.append(_fence(rng, at, size, side))
    return ("a bush", "a post", "a fence")[kind], things


def behind(rng: np.random.Generator, eye: Vector, middle: Vector, size: float) -> list[Mesh]:
    """None to five trees, bushes or sheds beyond the vehicle."""
    if rng.random() < 0.45:
        return []
    away = horizontal((middle[0] - eye[0], middle[1] - eye[1], 0.0))
    side = cross((0.0, 0.0, 1.0), away)
    things = []
    for _ in range(int(rng.integers(1, 5))):
        far = size * between(rng, 2.4, 7.0)
        across = (far + 2.0 * size) * between(rng, -0.8, 0.8)
        at = (middle[0] + away[0] * far + side[0] * across, middle[1] + away[1] * far + side[1] * across, 0.0)
        pick = rng.random()
        maker = _tree if pick < 0.5 else (_bush if pick < 0.75 else _shed)
        things.append(maker(rng, at, size))
    return things
