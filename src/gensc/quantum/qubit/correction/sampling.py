"""Logical error rates by Monte Carlo through Stim: the code is measured, meets noise, is measured again and decoded."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import numpy as np

from gensc.errors import InputError
from gensc.quantum.qubit.correction.codes import Code, lookup, numbers
from gensc.quantum.qubit.correction.rates import Counted, Errors
from gensc.quantum.qubit.noise import Noise
from gensc.rng import Rng

if TYPE_CHECKING:
    import stim

CHUNK = 1_000_000
_STIM = {"bit_flip": "X_ERROR", "phase_flip": "Z_ERROR", "depolarizing": "DEPOLARIZE1"}


@dataclass(frozen=True)
class Sampled:
    """``failures`` of ``shots`` decoded code blocks had a logical error."""

    failures: int
    shots: int


def sample(code: Code, noise: Errors, p: float, shots: int, rng: Rng, counted: Counted = "either") -> Sampled:
    """``shots`` blocks of the code in code capacity noise, decoded by the lookup table; errors count as in ``rates``.

    A seed gives the same shots with the same version of Stim on the same kind of processor.
    """
    if noise not in _STIM or counted not in get_args(Counted) or shots < 1:
        raise InputError(f"noise is {noise!r}, counted {counted!r} and shots {shots}: expected one of "
                         f"{', '.join(_STIM)} (Stim samples Pauli errors), one of {', '.join(get_args(Counted))}, and "
                         "1 or more shots")
    sampler = circuit(code, Noise(noise, p)).compile_detector_sampler(seed=rng.key & (2**63 - 1))
    failures = 0
    for start in range(0, shots, CHUNK):
        syndromes, flips = sampler.sample(min(CHUNK, shots - start), separate_observables=True)
        failed = left(code, syndromes, flips)
        kept = {"x": failed[:, 0], "z": failed[:, 1], "either": failed.any(axis=1)}[counted]
        failures += int(kept.sum())
    return Sampled(failures, shots)


def circuit(code: Code, noise: Noise) -> "stim.Circuit":
    """The Stim circuit: detectors are the Z checks, then the X checks; observable 0 sees logical bit flips, observable
    1 phase flips, both on a logical qubit that is entangled with a reference qubit, number n, which no noise meets."""
    import stim

    checks = [_product("Z", row) for row in code.z_checks] + [_product("X", row) for row in code.x_checks]
    pair = [_product("Z", code.z_logical) + f"*Z{code.n}", _product("X", code.x_logical) + f"*X{code.n}"]
    measured = "".join(f"MPP {one}\n" for one in checks + pair)
    count = len(checks) + 2
    detectors = "".join(f"DETECTOR rec[{at - count}] rec[{at - 2 * count}]\n" for at in range(len(checks)))
    observables = "".join(f"OBSERVABLE_INCLUDE({which}) rec[{which - 2}] rec[{which - 2 - count}]\n"
                          for which in range(2))
    struck = f"{_STIM[noise.name]}({noise.p}) {' '.join(map(str, range(code.n)))}\n"
    return stim.Circuit(measured + struck + measured + detectors + observables)


def left(code: Code, syndromes: np.ndarray, flips: np.ndarray) -> np.ndarray:
    """Whether a logical bit flip and a phase flip are left after correction, bool [N,2], of the syndromes bool
    [N,n-1] and the flips seen bool [N,2] of a circuit's detectors and observables."""
    split = len(code.z_checks)
    bits = (lookup(code.z_checks, code.n) @ np.array(code.z_logical, dtype=np.uint8)) % 2 == 1
    phases = (lookup(code.x_checks, code.n) @ np.array(code.x_logical, dtype=np.uint8)) % 2 == 1
    mended = np.stack([bits[numbers(syndromes[:, :split])], phases[numbers(syndromes[:, split:])]], axis=1)
    failed: np.ndarray = flips ^ mended
    return failed


def _product(pauli: str, row: tuple[int, ...]) -> str:
    return "*".join(f"{pauli}{qubit}" for qubit, bit in enumerate(row) if bit)
