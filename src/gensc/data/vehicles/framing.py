"""The camera: where it stands, how far it zooms, and how the vehicle sits in the frame."""

from __future__ import annotations

import math

import numpy as np

from .parts import between
from .raster import draw
from .solids import Floats, Ints, sincos
from .view import Camera, Vector, coordinates, cross, project

PROBE = 96  # pixels of the small trial pictures that decide zoom and occluders, whatever the final size
LEAST_SHARE = 0.05  # of the picture that the bare vehicle should cover


def aim(eye: Vector, target: Vector) -> Camera:
    """A level camera at `eye` looking at `target`, with focal length 1."""
    dx, dy, dz = target[0] - eye[0], target[1] - eye[1], target[2] - eye[2]
    length = math.sqrt(dx * dx + dy * dy + dz * dz)
    forward = (dx / length, dy / length, dz / length)
    flat = math.sqrt(forward[0] * forward[0] + forward[1] * forward[1])
    right = (forward[1] / flat, -forward[0] / flat, 0.0)
    return Camera(eye, right, cross(forward, right), forward, 1.0, 0.5, 0.5)


def stand(rng: np.random.Generator, target: Vector, radius: float, flying: bool) -> tuple[Vector, float]:
    """A random eye point and its azimuth in degrees (0 ahead of the vehicle, 90 to its left)."""
    azimuth = between(rng, 0.0, 360.0)
    elevation = between(rng, -28.0, 24.0) if flying else 2.0 + 24.0 * rng.random() * rng.random()
    distance = radius * between(rng, 2.6, 6.5)
    s, c = sincos(azimuth)
    up, flat = sincos(elevation)
    z = target[2] + distance * up
    # A camera on the ground is held at least at knee height.
    height = z if flying else max(z, 0.15 * radius + 0.3)
    return (target[0] + c * flat * distance, target[1] + s * flat * distance, height), azimuth


def covered(camera: Camera, vertices: Floats, triangles: Ints) -> tuple[Floats, Ints]:
    """Depth and triangle numbers [96, 96] of a trial picture (-1: nothing there)."""
    grid, near = project(camera, vertices, PROBE)
    depth, ids = np.zeros((PROBE, PROBE)), np.full((PROBE, PROBE), -1, np.int32)
    draw(grid, near, triangles, 0, depth, ids)
    return depth, ids


def frame(rng: np.random.Generator, camera: Camera, vertices: Floats, triangles: Ints) -> Camera:
    """The camera zoomed and shifted so that the whole vehicle is in the picture and large enough."""
    x, y, depth = coordinates(camera, vertices)
    u, v = x / depth, y / depth
    left, top = float(u.min()), float(v.min())
    wide, high = float(u.max()) - left, float(v.max()) - top
    largest = max(wide, high)
    fill = between(rng, 0.5, 0.93)
    place_x, place_y = between(rng, 0.15, 0.85), between(rng, 0.2, 0.8)

    def zoomed(share: float) -> Camera:
        focal = share / largest
        return camera._replace(focal=focal, centre_x=place_x * (1.0 - focal * wide) - focal * left,
                               centre_y=place_y * (1.0 - focal * high) - focal * top)

    _, ids = covered(zoomed(0.95), vertices, triangles)
    share = int(np.count_nonzero(ids >= 0)) / (PROBE * PROBE) / (0.95 * 0.95)
    needed = math.sqrt(LEAST_SHARE / max(share, 1e-6))
    return zoomed(min(max(fill, needed), 0.95))
