"""Numba kernels that light the visible mesh pixels and lay them over the backdrop."""

from __future__ import annotations

import math
from typing import NamedTuple

from gensc.machine.jit import inlined, kernel

from .noise import noise2, noise3
from .paint import CAMO, GLOSS, MIRROR
from .shadow import shadow_at
from .sky import sky_colour
from .solids import Floats, Ints
from .view import Backdrop, Camera, Light, Vector

SAMPLES = 2  # sub-pixels per pixel along each axis


class Surface(NamedTuple):
    """Triangles ready to shade: vertices [N, 3], screen grid [N, 2], nearness [N], triangles [T, 3],
    corner normals [T, 3, 3], materials [T], palette [K, 6], camouflage colours [3, 3]."""

    vertices: Floats
    grid: Ints
    near: Floats
    triangles: Ints
    normals: Floats
    materials: Ints
    palette: Floats
    camouflage: Floats


@inlined
def _weights(mesh: Surface, t: int, x: int, y: int) -> Vector:
    """Perspective-correct weights of the three corners of triangle t at sub-pixel (x, y)."""
    a, b, c = mesh.triangles[t, 0], mesh.triangles[t, 1], mesh.triangles[t, 2]
    ax, ay = mesh.grid[a, 0], mesh.grid[a, 1]
    px, py = x * 16 + 8 - ax, y * 16 + 8 - ay
    bx, by = mesh.grid[b, 0] - ax, mesh.grid[b, 1] - ay
    cx, cy = mesh.grid[c, 0] - ax, mesh.grid[c, 1] - ay
    area = bx * cy - by * cx
    wb, wc = (px * cy - py * cx) / area, (bx * py - by * px) / area
    ga, gb, gc = (1.0 - wb - wc) * mesh.near[a], wb * mesh.near[b], wc * mesh.near[c]
    total = ga + gb + gc
    return ga / total, gb / total, gc / total


@inlined
def _base_colour(mesh: Surface, back: Backdrop, material: int, x: float, y: float, z: float) -> Vector:
    """Paint, camouflage blotches, wear and dirt at a point."""
    r, g, b = mesh.palette[material, 0], mesh.palette[material, 1], mesh.palette[material, 2]
    if mesh.palette[material, CAMO] > 0.0:
        blotch = noise3(x * 0.9, y * 0.9, z * 1.3, back.key + 51)
        blotch = blotch * 0.75 + 0.25 * noise2(x * 2.9 + z, y * 2.9 - z * 2.3, back.key + 52)
        row = 1 if blotch > 0.56 else (2 if blotch < 0.36 else 0)
        r, g, b = mesh.camouflage[row, 0], mesh.camouflage[row, 1], mesh.camouflage[row, 2]
    wear = noise2(x * 6.0 + z * 4.0, y * 6.0 + z * 5.0, back.key + 53)
    gain = 0.93 + 0.14 * wear
    low = back.dirt / (1.0 + 1.6 * max(z - back.floor, 0.0)) * (0.4 + 0.9 * wear)
    low = min(low, 0.9)
    return (r * gain + (back.ground[0] - r) * low, g * gain + (back.ground[1] - g) * low,
            b * gain + (back.ground[2] - b) * low)


@inlined
def _mirrored(back: Backdrop, light: Light, rx: float, ry: float, rz: float) -> Vector:
    """What a polished face sees along a reflected ray: sky above, terrain below."""
    r, g, b = sky_colour(back, light, rx, ry, rz)
    share = min(max(0.5 - rz * 6.0, 0.0), 1.0)
    lit = 0.75
    return (r + (back.ground[0] * lit - r) * share, g + (back.ground[1] * lit - g) * share,
            b + (back.ground[2] * lit - b) * share)


@inlined
def _shine(dot_sun: float) -> float:
    """The sun's highlight: the 32nd power of the cosine."""
    s = max(dot_sun, 0.0)
    for _ in range(5):
        s = s * s
    return s


@inlined
def _shade(mesh: Surface, back: Backdrop, camera: Camera, light: Light, shadow: Floats, frame: Floats,
           t: int, weights: Vector) -> Vector:
    """Linear RGB of triangle t at the given corner weights."""
    a, b, c = mesh.triangles[t, 0], mesh.triangles[t, 1], mesh.triangles[t, 2]
    wa, wb, wc = weights
    p, n = mesh.vertices, mesh.normals
    x = wa * p[a, 0] + wb * p[b, 0] + wc * p[c, 0]
    y = wa * p[a, 1] + wb * p[b, 1] + wc * p[c, 1]
    z = wa * p[a, 2] + wb * p[b, 2] + wc * p[c, 2]
    nx = wa * n[t, 0, 0] + wb * n[t, 1, 0] + wc * n[t, 2, 0]
    ny = wa * n[t, 0, 1] + wb * n[t, 1, 1] + wc * n[t, 2, 1]
    nz = wa * n[t, 0, 2] + wb * n[t, 1, 2] + wc * n[t, 2, 2]
    vx, vy, vz = camera.eye[0] - x, camera.eye[1] - y, camera.eye[2] - z
    far = math.sqrt(vx * vx + vy * vy + vz * vz)
    scale = 1.0 / math.sqrt(nx * nx + ny * ny + nz * nz + 1e-30)
    facing = (nx * vx + ny * vy + nz * vz) * scale / far
    if facing < 0.0:
        scale, facing = -scale, -facing
    nx, ny, nz = nx * scale, ny * scale, nz * scale
    material = mesh.materials[t]
    r, g, bl = _base_colour(mesh, back, material, x, y, z)
    incidence = nx * light.sun[0] + ny * light.sun[1] + nz * light.sun[2]
    lit = 0.0
    if incidence > 0.0:
        lit = shadow_at(shadow, frame, x + nx * 0.03, y + ny * 0.03, z + nz * 0.03)
    direct = max(incidence, 0.0) * lit
    up = 0.5 + 0.5 * nz
    hidden = 1.0 - 0.55 * (1.0 - up) / (1.0 + 1.5 * max(z - back.floor, 0.0))
    glance = 1.0 - facing
    glance = glance * glance * glance * glance * glance
    mirror, gloss = mesh.palette[material, MIRROR], mesh.palette[material, GLOSS]
    mirror = mirror + (1.0 - mirror) * glance * gloss * 0.7
    rx, ry, rz = 2.0 * facing * nx - vx / far, 2.0 * facing * ny - vy / far, 2.0 * facing * nz - vz / far
    er, eg, eb = _mirrored(back, light, rx, ry, rz)
    spark = _shine(rx * light.sun[0] + ry * light.sun[1] + rz * light.sun[2]) * gloss * lit * 1.2
    fill, ground, sun = light.sky_fill, light.ground_fill, light.sun_colour
    r *= (ground[0] + (fill[0] - ground[0]) * up) * hidden + sun[0] * direct
    g *= (ground[1] + (fill[1] - ground[1]) * up) * hidden + sun[1] * direct
    bl *= (ground[2] + (fill[2] - ground[2]) * up) * hidden + sun[2] * direct
    r, g, bl = (r + (er - r) * mirror + spark * sun[0], g + (eg - g) * mirror + spark * sun[1],
                bl + (eb - bl) * mirror + spark * sun[2])
    fog = far * back.haze
    fog = fog / (1.0 + fog)
    return (r + (back.horizon[0] - r) * fog, g + (back.horizon[1] - g) * fog,
            bl + (back.horizon[2] - bl) * fog)


@kernel
def lay_over(picture: Floats, ids: Ints, mesh: Surface, back: Backdrop, camera: Camera, light: Light,
             shadow: Floats, frame: Floats) -> None:
    """Blend the mesh pixels of ids [2S, 2S] (-1: none) over picture [S, S, 3] by coverage."""
    for row in range(picture.shape[0]):
        for col in range(picture.shape[1]):
            r, g, b, covered, last, colour = 0.0, 0.0, 0.0, 0, -1, (0.0, 0.0, 0.0)
            for sub in range(SAMPLES * SAMPLES):
                x, y = col * SAMPLES + sub % SAMPLES, row * SAMPLES + sub // SAMPLES
                t = ids[y, x]
                if t >= 0:
                    # Neighbouring samples of one triangle share their light, as in graphics hardware.
                    if t != last:
                        weights = _weights(mesh, t, x, y)
                        colour = _shade(mesh, back, camera, light, shadow, frame, t, weights)
                        last = t
                    r, g, b, covered = r + colour[0], g + colour[1], b + colour[2], covered + 1
            if covered > 0:
                share = 1.0 / (SAMPLES * SAMPLES)
                rest = 1.0 - covered * share
                picture[row, col, 0] = picture[row, col, 0] * rest + r * share
                picture[row, col, 1] = picture[row, col, 1] * rest + g * share
                picture[row, col, 2] = picture[row, col, 2] * rest + b * share
