"""The camera's own marks: exposure, white balance, lens blur, vignetting, noise, 8-bit output."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gensc.machine.jit import kernel

from .noise import lattice
from .solids import Floats


class Sensor(NamedTuple):
    """Channel gains, contrast (0 none), neighbour weight of the blur (0 sharp .. 1 box), corner loss,
    noise amplitude and noise key."""

    gain: tuple[float, float, float]
    contrast: float
    blur: float
    vignette: float
    noise: float
    key: int


def choose_sensor(rng: np.random.Generator) -> Sensor:
    """A random camera."""
    exposure = 0.9 + 0.6 * rng.random()
    warmth = (rng.random() - 0.5) * 0.16
    gain = (exposure * (1.0 + warmth), exposure, exposure * (1.0 - warmth))
    blur = 0.55 * rng.random() * rng.random()
    noise = 0.004 + 0.026 * rng.random() * rng.random()
    return Sensor(gain, 0.3 + 0.6 * rng.random(), blur, 0.25 * rng.random(), noise,
                  int(rng.integers(1 << 30)))


@kernel
def _smooth(picture: Floats, weight: float) -> Floats:
    """A separable three-tap blur with neighbour weight `weight`."""
    side = picture.shape[0]
    total = 1.0 / (1.0 + 2.0 * weight)
    middle = np.empty_like(picture)
    out = np.empty_like(picture)
    for row in range(side):
        above, below = max(row - 1, 0), min(row + 1, side - 1)
        for col in range(side):
            for k in range(3):
                pair = picture[above, col, k] + picture[below, col, k]
                middle[row, col, k] = (picture[row, col, k] + weight * pair) * total
    for row in range(side):
        for col in range(side):
            left, right = max(col - 1, 0), min(col + 1, side - 1)
            for k in range(3):
                pair = middle[row, left, k] + middle[row, right, k]
                out[row, col, k] = (middle[row, col, k] + weight * pair) * total
    return out


@kernel
def expose(picture: Floats, sensor: Sensor) -> NDArray[np.uint8]:
    """The 8-bit photograph [S, S, 3] of a linear picture [S, S, 3]."""
    side = picture.shape[0]
    smooth = _smooth(picture, sensor.blur)
    out = np.empty((side, side, 3), np.uint8)
    for row in range(side):
        for col in range(side):
            u, v = (col + 0.5) / side - 0.5, (row + 0.5) / side - 0.5
            corner = 1.0 - sensor.vignette * 2.0 * (u * u + v * v)
            shared = lattice(col, row, sensor.key) + lattice(col, row, sensor.key + 1) - 1.0
            for k in range(3):
                light = max(smooth[row, col, k] * corner * sensor.gain[k], 0.0)
                # A soft shoulder, then a square root in place of the usual gamma: both are exact.
                tone = math.sqrt(light * (1.0 + 0.3 * light) / (1.0 + 0.6 * light))
                tone = tone + sensor.contrast * tone * (1.0 - tone) * (2.0 * tone - 0.9)
                own = lattice(col, row, sensor.key + 2 + k) + lattice(col, row, sensor.key + 5 + k) - 1.0
                level = tone + sensor.noise * (shared + 1.6 * own)
                out[row, col, k] = np.uint8(min(max(level, 0.0), 1.0) * 255.0 + 0.5)
    return out
