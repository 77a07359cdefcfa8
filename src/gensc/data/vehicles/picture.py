"""From a scene to pixels of any size: draw, light, blend, expose, and cut out the exact mask."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .backdrop import paint_backdrop
from .raster import draw
from .scene import Scene
from .sensor import expose
from .shadow import shadow_map
from .solids import Floats, Ints
from .surface import SAMPLES, Surface, lay_over
from .view import project


def visible(scene: Scene, size: int) -> tuple[Ints, Ints, Floats]:
    """Nearest triangle per sub-pixel [2S, 2S] (-1: none), screen grid [N, 2] and nearness [N]."""
    side = size * SAMPLES
    grid, near = project(scene.camera, scene.vertices, side)
    ids = np.full((side, side), -1, np.int32)
    draw(grid, near, scene.triangles, 0, np.zeros((side, side)), ids)
    return ids, grid, near


def vehicle_mask(ids: Ints, vehicle_triangles: int) -> NDArray[np.bool_]:
    """Pixels [S, S] at least half covered by the vehicle."""
    own = ((ids >= 0) & (ids < vehicle_triangles)).astype(np.int32)
    count = own[0::2, 0::2] + own[0::2, 1::2] + own[1::2, 0::2] + own[1::2, 1::2]
    return count >= SAMPLES * SAMPLES // 2


def linear_picture(scene: Scene, size: int, ids: Ints, grid: Ints, near: Floats) -> Floats:
    """Linear RGB [S, S, 3] before the sensor; triangles absent from `ids` still cast their shadow."""
    setting, camera = scene.setting, scene.camera
    depth, frame = shadow_map(scene.vertices, scene.triangles[:scene.shadow_triangles], setting.light.sun)
    picture = paint_backdrop(setting.back, camera, setting.light, depth, frame, size)
    mesh = Surface(scene.vertices, grid, near, scene.triangles, scene.normals, scene.materials,
                   scene.paint.palette, scene.paint.camouflage)
    lay_over(picture, ids, mesh, setting.back, camera, setting.light, depth, frame)
    return picture


def photograph(scene: Scene, size: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """The finished image [S, S, 3] and the vehicle mask [S, S]."""
    ids, grid, near = visible(scene, size)
    picture = linear_picture(scene, size, ids, grid, near)
    return expose(picture, scene.sensor), vehicle_mask(ids, scene.vehicle_triangles)
