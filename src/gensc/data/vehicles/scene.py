"""A scene: everything random about one item, free of any picture size."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from . import caption, framing, props
from .catalog import ENTRIES
from .paint import Paint, choose
from .parts import between
from .raster import corner_normals
from .sensor import Sensor, choose_sensor
from .setting import Setting, choose_setting
from .solids import Floats, Ints, Mesh, sincos
from .view import Camera, Vector, project

LEAST_VISIBLE = 0.66  # of the vehicle that obstacles must leave visible in the trial picture


@dataclass(frozen=True)
class Scene:
    """Mesh (vehicle triangles first, then obstacles, then things behind) and all that lights it."""

    vertices: Floats
    triangles: Ints
    normals: Floats
    materials: Ints
    vehicle_triangles: int
    shadow_triangles: int
    paint: Paint
    setting: Setting
    camera: Camera
    sensor: Sensor
    caption: str


def _attitude(rng: np.random.Generator, vertices: Floats, bank: float) -> Floats:
    """The vehicle in flight: pitched and rolled about its middle."""
    s, c = sincos(between(rng, -8.0, 14.0))
    x, z = vertices[:, 0] * c - vertices[:, 2] * s, vertices[:, 0] * s + vertices[:, 2] * c
    s, c = sincos(between(rng, -bank, bank))
    return np.column_stack([x, vertices[:, 1] * c - z * s, vertices[:, 1] * s + z * c])


def _bounds(vertices: Floats) -> tuple[Vector, float]:
    """Middle of the bounding box and half its diagonal."""
    low = [float(vertices[:, k].min()) for k in range(3)]
    high = [float(vertices[:, k].max()) for k in range(3)]
    spans = [(h - b) * 0.5 for b, h in zip(low, high, strict=True)]
    radius = math.sqrt(spans[0] * spans[0] + spans[1] * spans[1] + spans[2] * spans[2])
    return (low[0] + spans[0], low[1] + spans[1], low[2] + spans[2]), radius


def _accept(camera: Camera, vertices: Floats, triangles: Ints, things: list[Mesh]
            ) -> tuple[list[Mesh], bool]:
    """The obstacles that together leave enough of the vehicle visible, and whether they hide any."""
    if not things:
        return [], False
    depth, ids = framing.covered(camera, vertices, triangles)
    whole = shown = int(np.count_nonzero(ids >= 0))
    kept = []
    for thing in things:
        points, faces, _ = thing.arrays()
        trial_depth, trial_ids = depth.copy(), ids.copy()
        grid, near = project(camera, points, framing.PROBE)
        framing.draw(grid, near, faces, len(triangles), trial_depth, trial_ids)
        left = int(np.count_nonzero((trial_ids >= 0) & (trial_ids < len(triangles))))
        if left >= LEAST_VISIBLE * whole:
            depth, ids = trial_depth, trial_ids
            shown = left
            kept.append(thing)
    return kept, shown < whole


def build(index: int, seed: int) -> Scene:
    """The scene of item `index` of stream `seed`."""
    rng = np.random.Generator(np.random.Philox(key=[seed, index]))
    entry = ENTRIES[index % len(ENTRIES)]
    flying = rng.random() < entry.air_share
    paint = choose(rng, entry.paint)
    vehicle, faces, materials = entry.build(rng, flying).arrays()
    if flying:
        vehicle = _attitude(rng, vehicle, entry.bank)
    middle, radius = _bounds(vehicle)
    eye, azimuth = framing.stand(rng, middle, radius, flying)
    camera = framing.frame(rng, framing.aim(eye, middle), vehicle, faces)
    distance = math.sqrt(sum((a - b) * (a - b) for a, b in zip(eye, middle, strict=True)))
    setting = choose_setting(rng, vehicle, radius, distance, entry.air_share > 0.0, flying)
    obstacle, front = ("", []) if flying else props.in_front(rng, eye, middle, radius)
    back = [] if flying else props.behind(rng, eye, middle, radius)
    sensor = choose_sensor(rng)
    front, hidden = _accept(camera, vehicle, faces, front)
    joined = Mesh()
    joined.add(vehicle, faces, materials)
    for thing in front + back:
        joined.add(*thing.arrays())
    vertices, triangles, kinds = joined.arrays()
    cast = len(faces) + sum(len(thing.arrays()[1]) for thing in front)
    text = caption.sentence(rng, paint.words, entry.words, setting.place, setting.sky, azimuth,
                            f", partly hidden by {obstacle}" if hidden else "")
    return Scene(vertices, triangles, corner_normals(vertices, triangles), kinds, len(faces), cast, paint,
                 setting,
                 camera, sensor, text)
