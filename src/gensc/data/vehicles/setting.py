"""Random surroundings: weather, terrain, road, horizon and the light that goes with them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .parts import between
from .solids import Floats, sincos
from .view import Backdrop, Light, Vector


@dataclass(frozen=True)
class Weather:
    """A kind of sky: caption words, colours, cloud cover range, sunlight and sky light."""

    words: str
    zenith: Vector
    horizon: Vector
    cloud: Vector
    cover: tuple[float, float]
    sun: Vector
    fill: Vector
    elevation: tuple[float, float]


@dataclass(frozen=True)
class Terrain:
    """A kind of ground: caption words, two soil colours, grain strength and ridge colour."""

    words: str
    soil: Vector
    soil2: Vector
    grain: float
    ridge: Vector
    paved: bool = False


WEATHERS = (
    Weather("a clear blue sky", (0.1, 0.24, 0.6), (0.5, 0.64, 0.82), (0.9, 0.9, 0.9), (0.0, 0.0),
            (1.15, 1.08, 0.98), (0.34, 0.4, 0.5), (22.0, 62.0)),
    Weather("a partly cloudy sky", (0.12, 0.27, 0.58), (0.55, 0.66, 0.8), (0.92, 0.92, 0.93), (0.48, 0.62),
            (1.05, 1.0, 0.92), (0.4, 0.43, 0.48), (22.0, 60.0)),
    Weather("a cloudy sky", (0.3, 0.36, 0.46), (0.62, 0.66, 0.7), (0.72, 0.73, 0.75), (0.64, 0.8),
            (0.45, 0.44, 0.42), (0.58, 0.6, 0.63), (30.0, 65.0)),
    Weather("a grey overcast sky", (0.5, 0.52, 0.55), (0.66, 0.67, 0.68), (0.55, 0.56, 0.58), (0.6, 0.8),
            (0.16, 0.16, 0.16), (0.68, 0.69, 0.7), (50.0, 70.0)),
    Weather("a golden evening sky", (0.16, 0.22, 0.42), (0.85, 0.55, 0.3), (0.8, 0.5, 0.35), (0.4, 0.6),
            (1.1, 0.74, 0.42), (0.3, 0.29, 0.34), (10.0, 22.0)),
    Weather("a hazy white sky", (0.55, 0.6, 0.66), (0.78, 0.79, 0.8), (0.85, 0.85, 0.85), (0.3, 0.5),
            (0.8, 0.76, 0.68), (0.5, 0.51, 0.52), (25.0, 60.0)),
)
TERRAINS = (
    Terrain("green grass", (0.09, 0.15, 0.04), (0.16, 0.2, 0.06), 0.75, (0.05, 0.09, 0.04)),
    Terrain("dry grass", (0.3, 0.25, 0.12), (0.2, 0.2, 0.08), 0.7, (0.1, 0.11, 0.06)),
    Terrain("dry sand", (0.52, 0.41, 0.26), (0.44, 0.33, 0.2), 0.3, (0.32, 0.25, 0.18)),
    Terrain("packed snow", (0.56, 0.58, 0.62), (0.46, 0.48, 0.53), 0.16, (0.16, 0.19, 0.2)),
    Terrain("brown mud", (0.15, 0.105, 0.07), (0.22, 0.16, 0.11), 0.6, (0.07, 0.09, 0.05)),
    Terrain("gravel", (0.3, 0.28, 0.26), (0.22, 0.21, 0.2), 0.6, (0.1, 0.12, 0.1)),
    Terrain("asphalt", (0.12, 0.12, 0.125), (0.16, 0.16, 0.16), 0.28, (0.16, 0.17, 0.18), True),
    Terrain("pale concrete", (0.4, 0.39, 0.37), (0.33, 0.33, 0.32), 0.16, (0.2, 0.2, 0.2), True),
)
_ROADS: tuple[tuple[str, Vector], ...] = (("an asphalt road", (0.11, 0.11, 0.115)),
                                          ("a dirt track", (0.28, 0.21, 0.14)))


@dataclass(frozen=True)
class Setting:
    """The chosen surroundings, with the words that describe them."""

    light: Light
    back: Backdrop
    place: str
    sky: str


def _shift(rng: np.random.Generator, colour: Vector, spread: float) -> Vector:
    """The colour with random brightness and a smaller random tint."""
    bright = 1.0 + (rng.random() - 0.5) * spread
    r, g, b = (c * bright * (1.0 + (rng.random() - 0.5) * spread * 0.35) for c in colour)
    return r, g, b


def _mixed(near: Vector, far: Vector, share: float) -> Vector:
    """The colour `near` seen through haze of colour `far`."""
    r, g, b = (n + (f - n) * share for n, f in zip(near, far, strict=True))
    return r, g, b


def _sun(rng: np.random.Generator, elevation: tuple[float, float]) -> Vector:
    """A unit vector towards the sun."""
    up, flat = sincos(between(rng, *elevation))
    s, c = sincos(between(rng, 0.0, 360.0))
    return c * flat, s * flat, up


def _bounce(soil: Vector, sun: Vector, weather: Weather) -> Vector:
    """Light thrown up by the ground."""
    r, g, b = (s * (f + 0.6 * c * sun[2]) * 0.9 for s, f,
               c in zip(soil, weather.fill, weather.sun, strict=True))
    return r, g, b


def _road(rng: np.random.Generator, terrain: Terrain, radius: float, aircraft: bool
          ) -> tuple[str, Vector, float, float]:
    """Words, colour, half width and sideways offset of a road or runway; half width 0 means none."""
    if terrain.paved or rng.random() < 0.5:
        return "", (0.0, 0.0, 0.0), 0.0, 0.0
    if aircraft:
        return "a runway", _shift(rng, (0.17, 0.17, 0.175), 0.4), radius * between(rng, 0.8, 1.6), 0.0
    words, colour = _ROADS[int(rng.integers(2))]
    half = between(rng, 3.0, 4.6)
    return words, _shift(rng, colour, 0.4), half, between(rng, -0.45, 0.45) * half


def _footprint(vertices: Floats) -> tuple[float, float, float, float]:
    """Bounds (x0, x1, y0, y1) of the lower part of the vehicle."""
    low = vertices[vertices[:, 2] <= 0.35 * float(vertices[:, 2].max())]
    x, y = low[:, 0], low[:, 1]
    return float(x.min()), float(x.max()), float(y.min()), float(y.max())


def choose_setting(rng: np.random.Generator, vertices: Floats, radius: float, distance: float,
                   aircraft: bool, flying: bool) -> Setting:
    """Random surroundings for a vehicle of the given bounding radius seen from `distance` metres."""
    weather = WEATHERS[int(rng.integers(len(WEATHERS)))]
    terrain = TERRAINS[int(rng.integers(len(TERRAINS)))]
    sun = _sun(rng, weather.elevation)
    soil = _shift(rng, terrain.soil, 0.4)
    strength = between(rng, 0.8, 1.15)
    sun_colour = _shift(rng, weather.sun, 0.2)
    light = Light(sun, (sun_colour[0] * strength, sun_colour[1] * strength, sun_colour[2] * strength),
                  _shift(rng, weather.fill, 0.2), _bounce(soil, sun, weather))
    road, colour, half, edge = _road(rng, terrain, radius, aircraft)
    s, c = (1.0, 0.0) if rng.random() < 0.7 else sincos(between(rng, 60.0, 120.0))
    reach = 0.3 * radius
    horizon, limit = _shift(rng, weather.horizon, 0.15), between(rng, 0.15, 0.75)
    altitude = radius * between(rng, 6.0, 40.0) if flying else 0.0
    back = Backdrop(
        zenith=_shift(rng, weather.zenith, 0.3), horizon=horizon, cloud=weather.cloud,
        cloud_cover=between(rng, *weather.cover), cloud_scale=between(rng, 0.5, 1.6),
        ground=soil, ground2=_shift(rng, terrain.soil2, 0.3), grain=terrain.grain * between(rng, 0.7, 1.3),
        patch=(altitude * 0.5 + radius) * between(rng, 0.4, 1.6),
        fields=0.85 if flying and terrain.grain > 0.5 and rng.random() < 0.6 else 0.0,
        road=colour, road_edge=edge,
        road_half=0.0 if flying else half, road_cos=c, road_sin=s,
        road_line=0.8 if "asphalt" in road or "runway" in road else 0.0,
        ridge=_mixed(_shift(rng, terrain.ridge, 0.5), horizon,
                     limit), ridge_height=max(between(rng, -0.04, 0.16), 0.0),
        ridge_scale=between(rng, 2.0, 9.0), ridge_jag=between(rng, 0.05, 0.6),
        haze=between(rng, 0.005, 0.07) / (distance + 2.0 * altitude), haze_limit=limit,
        altitude=altitude, footprint=_footprint(vertices),
        contact=1.0 / (reach * reach), dirt=0.0 if aircraft else between(rng, 0.0, 0.4) * rng.random(),
        floor=-altitude if flying else 0.0, key=int(rng.integers(1 << 30)))
    if flying:
        return Setting(light, back, "in flight", weather.words)
    return Setting(light, back, f"on {road}" if road else f"on {terrain.words}", weather.words)


def horizontal(vector: Vector) -> Vector:
    """The unit vector along the ground under a vector that is not vertical."""
    length = math.sqrt(vector[0] * vector[0] + vector[1] * vector[1])
    return vector[0] / length, vector[1] / length, 0.0
