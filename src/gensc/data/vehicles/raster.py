"""The z-buffer triangle rasteriser: integer coverage on a 1/16 pixel grid, and corner normals."""

from __future__ import annotations

import math

import numpy as np

from gensc.machine.jit import kernel

from .solids import Floats, Ints

SUB = 16  # grid steps per pixel
_CREASE = 0.72  # faces whose normals meet at a wider angle (about 44 degrees) keep a hard edge


@kernel
def draw(grid: Ints, near: Floats, triangles: Ints, first: int, zbuf: Floats, ids: Ints) -> None:
    """Draw triangles into zbuf/ids [H, W]; larger `near` wins, ids receive `first` + triangle number.

    grid [N, 2] are vertex positions in 1/16 pixels; near [N] must be linear on the screen (1/depth).
    """
    height, width = zbuf.shape
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay = np.int64(grid[a, 0]), np.int64(grid[a, 1])
        bx, by = np.int64(grid[b, 0]), np.int64(grid[b, 1])
        cx, cy = np.int64(grid[c, 0]), np.int64(grid[c, 1])
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area == 0:
            continue
        if area < 0:
            b, c = c, b
            bx, by, cx, cy = cx, cy, bx, by
            area = -area
        # Pixel centres lie half a pixel (8 steps) in.
        x0 = max(int(min(ax, bx, cx) + 7) // 16, 0)
        x1 = min(int(max(ax, bx, cx) - 8) // 16, width - 1)
        y0 = max(int(min(ay, by, cy) + 7) // 16, 0)
        y1 = min(int(max(ay, by, cy) - 8) // 16, height - 1)
        if x0 > x1 or y0 > y1:
            continue
        slope_b, slope_c = (near[b] - near[a]) / area, (near[c] - near[a]) / area
        ub, vb = (cy - ay), (cx - ax)
        uc, vc = (by - ay), (bx - ax)
        for y in range(y0, y1 + 1):
            py = y * 16 + 8 - ay
            px = x0 * 16 + 8 - ax
            wb = px * ub - py * vb
            wc = py * vc - px * uc
            for x in range(x0, x1 + 1):
                if wb >= 0 and wc >= 0 and wb + wc <= area:
                    depth = near[a] + (wb * slope_b + wc * slope_c)
                    if depth > zbuf[y, x]:
                        zbuf[y, x] = depth
                        ids[y, x] = first + t
                wb += 16 * ub
                wc -= 16 * uc


@kernel
def face_normals(vertices: Floats, triangles: Ints) -> Floats:
    """Normals [T, 3] of triangles, unit length (zero for degenerate triangles)."""
    out = np.zeros((triangles.shape[0], 3))
    for t in range(triangles.shape[0]):
        a, b, c = vertices[triangles[t, 0]], vertices[triangles[t, 1]], vertices[triangles[t, 2]]
        ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
        vx, vy, vz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        length = math.sqrt(nx * nx + ny * ny + nz * nz)
        if length > 1e-12:
            out[t, 0], out[t, 1], out[t, 2] = nx / length, ny / length, nz / length
    return out


@kernel
def corner_normals(vertices: Floats, triangles: Ints) -> Floats:
    """Normals [T, 3, 3] per triangle corner: rounded over shallow edges, hard over sharp ones."""
    count = triangles.shape[0]
    faces = face_normals(vertices, triangles)
    start = np.zeros(vertices.shape[0] + 1, np.int64)
    for t in range(count):
        for k in range(3):
            start[triangles[t, k] + 1] += 1
    for i in range(vertices.shape[0]):
        start[i + 1] += start[i]
    users = np.empty(count * 3, np.int64)
    fill = start[:-1].copy()
    for t in range(count):
        for k in range(3):
            users[fill[triangles[t, k]]] = t
            fill[triangles[t, k]] += 1
    out = np.empty((count, 3, 3))
    for t in range(count):
        nx, ny, nz = faces[t, 0], faces[t, 1], faces[t, 2]
        for k in range(3):
            sx, sy, sz = 0.0, 0.0, 0.0
            for u in range(start[triangles[t, k]], start[triangles[t, k] + 1]):
                fx, fy, fz = faces[users[u], 0], faces[users[u], 1], faces[users[u], 2]
                if fx * nx + fy * ny + fz * nz > _CREASE:
                    sx, sy, sz = sx + fx, sy + fy, sz + fz
            out[t, k, 0], out[t, k, 1], out[t, k, 2] = sx, sy, sz
    return out
