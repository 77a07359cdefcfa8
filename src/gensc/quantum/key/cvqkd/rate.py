"""Asymptotic secret key rate of GG02 with reverse reconciliation against collective attacks, and the PLOB bound."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, get_args

from gensc import units
from gensc.errors import InputError

Detection = Literal["homodyne", "heterodyne"]
FIBRE_DB_PER_KM = 0.2


@dataclass(frozen=True)
class Setup:
    """A GG02 link, in shot-noise units.

    ``v_a`` is the variance of Alice's modulation per quadrature, ``transmittance`` T that of the channel, ``xi`` the
    excess noise at the channel input, ``eta`` and ``v_el`` the detector's efficiency and electronic noise, ``beta``
    the reconciliation efficiency. A ``trusted`` detector's loss and noise are not given to Eve. Raises InputError on a
    figure out of its range.
    """

    v_a: float
    transmittance: float
    xi: float = 0.01
    eta: float = 0.6
    v_el: float = 0.01
    beta: float = 0.95
    detection: Detection = "homodyne"
    trusted: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.v_a < math.inf:
            raise InputError(f"v_a is {self.v_a}: give a modulation variance above 0 shot-noise units, e.g. 4")
        for name in ("transmittance", "eta", "beta"):
            if not 0 < getattr(self, name) <= 1:
                raise InputError(f"{name} is {getattr(self, name)}: give a ratio above 0 and at most 1, e.g. 0.6")
        for name in ("xi", "v_el"):
            if not 0 <= getattr(self, name) < math.inf:
                raise InputError(f"{name} is {getattr(self, name)}: give a variance of 0 shot-noise units or more")
        if self.detection not in get_args(Detection):
            raise InputError(f"detection is {self.detection!r}: expected one of {', '.join(get_args(Detection))}")

    @property
    def reals(self) -> int:
        """Real values that Bob measures per pulse: 1 by homodyne, 2 by heterodyne detection."""
        return 1 if self.detection == "homodyne" else 2

    @property
    def gain(self) -> float:
        """t^2 = eta T (homodyne) or eta T / 2 (heterodyne): the power gain from Alice's value to Bob's."""
        return self.eta * self.transmittance / self.reals

    @property
    def noise(self) -> float:
        """Variance of Bob's value when Alice's is known: 1 + t^2 xi + v_el."""
        return 1 + self.gain * self.xi + self.v_el

    @property
    def snr(self) -> float:
        """Signal-to-noise ratio of Bob's values, t^2 V_A over their noise, per real value."""
        return self.gain * self.v_a / self.noise


@dataclass(frozen=True)
class KeyRate:
    """A secret key rate in ``bits`` per pulse, never negative: 0 comes with the ``reason`` why there is no key.

    ``shared`` is I_AB, ``holevo`` chi_BE, ``penalty`` what a finite block costs, all in bits per pulse used for the
    key.
    """

    bits: float
    shared: float
    holevo: float
    penalty: float = 0.0
    reason: str | None = None


def fibre(km: float, db_per_km: float = FIBRE_DB_PER_KM) -> float:
    """Transmittance of ``km`` of fibre. Raises InputError on a negative length or loss."""
    for name, value, unit in (("km", km, "km"), ("db_per_km", db_per_km, "dB per km")):
        if not 0 <= value < math.inf:
            raise InputError(f"{name} is {value}: give 0 {unit} or more")
    return float(units.db_to_ratio(-km * db_per_km))


def plob_bound(transmittance: float) -> float:
    """Most secret bits per use that any protocol without repeaters gets over a pure-loss channel: -log2(1 - T).

    S. Pirandola et al., Nature Communications 8, 15043 (2017). Infinite for T = 1.
    """
    if not 0 < transmittance <= 1:
        raise InputError(f"transmittance is {transmittance}: give a ratio above 0 and at most 1")
    return math.inf if transmittance == 1 else -math.log2(1 - transmittance)


def key_rate(setup: Setup) -> KeyRate:
    """Asymptotic rate beta I_AB - chi_BE of ``setup``, in bits per pulse."""
    mutual, holevo = shared(setup), holevo_bound(setup)
    bits = setup.beta * mutual - holevo
    if bits > 0:
        return KeyRate(bits, mutual, holevo)
    reason = f"Eve may know {holevo:.4g} bits a pulse, Bob and Alice share beta I_AB = {setup.beta * mutual:.4g}"
    return KeyRate(0.0, mutual, holevo, reason=reason)


def shared(setup: Setup) -> float:
    """Mutual information I_AB of Alice's and Bob's values, in bits per pulse."""
    return setup.reals / 2 * math.log2(1 + setup.snr)


def holevo_bound(setup: Setup) -> float:
    """chi_BE, the most that Eve can know about Bob's values, in bits per pulse (collective attacks).

    From the symplectic eigenvalues of the covariance matrix: J. Lodewyck et al., Phys. Rev. A 76, 042305 (2007) for
    homodyne, S. Fossier et al., J. Phys. B 42, 114014 (2009) for heterodyne detection.
    """
    if not setup.trusted:
        return holevo_bound(_untrusted(setup))
    t, v = setup.transmittance, setup.v_a + 1
    line = 1 / t - 1 + setup.xi
    detector = (setup.reals - setup.eta + setup.reals * setup.v_el) / setup.eta
    out, total = t * (v + line), t * (v + line + detector / t)
    a = v * v * (1 - 2 * t) + 2 * t + out * out
    root_b = t * (v * line + 1)
    if setup.detection == "homodyne":
        c = (a * detector + v * root_b + out) / total
        d = root_b * (v + root_b * detector) / total
    else:
        c = (a * detector**2 + root_b**2 + 1 + 2 * detector * (v * root_b + out) + 2 * t * (v * v - 1)) / total**2
        d = ((v + root_b * detector) / total) ** 2
    return _entropies(a, root_b**2) - _entropies(c, d)


def _untrusted(setup: Setup) -> Setup:
    """The same measured values from a perfect detector: its loss and noise counted to the channel."""
    return replace(setup, transmittance=setup.eta * setup.transmittance, xi=setup.xi + setup.v_el / setup.gain,
                   eta=1.0, v_el=0.0, trusted=True)


def _entropies(trace: float, determinant: float) -> float:
    """Von Neumann entropy in bits of two modes whose squared symplectic eigenvalues have this sum and product."""
    root = math.sqrt(max(trace * trace - 4 * determinant, 0.0))
    return sum(_entropy(math.sqrt(max((trace + sign * root) / 2, 1.0))) for sign in (1, -1))


def _entropy(eigenvalue: float) -> float:
    """Entropy in bits of a thermal state of this symplectic eigenvalue."""
    mean = (eigenvalue - 1) / 2
    if mean < 1e-15:
        return 0.0
    return (mean + 1) * math.log2(mean + 1) - mean * math.log2(mean)
