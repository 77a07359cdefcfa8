"""Value noise from integer hashes, for textures that are equal on every machine."""

from __future__ import annotations

import math

from gensc.machine.jit import inlined, kernel


@inlined
def lattice(x: int, y: int, z: int) -> float:
    """A hash of three integers as a number in [0, 1)."""
    h = (x * 374761393 + y * 668265263 + z * 1442695041) & 0xFFFFFFFF
    h = ((h ^ (h >> 15)) * 1274126177) & 0xFFFFFFFF
    return (h ^ (h >> 16)) * (1.0 / 4294967296.0)


@kernel
def noise2(x: float, y: float, key: int) -> float:
    """Smooth noise in [0, 1) over the plane, one cell per unit."""
    fx, fy = math.floor(x), math.floor(y)
    ix, iy = int(fx), int(fy)
    u, v = x - fx, y - fy
    u, v = u * u * (3.0 - 2.0 * u), v * v * (3.0 - 2.0 * v)
    a, b = lattice(ix, iy, key), lattice(ix + 1, iy, key)
    c, d = lattice(ix, iy + 1, key), lattice(ix + 1, iy + 1, key)
    low, high = a + (b - a) * u, c + (d - c) * u
    return low + (high - low) * v


@kernel
def noise3(x: float, y: float, z: float, key: int) -> float:
    """Smooth noise in [0, 1) over space, one cell per unit."""
    fz = math.floor(z)
    w = z - fz
    w = w * w * (3.0 - 2.0 * w)
    layer = key + 7919 * int(fz)
    low, high = noise2(x, y, layer), noise2(x, y, layer + 7919)
    return low + (high - low) * w
