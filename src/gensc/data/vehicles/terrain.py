"""Numba kernels for the ground: texture, road, markings, shadow and haze."""

from __future__ import annotations

import math

from gensc.machine.jit import inlined

from .noise import lattice, noise2
from .shadow import shadow_at
from .solids import Floats
from .view import Backdrop, Camera, Light, Vector


@inlined
def _soil(back: Backdrop, x: float, y: float, blur: float) -> Vector:
    """Ground colour without road or grain: two soils mixed in patches, or fields seen from the air."""
    u, v = x / back.patch, y / back.patch
    mix = noise2(u, v, back.key + 21) * 0.6 + noise2(u * 3.7, v * 3.7, back.key + 22) * 0.4
    mix = min(max((mix - 0.5) * 2.5 + 0.5, 0.0), 1.0)
    if back.fields > 0.0:
        # Strips of farmland, twice as long as wide, that melt together towards the horizon.
        plot = lattice(int(math.floor(u * 0.9 + v * 0.35)), int(math.floor(v * 1.8 - u * 0.7)), back.key + 24)
        mix += (plot - mix) * back.fields / (1.0 + 4.0 * blur / back.patch)
    return (back.ground[0] + (back.ground2[0] - back.ground[0]) * mix,
            back.ground[1] + (back.ground2[1] - back.ground[1]) * mix,
            back.ground[2] + (back.ground2[2] - back.ground[2]) * mix)


@inlined
def _grain(back: Backdrop, x: float, y: float, blur: float) -> float:
    """Fine texture around zero; octaves finer than `blur` metres fade out."""
    texture, step, weight = 0.0, 1.1, 1.0
    for octave in range(4):
        if step > 0.5 * blur:
            fade = min(step / (0.5 * blur + 1e-9) - 1.0, 1.0)
            texture += (noise2(x / step, y / step, back.key + 31 + octave) - 0.5) * weight * fade
        step, weight = step * 0.31, weight * 0.95
    return texture


@inlined
def _road(back: Backdrop, x: float, y: float, blur: float) -> tuple[float, float]:
    """Share of road surface and of painted line in [0, 1] at a place on the ground."""
    if back.road_half <= 0.0:
        return 0.0, 0.0
    across = math.fabs(x * back.road_cos + y * back.road_sin + back.road_edge)
    wobble = (noise2(x * 0.9, y * 0.9, back.key + 23) - 0.5) * 0.4
    inside = min(max((back.road_half - across + wobble) / (0.12 + blur) + 0.5, 0.0), 1.0)
    dash = (y * back.road_cos - x * back.road_sin) * 0.16
    width = 0.07 + blur * 0.5
    edge = math.fabs(across - back.road_half * 0.9)
    if edge < width or (across < width and dash - math.floor(dash) < 0.45):
        return inside, back.road_line * inside * min(0.14 / (blur + 1e-9), 1.0)
    return inside, 0.0


@inlined
def _contact(back: Backdrop, x: float, y: float) -> float:
    """Share of sky light left beside and under the vehicle, from the distance to its footprint."""
    dx = max(back.footprint[0] - x, x - back.footprint[1], 0.0)
    dy = max(back.footprint[2] - y, y - back.footprint[3], 0.0)
    reach = (dx * dx + dy * dy) * back.contact
    return 1.0 - 0.7 / (1.0 + reach)


@inlined
def ground_pixel(back: Backdrop, camera: Camera, light: Light, shadow: Floats, frame: Floats,
                 ray: Vector, pixel: float) -> Vector:
    """Lit, shadowed and hazy colour where a unit ray meets the ground; `pixel` is its angular width."""
    drop = min(ray[2], -pixel * 0.25)
    far = -(camera.eye[2] + back.altitude) / drop
    x, y = camera.eye[0] + far * ray[0], camera.eye[1] + far * ray[1]
    blur = far * pixel / math.sqrt(-drop)
    r, g, b = _soil(back, x, y, blur)
    road, line = _road(back, x, y, blur)
    r, g, b = r + (back.road[0] - r) * road, g + (back.road[1] - g) * road, b + (back.road[2] - b) * road
    r, g, b = r + (0.62 - r) * line, g + (0.62 - g) * line, b + (0.6 - b) * line
    rough = back.grain + (0.14 - back.grain) * road
    gain = max(1.0 + rough * _grain(back, x, y, blur), 0.05)
    direct, open_sky = light.sun[2] * gain, gain
    if back.altitude <= 0.0:
        direct *= shadow_at(shadow, frame, x, y, 0.004)
        open_sky *= _contact(back, x, y)
    fog = far * back.haze
    fog = fog / (1.0 + fog) * back.haze_limit
    r *= light.sky_fill[0] * open_sky + light.sun_colour[0] * direct
    g *= light.sky_fill[1] * open_sky + light.sun_colour[1] * direct
    b *= light.sky_fill[2] * open_sky + light.sun_colour[2] * direct
    return (r + (back.horizon[0] - r) * fog, g + (back.horizon[1] - g) * fog,
            b + (back.horizon[2] - b) * fog)
