"""The picture without vehicle: every pixel is sky or ground, blended at the horizon."""

from __future__ import annotations

import math

import numpy as np

from gensc.machine.jit import kernel

from .sky import sky_pixel
from .solids import Floats
from .terrain import ground_pixel
from .view import Backdrop, Camera, Light


@kernel
def paint_backdrop(back: Backdrop, camera: Camera, light: Light, shadow: Floats, frame: Floats,
                   size: int) -> Floats:
    """Linear RGB [S, S, 3] of sky, clouds, ridge line and shadowed ground."""
    out = np.empty((size, size, 3))
    pixel = 1.0 / (size * camera.focal)
    for row in range(size):
        for col in range(size):
            sx = ((col + 0.5) / size - camera.centre_x) / camera.focal
            sy = ((row + 0.5) / size - camera.centre_y) / camera.focal
            dx = camera.forward[0] + sx * camera.right[0] + sy * camera.down[0]
            dy = camera.forward[1] + sx * camera.right[1] + sy * camera.down[1]
            dz = camera.forward[2] + sx * camera.right[2] + sy * camera.down[2]
            norm = 1.0 / math.sqrt(dx * dx + dy * dy + dz * dz)
            ray = (dx * norm, dy * norm, dz * norm)
            share = min(max(0.5 - ray[2] / pixel, 0.0), 1.0)
            r, g, b = 0.0, 0.0, 0.0
            if share < 1.0:
                r, g, b = sky_pixel(back, light, sx, ray, pixel)
            if share > 0.0:
                gr, gg, gb = ground_pixel(back, camera, light, shadow, frame, ray, pixel)
                r, g, b = r + (gr - r) * share, g + (gg - g) * share, b + (gb - b) * share
            out[row, col, 0], out[row, col, 1], out[row, col, 2] = r, g, b
    return out
