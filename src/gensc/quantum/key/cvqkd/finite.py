"""Secret key rate of a finite number of pulses, and the block that a key needs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gensc.errors import InputError
from gensc.quantum.key.cvqkd.estimate import Estimate, expected
from gensc.quantum.key.cvqkd.rate import KeyRate, Setup, holevo_bound, key_rate, shared


@dataclass(frozen=True)
class Security:
    """Failure probabilities: of the parameter ``estimation``, of the ``smoothing`` of the min-entropy, of the privacy
    ``amplification`` and of the ``verification`` (that wrong keys pass for equal)."""

    estimation: float = 1e-10
    smoothing: float = 1e-10
    amplification: float = 1e-10
    verification: float = 1e-10

    def __post_init__(self) -> None:
        for name in ("estimation", "smoothing", "amplification", "verification"):
            if not 0 < getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}: give a failure probability between 0 and 1")


def penalty(pulses: int, reals: int, security: Security) -> float:
    """Delta(n) in bits per pulse: (2 dim H_X + 3) sqrt(log2(2/eps)/n) + (2/n) log2(1/eps_PA).

    Leverrier et al., Phys. Rev. A 81, 062343 (2010), eq. (4): one bit is kept of each real value, so dim H_X is 2
    for homodyne and 4 for heterodyne detection (``reals`` 1 or 2).
    """
    smooth = (2 * 2**reals + 3) * math.sqrt(math.log2(2 / security.smoothing) / pulses)
    return smooth + 2 / pulses * math.log2(1 / security.amplification)


def worst_case_rate(given: Estimate, beta: float, pulses: int, security: Security) -> KeyRate:
    """Rate in bits per pulse of a key of ``pulses`` pulses, when ``given`` is what others of them told.

    The shared information is that of the estimate, chi_BE that of the worst channel it allows.
    """
    mutual = given.setup.reals / 2 * math.log2(1 + given.snr)
    delta = penalty(pulses, given.setup.reals, security)
    worst = given.worst(security.estimation)
    if worst is None:
        return KeyRate(0.0, mutual, math.inf, delta,
                       f"{given.count} revealed values can't tell the transmittance from 0: send more pulses")
    holevo = holevo_bound(worst)
    bits = beta * mutual - holevo - delta
    if bits > 0:
        return KeyRate(bits, mutual, holevo, delta)
    return KeyRate(0.0, mutual, holevo, delta,
                   f"beta I_AB = {beta * mutual:.4g} bits a pulse is less than what Eve may know in the worst case "
                   f"({holevo:.4g}) and the finite block costs ({delta:.4g})")


def finite_rate(setup: Setup, pulses: int, revealed: float = 0.5, security: Security | None = None) -> KeyRate:
    """Rate in bits per sent pulse, n/N (beta I_AB - chi_BE(worst case) - Delta(n)), expected of N = ``pulses``.

    The part ``revealed`` of the pulses is spent on the estimation, the others make the key. Collective attacks;
    Leverrier et al., eq. (3). Every frame is taken to be reconciled.
    """
    if not 0 < revealed < 1:
        raise InputError(f"revealed is {revealed}: give the part of the pulses for estimation, between 0 and 1")
    if pulses < 1000:
        raise InputError(f"pulses is {pulses}: a block needs 1000 or more")
    known = round(pulses * revealed)
    rate = worst_case_rate(expected(setup, known * setup.reals), setup.beta, pulses - known, security or Security())
    return KeyRate(rate.bits * (1 - known / pulses), shared(setup), rate.holevo, rate.penalty, rate.reason)


def least_block(setup: Setup, revealed: float = 0.5, security: Security | None = None) -> int | None:
    """Fewest pulses, to two digits upwards, of which ``setup`` expects a key; None where no block has one."""
    if key_rate(setup).bits <= 0:
        return None
    low, high = 3.0, 20.0
    if finite_rate(setup, int(10**high), revealed, security).bits <= 0:
        return None
    while high - low > 0.002:
        middle = (low + high) / 2
        if finite_rate(setup, int(10**middle), revealed, security).bits > 0:
            high = middle
        else:
            low = middle
    step = 10 ** (math.floor(high) - 1)
    return math.ceil(10**high / step) * step
