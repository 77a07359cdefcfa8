"""Plain records handed to the numba kernels: camera, light, sky and terrain."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .raster import SUB
from .solids import Floats, Ints

Vector = tuple[float, float, float]


class Camera(NamedTuple):
    """A pinhole camera; focal length and centre are in picture widths."""

    eye: Vector
    right: Vector
    down: Vector
    forward: Vector
    focal: float
    centre_x: float
    centre_y: float


class Light(NamedTuple):
    """Sun direction (towards the sun), its colour, and the ambient colours from above and below."""

    sun: Vector
    sun_colour: Vector
    sky_fill: Vector
    ground_fill: Vector


class Backdrop(NamedTuple):
    """Everything behind the vehicle; colours are linear RGB, lengths in metres."""

    zenith: Vector
    horizon: Vector
    cloud: Vector
    cloud_cover: float
    cloud_scale: float
    ground: Vector
    ground2: Vector
    grain: float
    patch: float
    fields: float
    road: Vector
    road_edge: float
    road_half: float
    road_cos: float
    road_sin: float
    road_line: float
    ridge: Vector
    ridge_height: float
    ridge_scale: float
    ridge_jag: float
    haze: float
    haze_limit: float
    altitude: float
    footprint: tuple[float, float, float, float]
    contact: float
    dirt: float
    floor: float
    key: int


def cross(a: Vector, b: Vector) -> Vector:
    """Vector product."""
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def coordinates(camera: Camera, points: Floats) -> tuple[Floats, Floats, Floats]:
    """Camera coordinates (right, down, depth) of points [N, 3]."""
    x, y, z = (points[:, k] - camera.eye[k] for k in range(3))
    right, down, ahead = camera.right, camera.down, camera.forward
    return (x * right[0] + y * right[1] + z * right[2], x * down[0] + y * down[1] + z * down[2],
            x * ahead[0] + y * ahead[1] + z * ahead[2])


def project(camera: Camera, points: Floats, size: int) -> tuple[Ints, Floats]:
    """Screen positions [N, 2] in 1/16 pixels of a size x size picture, and 1/depth [N]."""
    x, y, depth = coordinates(camera, points)
    near = 1.0 / depth
    across = (camera.centre_x + camera.focal * x * near) * (size * SUB)
    along = (camera.centre_y + camera.focal * y * near) * (size * SUB)
    return np.column_stack([np.floor(across + 0.5), np.floor(along + 0.5)]).astype(np.int32), near
