"""Sun shadows: a depth map drawn from the sun with the same rasteriser, and its soft lookup."""

from __future__ import annotations

import math

import numpy as np

from gensc.machine.jit import kernel

from .raster import SUB, draw
from .solids import Floats, Ints
from .view import Vector, cross

_SIDE = 320  # texels


def shadow_map(vertices: Floats, triangles: Ints, sun: Vector) -> tuple[Floats, Floats]:
    """Depth map [320, 320] and the frame [3, 4] that maps points to texels and nearness to the sun."""
    flat = math.sqrt(sun[0] * sun[0] + sun[1] * sun[1])
    across = (-sun[1] / flat, sun[0] / flat, 0.0)
    rows = (across, cross(sun, across))
    planes = [vertices[:, 0] * a + vertices[:, 1] * b + vertices[:, 2] * c for a, b, c in (*rows, sun)]
    low = [float(plane.min()) for plane in planes]
    extent = max(float(planes[k].max()) - low[k] for k in (0, 1))
    scale = (_SIDE - 8) / extent
    frame = np.zeros((3, 4))
    for k in (0, 1):
        frame[k] = (rows[k][0] * scale, rows[k][1] * scale, rows[k][2] * scale, 4.0 - low[k] * scale)
    # The bias of a texel and a half keeps lit faces from shadowing themselves.
    frame[2] = (*sun, 1.5 / scale)
    grid = np.column_stack([np.floor((planes[k] * scale + frame[k, 3]) * SUB + 0.5) for k in (0, 1)])
    depth = np.full((_SIDE, _SIDE), -1e30)
    draw(grid.astype(np.int32), planes[2], triangles, 0, depth, np.zeros((_SIDE, _SIDE), np.int32))
    return depth, frame


@kernel
def shadow_at(shadow: Floats, frame: Floats, x: float, y: float, z: float) -> float:
    """Share of sunlight in [0, 1] reaching a point; frame rows map to shadow pixels and nearness."""
    u = x * frame[0, 0] + y * frame[0, 1] + z * frame[0, 2] + frame[0, 3]
    v = x * frame[1, 0] + y * frame[1, 1] + z * frame[1, 2] + frame[1, 3]
    near = x * frame[2, 0] + y * frame[2, 1] + z * frame[2, 2] + frame[2, 3]
    iu, iv = int(math.floor(u)), int(math.floor(v))
    side = shadow.shape[0]
    if iu < 1 or iv < 1 or iu > side - 3 or iv > side - 3:
        return 1.0
    fu, fv = u - iu, v - iv
    lit = 0.0
    # A 3 x 3 tent over the four nearest texels and their ring keeps the edge soft without banding.
    for j in range(-1, 2):
        for i in range(-1, 2):
            if shadow[iv + j, iu + i] <= near:
                wi = 1.0 - fu if i < 0 else (fu if i > 0 else 1.0)
                wj = 1.0 - fv if j < 0 else (fv if j > 0 else 1.0)
                lit += wi * wj
    return lit * 0.25
