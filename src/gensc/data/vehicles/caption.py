"""One English sentence from the parameters of a picture."""

from __future__ import annotations

import numpy as np

_SIDES = ("the front", "the front left", "the left", "the rear left", "the rear", "the rear right",
          "the right", "the front right")
_TEMPLATES = (
    "{A} {place} under {sky}, seen from {side}.",
    "A photo of {a} {place}, viewed from {side} under {sky}.",
    "Under {sky}, {a} {place} is seen from {side}.",
    "Seen from {side}: {a} {place} under {sky}.",
    "{A}, photographed from {side} {place} under {sky}.",
)


def side_words(azimuth: float) -> str:
    """The side of the vehicle that faces a camera at `azimuth` degrees (0 ahead, 90 left)."""
    return _SIDES[int((azimuth % 360.0) / 45.0 + 0.5) % 8]


def sentence(rng: np.random.Generator, paint: str, words: str, place: str, sky: str, azimuth: float,
             extra: str) -> str:
    """A caption; `extra` is a closing remark such as ', partly hidden by a fence' or empty."""
    noun = f"{paint} {words}"
    article = "an" if noun[0] in "aeiou" else "a"
    phrase = f"{article} {noun}"
    template = _TEMPLATES[int(rng.integers(len(_TEMPLATES)))]
    text = template.format(a=phrase, A=phrase[0].upper() + phrase[1:], place=place, sky=sky,
                           side=side_words(azimuth))
    return f"{text[:-1]}{extra}."
