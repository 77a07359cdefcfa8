"""Materials and paints: the palette table that the shader reads, and random paint schemes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .solids import Floats

# Material numbers; the row of the palette table.
(BODY, TRIM, GLASS, TYRE, RIM, DARK, METAL, LAMP, TAIL, CANVAS, WHITE, ACCENT, TRACK, RUST,
 LEAF, LEAF2, WOOD, CONCRETE, CHROME, SEAT) = range(20)

# Columns of the palette table after red, green and blue.
GLOSS, MIRROR, CAMO = 3, 4, 5

_FIXED = {
    GLASS: (0.025, 0.028, 0.032, 0.7, 0.2, 0.0), TYRE: (0.022, 0.022, 0.023, 0.05, 0.02, 0.0),
    RIM: (0.45, 0.46, 0.48, 0.5, 0.25, 0.0), DARK: (0.02, 0.02, 0.022, 0.1, 0.03, 0.0),
    METAL: (0.16, 0.16, 0.17, 0.4, 0.12, 0.0), LAMP: (0.85, 0.85, 0.82, 0.5, 0.3, 0.0),
    TAIL: (0.55, 0.03, 0.02, 0.4, 0.1, 0.0), WHITE: (0.8, 0.8, 0.8, 0.2, 0.05, 0.0),
    TRACK: (0.07, 0.065, 0.06, 0.15, 0.05, 0.0), RUST: (0.2, 0.12, 0.08, 0.1, 0.03, 0.0),
    LEAF: (0.07, 0.13, 0.03, 0.05, 0.02, 0.0), LEAF2: (0.12, 0.18, 0.05, 0.05, 0.02, 0.0),
    WOOD: (0.16, 0.11, 0.07, 0.02, 0.01, 0.0), CONCRETE: (0.42, 0.41, 0.39, 0.02, 0.01, 0.0),
    CHROME: (0.5, 0.5, 0.52, 0.9, 0.6, 0.0), SEAT: (0.05, 0.035, 0.03, 0.15, 0.03, 0.0),
}

_CAR = {
    "red": (0.5, 0.02, 0.02), "dark red": (0.22, 0.015, 0.02), "blue": (0.02, 0.08, 0.36),
    "navy blue": (0.012, 0.025, 0.1), "light blue": (0.2, 0.4, 0.6), "white": (0.75, 0.75, 0.75),
    "black": (0.015, 0.015, 0.017), "silver": (0.42, 0.43, 0.45), "grey": (0.14, 0.145, 0.155),
    "green": (0.03, 0.16, 0.05), "yellow": (0.7, 0.46, 0.02), "orange": (0.65, 0.17, 0.015),
    "beige": (0.45, 0.37, 0.26), "brown": (0.12, 0.06, 0.03), "turquoise": (0.03, 0.3, 0.3),
}
_WORK = {"yellow": (0.68, 0.4, 0.015), "orange": (0.62, 0.18, 0.015), "white": (0.72, 0.72, 0.7),
         "red": (0.45, 0.03, 0.02), "blue": (0.03, 0.1, 0.35), "green": (0.05, 0.2, 0.08)}
_PLAIN = {"olive-green": (0.085, 0.09, 0.045), "desert-tan": (0.4, 0.3, 0.18),
          "dark green": (0.04, 0.065, 0.035), "grey": (0.2, 0.21, 0.22), "sand-coloured": (0.48, 0.4, 0.27)}
_CAMO = {
    "woodland-camouflage": ((0.075, 0.1, 0.045), (0.11, 0.075, 0.045), (0.02, 0.022, 0.018)),
    "desert-camouflage": ((0.42, 0.33, 0.2), (0.28, 0.18, 0.1), (0.5, 0.44, 0.32)),
    "grey-camouflage": ((0.24, 0.25, 0.27), (0.12, 0.13, 0.15), (0.34, 0.35, 0.36)),
}
_AIR = {"white": (0.78, 0.78, 0.78), "silver": (0.5, 0.51, 0.53), "light grey": (0.55, 0.57, 0.6)}
_JET = {"light-grey": (0.36, 0.38, 0.41), "dark-grey": (0.13, 0.14, 0.155), "blue-grey": (0.19, 0.25, 0.31),
        "desert-tan": (0.4, 0.3, 0.18)}


@dataclass(frozen=True)
class Paint:
    """A paint scheme: words for the caption, palette [materials, 6] and camouflage colours [3, 3]."""

    words: str
    palette: Floats
    camouflage: Floats


def _pick(rng: np.random.Generator, table: dict) -> tuple[str, tuple]:
    names = list(table)
    name = names[int(rng.integers(len(names)))]
    return name, table[name]


def _vary(rng: np.random.Generator, colour: tuple) -> Floats:
    """The colour with up to 20 % change of brightness and 8 % of each channel."""
    bright = 0.8 + 0.4 * rng.random()
    return np.array([c * bright * (0.92 + 0.16 * rng.random()) for c in colour])


def choose(rng: np.random.Generator, kind: str) -> Paint:
    """A random paint; kind is one of car, work, military, jet, airliner, helicopter."""
    palette = np.zeros((20, 6))
    for row, values in _FIXED.items():
        palette[row] = values
    if kind in ("military", "jet") and rng.random() < (0.45 if kind == "military" else 0.3):
        words, three = _pick(rng, _CAMO)
        camouflage = np.stack([_vary(rng, colour) for colour in three])
        palette[BODY] = (*camouflage[0], 0.05, 0.02, 1.0)
    else:
        table = {"car": _CAR, "work": _WORK, "military": _PLAIN, "jet": _JET, "airliner": _AIR,
                 "helicopter": {**_PLAIN, **_WORK}}[kind]
        words, colour = _pick(rng, table)
        camouflage = np.stack([_vary(rng, colour)] * 3)
        shine = {"car": (0.5, 0.16), "work": (0.25, 0.07), "airliner": (0.3, 0.1)}.get(kind, (0.06, 0.02))
        palette[BODY] = (*camouflage[0], *shine, 0.0)
    palette[TRIM] = palette[BODY] * np.array([0.55, 0.55, 0.55, 0.5, 0.5, 0.0])
    canvas = camouflage[0] * 0.75 if rng.random() < 0.5 else _vary(rng, (0.13, 0.12, 0.07))
    palette[CANVAS] = (*canvas, 0.02, 0.01, 0.0)
    _, accent = _pick(rng, _CAR)
    palette[ACCENT] = (*_vary(rng, accent), 0.3, 0.1, 0.0)
    return Paint(words, palette, camouflage)
