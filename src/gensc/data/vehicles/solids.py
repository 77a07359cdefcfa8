"""Mesh primitives: everything a vehicle is built of, as vertices, triangles and a material per triangle.

Frame: x forward, y left, z up, metres, ground at z = 0.  Only IEEE-exact numpy arithmetic is used
(+ - * / sqrt), with sines and cosines rounded to 12 digits, so meshes are equal on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Point = Sequence[float]


def sincos(degrees: float) -> tuple[float, float]:
    """Sine and cosine of an angle in degrees, rounded to 12 digits so that every libm agrees."""
    angle = math.radians(degrees)
    return round(math.sin(angle), 12), round(math.cos(angle), 12)


@lru_cache(maxsize=64)
def circle(n: int, phase: float = 0.0) -> Floats:
    """n points of the unit circle, [n, 2], starting `phase` degrees after the first axis."""
    points = [sincos(phase + 360.0 * i / n) for i in range(n)]
    return np.array([[c, s] for s, c in points])


@lru_cache(maxsize=256)
def _loft_triangles(rings: int, points: int, capped: bool) -> Ints:
    """Triangles [T, 3] of a tube of `rings` closed rings; caps fan around two extra centre vertices."""
    tris = []
    for k in range(rings - 1):
        for i in range(points):
            j = (i + 1) % points
            a, b = k * points + i, k * points + j
            tris += [(a, b, b + points), (a, b + points, a + points)]
    if capped:
        first, last = rings * points, rings * points + 1
        top = (rings - 1) * points
        for i in range(points):
            j = (i + 1) % points
            tris += [(first, j, i), (last, top + i, top + j)]
    return np.array(tris, dtype=np.int32)


@lru_cache(maxsize=8)
def _unit_sphere(n: int, rings: int) -> tuple[Floats, Ints]:
    """Vertices and triangles of a unit sphere with poles on z."""
    base = circle(n)
    levels = []
    for k in range(1, rings):
        s, c = sincos(180.0 * k / rings)
        levels.append(np.column_stack([base * s, np.full(n, -c)]))
    poles = np.array([[0.0, 0.0, -1.0], [0.0, 0.0, 1.0]])
    return np.concatenate([*levels, poles]), _loft_triangles(rings - 1, n, True)


_BOX_RING = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])


class Mesh:
    """A growing list of solid parts; `arrays()` joins them."""

    def __init__(self) -> None:
        self.parts: list[tuple[Floats, Ints, int | Ints]] = []

    def add(self, vertices: Floats, triangles: Ints, material: int | Ints) -> None:
        """Append one part: vertices [N, 3], triangles [T, 3], one material or one per triangle."""
        self.parts.append((vertices, triangles, material))

    def loft(self, rings: Sequence[Sequence[Point]] | Floats, material: int | Ints,
             capped: bool = True) -> None:
        """A tube through K closed rings of M points each, [K, M, 3]."""
        array = np.asarray(rings, dtype=np.float64)
        count, points = array.shape[:2]
        vertices = array.reshape(-1, 3)
        if capped:
            middle = points // 2
            ends = (array[[0, -1], 0] + array[[0, -1], middle]) * 0.5
            vertices = np.concatenate([vertices, ends])
        self.add(vertices, _loft_triangles(count, points, capped), material)

    def box(self, centre: Point, size: Point, material: int, taper: tuple[float, float] = (1.0, 1.0),
            shift: float = 0.0) -> None:
        """A box; the top face is scaled by `taper` in x and y and moved forward by `shift` metres."""
        cx, cy, cz = centre
        hx, hy, hz = size[0] * 0.5, size[1] * 0.5, size[2] * 0.5
        rings = np.empty((2, 4, 3))
        rings[0, :, 0] = cx + _BOX_RING[:, 0] * hx
        rings[0, :, 1] = cy + _BOX_RING[:, 1] * hy
        rings[1, :, 0] = cx + shift + _BOX_RING[:, 0] * (hx * taper[0])
        rings[1, :, 1] = cy + _BOX_RING[:, 1] * (hy * taper[1])
        rings[0, :, 2] = cz - hz
        rings[1, :, 2] = cz + hz
        self.loft(rings, material)

    def revolve(self, start: Point, end: Point, profile: Sequence[tuple[float, float]],
                material: int | Ints, n: int = 14, capped: bool = True) -> None:
        """A solid of revolution about start-end; profile lists (place 0..1 along the axis, radius)."""
        sx, sy, sz = start
        dx, dy, dz = end[0] - sx, end[1] - sy, end[2] - sz
        length = math.sqrt(dx * dx + dy * dy + dz * dz)
        ax, ay, az = dx / length, dy / length, dz / length
        # Any vector not parallel to the axis gives a stable perpendicular pair.
        if abs(az) < 0.9:
            flat = math.sqrt(ax * ax + ay * ay)
            u = (-ay / flat, ax / flat, 0.0)
        else:
            flat = math.sqrt(ay * ay + az * az)
            u = (0.0, -az / flat, ay / flat)
        v = (ay * u[2] - az * u[1], az * u[0] - ax * u[2], ax * u[1] - ay * u[0])
        base = circle(n)
        spokes = base[:, :1] * np.array(u) + base[:, 1:] * np.array(v)
        table = np.array(profile)
        axis = np.array((dx, dy, dz))
        spine = np.array((sx, sy, sz)) + table[:, :1] * axis
        self.loft(spine[:, None, :] + table[:, 1][:, None, None] * spokes[None], material, capped)

    def rod(self, start: Point, end: Point, radius: float, material: int, n: int = 8,
            end_radius: float | None = None) -> None:
        """A straight cylinder or cone frustum between two points."""
        tip = radius if end_radius is None else end_radius
        self.revolve(start, end, ((0.0, radius), (1.0, tip)), material, n)

    def ellipsoid(self, centre: Point, radii: Point, material: int, n: int = 14, rings: int = 8) -> None:
        """An axis-aligned ellipsoid."""
        vertices, triangles = _unit_sphere(n, rings)
        self.add(vertices * np.array(radii) + np.array(centre), triangles, material)

    def panel(self, quad: Sequence[Point] | Floats, spans: Sequence[Point], material: int,
              lift: Point = (0.0, 0.0, 0.0)) -> None:
        """Flat patches on a quad (corners in order); each span is (u0, u1, v0, v1) of its unit square."""
        p = np.asarray(quad, dtype=np.float64)
        s = np.asarray(spans, dtype=np.float64)
        u, v = s[:, [0, 1, 1, 0], None], s[:, [2, 2, 3, 3], None]
        low = p[0] + (p[1] - p[0]) * u
        high = p[3] + (p[2] - p[3]) * u
        vertices = (low + (high - low) * v + np.array(lift)).reshape(-1, 3)
        self.add(vertices, _patch_triangles(len(s)), material)

    def slab(self, root: Sequence[Point], tip: Sequence[Point], root_thick: float, tip_thick: float,
             material: int, normal: Point = (0.0, 0.0, 1.0)) -> None:
        """A wing: root and tip are (leading, trailing) edge points; thickness along `normal`."""
        up = np.array(normal)
        rings = []
        for edge, thick in ((root, root_thick), (tip, tip_thick)):
            lead, trail = np.array(edge[0], dtype=np.float64), np.array(edge[1], dtype=np.float64)
            third, late = lead + (trail - lead) * 0.25, lead + (trail - lead) * 0.7
            half = up * (thick * 0.5)
            rings.append([lead, third + half, late + half * 0.8, trail, late - half * 0.5,
                          third - half * 0.7])
        self.loft(np.array(rings), material)

    def mirror(self, since: int = 0) -> None:
        """Append the left-right mirror image of all parts from number `since` on."""
        flip = np.array([1.0, -1.0, 1.0])
        for vertices, triangles, material in self.parts[since:]:
            self.add(vertices * flip, triangles, material)

    def tip(self, since: int, pitch: float, pivot: Point) -> None:
        """Turn the parts from number `since` on nose-up by `pitch` degrees about `pivot`."""
        s, c = sincos(pitch)
        origin = np.array(pivot)
        for k in range(since, len(self.parts)):
            vertices, triangles, material = self.parts[k]
            local = vertices - origin
            x, z = local[:, 0] * c - local[:, 2] * s, local[:, 0] * s + local[:, 2] * c
            self.parts[k] = (np.column_stack([x, local[:, 1], z]) + origin, triangles, material)

    def arrays(self) -> tuple[Floats, Ints, Ints]:
        """All parts joined: vertices [N, 3], triangles [T, 3] and materials [T]."""
        base, triangles, materials = 0, [], []
        for vertices, tris, material in self.parts:
            triangles.append(tris + np.int32(base))
            materials.append(np.full(len(tris), material, np.int32) if isinstance(material, int)
                             else material)
            base += len(vertices)
        vertices = np.concatenate([part[0] for part in self.parts])
        return vertices, np.concatenate(triangles), np.concatenate(materials)


@lru_cache(maxsize=128)
def _patch_triangles(count: int) -> Ints:
    """Triangles of `count` separate quads."""
    first = np.arange(count, dtype=np.int32)[:, None] * 4
    return np.concatenate([first + np.array([0, 1, 2], np.int32), first + np.array([0, 2, 3], np.int32)])
