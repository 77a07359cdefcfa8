"""The model in a stream: a parametric prior that the coder corrects by what it has coded so far.

The probability of a token is (count + strength * prior) / (N + strength): a Dirichlet posterior mean. The prior is
flat, a Gaussian or a Laplace density (at the edge of the range a one-sided exponential), quantised to two bytes.
"""

from dataclasses import dataclass, replace

import numpy as np

from gensc.phy.entropy.tokens import edges

FLAT, GAUSSIAN, LAPLACE = range(3)
STATIC = 7
UNIT = 1 << 20
_FLOOR = 1 / 128


@dataclass(frozen=True)
class Model:
    """A prior over the tokens ``first`` to ``last``.

    ``strength``: code 0 to 6 weighs the prior like 2^(1+2 code) counts; STATIC never learns. ``location`` and
    ``scale``: one byte each, a 255th of the range and 2^((byte-64)/8).
    """

    first: int
    last: int
    family: int = FLAT
    strength: int = 0
    location: int = 0
    scale: int = 0

    @property
    def static(self) -> bool:
        return self.strength == STATIC

    def weights(self) -> np.ndarray:
        """The prior's part of the weights, int64 [A], one count being UNIT: whole numbers, alike on any machine."""
        prior = density(self.family, edges(self.first, self.last), np.array([self.location]), np.array([self.scale]))[0]
        whole = np.rint(prior * UNIT).astype(np.int64)
        return whole if self.static else whole << (1 + 2 * self.strength)


def density(family: int, borders: np.ndarray, location: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Probabilities float64 [G,A] between ``borders`` [A+1] for bytes ``location`` and ``scale`` [G]; none is zero."""
    size = len(borders) - 1
    if family == FLAT:
        return np.full((len(location), size), 1 / size)
    centre = _middle(borders, location)[:, None]
    z = (borders - centre) / np.exp2((scale[:, None] - 64) / 8)
    mass = np.diff(_gaussian(z) if family == GAUSSIAN else _laplace(z), axis=1)
    total = mass.sum(1, keepdims=True)
    mass = np.where(total > 1e-12, mass / np.maximum(total, 1e-12), 1 / size)
    return (1 - _FLOOR) * mass + _FLOOR / size


def _middle(borders: np.ndarray, location: np.ndarray) -> np.ndarray:
    return borders[0] + 0.5 + (borders[-1] - borders[0] - 1) * location / 255


def _gaussian(z: np.ndarray) -> np.ndarray:
    from scipy.special import ndtr

    return ndtr(z)


def _laplace(z: np.ndarray) -> np.ndarray:
    tail = 0.5 * np.exp(-np.abs(z))
    return np.where(z < 0, tail, 1 - tail)


def fit(tokens: np.ndarray) -> tuple[Model, float]:
    """The model with the shortest code for tokens int64 [n], and that code's length in bits (two parts)."""
    first, last = int(tokens.min()), int(tokens.max())
    counts = np.bincount(tokens - first, minlength=last - first + 1).astype(np.float64)
    models = [Model(first, last), *_shapes(counts, first, last)]
    return min((_strength(counts, model) for model in models), key=lambda found: found[1])


def _strength(counts: np.ndarray, model: Model) -> tuple[Model, float]:
    """``model`` with the best strength and its bits, by the closed form of the Dirichlet-multinomial."""
    from scipy.special import gammaln

    n, seen = counts.sum(), counts > 0
    prior = replace(model, strength=STATIC).weights()[seen] / UNIT
    weight = np.exp2(1 + 2 * np.arange(STATIC))[:, None]
    learnt = gammaln(n + weight[:, 0]) - gammaln(weight[:, 0]) - (
        gammaln(counts[seen] + weight * prior) - gammaln(weight * prior)).sum(1)
    bits = np.append(learnt / np.log(2), -(counts[seen] * np.log2(prior)).sum())
    code = int(bits.argmin())
    return replace(model, strength=code), float(bits[code]) + (0 if model.family == FLAT else 16)


def _shapes(counts: np.ndarray, first: int, last: int) -> list[Model]:
    """The likeliest Gaussian and the likeliest Laplace prior of a few locations and scales."""
    borders = edges(first, last)
    value, n = (borders[:-1] + borders[1:]) / 2, counts.sum()
    median = value[np.searchsorted(counts.cumsum(), n / 2)]
    centres = np.array([value[0], median, value @ counts / n, value[counts.argmax()]])
    reach = max(borders[-1] - borders[0] - 1, 1.0)
    location = np.clip(np.rint((centres - value[0]) / reach * 255), 0, 255).repeat(13)
    spread = np.maximum((np.abs(value - centres[:, None]) @ counts) / n, 1 / 16)
    scale = np.clip(np.rint(8 * np.log2(spread)).repeat(13) + 64 + np.tile(np.arange(-12, 14, 2), 4), 0, 255)
    found = []
    for family in (GAUSSIAN, LAPLACE):
        best = int((np.log2(density(family, borders, location, scale)) @ counts).argmax())
        found.append(Model(first, last, family, location=int(location[best]), scale=int(scale[best])))
    return found
