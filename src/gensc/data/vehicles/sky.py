"""Numba kernels for the sky: gradient, sun glow, clouds and the ridge line at the horizon."""

from __future__ import annotations

import math

from gensc.machine.jit import inlined

from .noise import noise2
from .view import Backdrop, Light, Vector


@inlined
def sky_colour(back: Backdrop, light: Light, dx: float, dy: float, dz: float) -> Vector:
    """Clear-sky colour along a unit direction, with a glow around the sun."""
    up = max(dz, 0.0)
    t = math.sqrt(up)
    toward = max(dx * light.sun[0] + dy * light.sun[1] + dz * light.sun[2], 0.0)
    glow = toward * toward
    glow = glow * glow * 0.12
    r = back.horizon[0] + (back.zenith[0] - back.horizon[0]) * t + glow * light.sun_colour[0] * 0.3
    g = back.horizon[1] + (back.zenith[1] - back.horizon[1]) * t + glow * light.sun_colour[1] * 0.3
    b = back.horizon[2] + (back.zenith[2] - back.horizon[2]) * t + glow * light.sun_colour[2] * 0.3
    return r, g, b


@inlined
def cloud_cover(back: Backdrop, dx: float, dy: float, dz: float) -> float:
    """Cloud opacity in [0, 1] along a direction above the horizon."""
    if back.cloud_cover <= 0.0:
        return 0.0
    flat = back.cloud_scale / (dz + 0.12)
    x, y = dx * flat, dy * flat
    n = (noise2(x, y, back.key + 11) * 0.5 + noise2(x * 2.1, y * 2.1, back.key + 12) * 0.27
         + noise2(x * 4.3, y * 4.3, back.key + 13) * 0.15 + noise2(x * 8.9, y * 8.9, back.key + 14) * 0.08)
    t = (n - 1.0 + back.cloud_cover) * 4.0
    return min(max(t, 0.0), 1.0)


@inlined
def ridge_share(back: Backdrop, column: float, dz: float, pixel: float) -> float:
    """Coverage in [0, 1] of the tree line or hills at a picture column and ray slope dz.

    Picture columns stand in for the azimuth, which would need an arctangent.
    """
    if back.ridge_height <= 0.0 or dz > back.ridge_height * 2.0:
        return 0.0
    u = column * back.ridge_scale
    jag = (noise2(u * 6.0, 0.5, back.key + 42) - 0.5 + (noise2(u * 25.0, 0.5, back.key + 43) - 0.5) * 0.7)
    crest = back.ridge_height * (noise2(u, 0.5, back.key + 41) * 1.2 + 0.3 + jag * back.ridge_jag)
    return min(max((crest - dz) / pixel + 0.5, 0.0), 1.0)


@inlined
def sky_pixel(back: Backdrop, light: Light, column: float, ray: Vector, pixel: float) -> Vector:
    """Colour of the sky with clouds and ridge along a unit ray."""
    dx, dy, dz = ray
    r, g, b = sky_colour(back, light, dx, dy, dz)
    if dz <= 0.0:
        return r, g, b
    cover = cloud_cover(back, dx, dy, dz)
    r, g, b = (r + (back.cloud[0] - r) * cover, g + (back.cloud[1] - g) * cover,
               b + (back.cloud[2] - b) * cover)
    inside = ridge_share(back, column, dz, pixel)
    if inside > 0.0:
        shade = (0.75 + 0.25 * noise2(column * 45.0, dz * 80.0, back.key + 44)
                 + 0.25 * noise2(column * 170.0, dz * 250.0, back.key + 45))
        r, g, b = (r + (back.ridge[0] * shade - r) * inside, g + (back.ridge[1] * shade - g) * inside,
                   b + (back.ridge[2] * shade - b) * inside)
    return r, g, b
