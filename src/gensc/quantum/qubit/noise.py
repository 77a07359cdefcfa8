"""Noise on qubits: Kraus operators, exact density matrices for few qubits, quantum trajectories for many.

Wire 0 is the most significant: |100> is index 4. Nielsen and Chuang, Quantum Computation and Quantum Information, 8.2
and 8.3; trajectories: Dalibard, Castin and Moelmer, Phys. Rev. Lett. 68, 580 (1992).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from gensc.errors import InputError
from gensc.machine.memory import refuse_beyond
from gensc.rng import Rng

Kind = Literal["bit_flip", "phase_flip", "depolarizing", "amplitude_damping"]
TOLERANCE = 1e-9
"""How far sum K+ K of operators that are given may be from the identity, in any of its entries."""
PAULIS = torch.tensor([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]],
                      dtype=torch.complex128)
"""I, X, Y, Z, complex128 [4,2,2]."""


@dataclass(frozen=True)
class Noise:
    """One use of a noisy qubit channel. ``p`` in [0,1]: of bit flip the probability of X, of phase flip that of Z, of
    depolarizing that of an error (X, Y and Z with p/3 each; the state is kept with 1 - p), of amplitude damping
    that of the decay of |1> to |0>."""

    name: Kind
    p: float

    def __post_init__(self) -> None:
        if self.name not in get_args(Kind):
            raise InputError(f"there is no qubit noise {self.name!r}: expected one of {', '.join(get_args(Kind))}")
        if not 0 <= self.p <= 1:
            raise InputError(f"{self.name}: p is {self.p}; expected a probability from 0 to 1, e.g. 0.01")

    @property
    def kraus(self) -> Tensor:
        """The Kraus operators, complex128 [K,2,2]."""
        if self.name == "amplitude_damping":
            kept, lost = (1 - self.p) ** 0.5, self.p**0.5
            return torch.tensor([[[1, 0], [0, kept]], [[0, lost], [0, 0]]], dtype=torch.complex128)
        return pauli_kraus(self.paulis)

    @property
    def paulis(self) -> tuple[float, float, float, float]:
        """The probabilities of I, X, Y, Z. Raises InputError for amplitude damping, which is no mixture of them."""
        p = self.p
        if self.name == "bit_flip":
            return 1 - p, p, 0.0, 0.0
        if self.name == "phase_flip":
            return 1 - p, 0.0, 0.0, p
        if self.name == "depolarizing":
            return 1 - p, p / 3, p / 3, p / 3
        raise InputError("amplitude damping is no mixture of Pauli errors: use bit_flip, phase_flip or depolarizing")


def pauli_kraus(probabilities: Sequence[float]) -> Tensor:
    """Kraus operators complex128 [4,2,2] of the channel that does I, X, Y, Z with these ``probabilities``."""
    weights = torch.tensor(probabilities, dtype=torch.float64)
    if weights.shape != (4,) or not bool((weights >= 0).all()) or abs(float(weights.sum()) - 1) > TOLERANCE:
        raise InputError(f"a Pauli channel has the probabilities {list(probabilities)}; expected four of 0 or more for "
                         "I, X, Y and Z, with the sum 1")
    return weights.sqrt()[:, None, None] * PAULIS


def checked_kraus(operators: Tensor) -> Tensor:
    """Kraus operators [K,2,2] as complex128. Raises InputError unless sum K+ K = I (the trace would not be kept)."""
    if operators.ndim != 3 or operators.shape[1:] != (2, 2) or not len(operators):
        raise InputError(f"Kraus operators have the shape {list(operators.shape)}: expected [K,2,2], K of 1 or more")
    kraus = operators.to(torch.complex128)
    off = float((torch.einsum("kji,kjl->il", kraus.conj(), kraus) - torch.eye(2)).abs().max())
    if not off <= TOLERANCE:
        raise InputError(f"Kraus operators are not complete: sum K+ K differs from the identity by {off:.3g}; a "
                         "channel keeps the trace, so scale or add operators until it is the identity")
    return kraus


def composed(first: Tensor, second: Tensor) -> Tensor:
    """Kraus operators [K L,2,2] of ``first`` [K,2,2] and ``second`` [L,2,2] after it."""
    return torch.einsum("lij,kjm->lkim", second, first).reshape(-1, 2, 2)


def transfer(kraus: Tensor) -> Tensor:
    """The Pauli transfer matrix float64 [4,4] over I, X, Y, Z: R[i,j] = Tr(P_i E(P_j)) / 2."""
    out = torch.einsum("kab,jbc,kdc->jad", kraus, PAULIS, kraus.conj())
    return (torch.einsum("iba,jab->ij", PAULIS, out) / 2).real


def wires_of(states: Tensor) -> int:
    """The number of qubits of states whose last axis has 2^n entries."""
    size = states.shape[-1]
    if size < 2 or size & (size - 1):
        raise InputError(f"a state has {size} amplitudes: expected 2^n for n qubits")
    return size.bit_length() - 1


def density(psi: Tensor) -> Tensor:
    """|psi><psi|, complex128 [B,2^n,2^n], of state vectors [B,2^n]. Refused where ``noisy`` would not fit."""
    n = wires_of(psi)
    # The matrix, the one that a step makes of it, and what einsum keeps in between.
    refuse_beyond(3 * 16 * len(psi) * 4**n, f"the density matrices of {len(psi)} states of {n} qubits",
                  "use trajectories, or fewer qubits or states at a time")
    psi = psi.to(torch.complex128)
    return psi[:, :, None] * psi[:, None, :].conj()


def noisy(rho: Tensor, kraus: Tensor, wires: Sequence[int] | None = None) -> Tensor:
    """Density matrices complex128 [B,2^n,2^n] after the channel ``kraus`` [K,2,2] on each of ``wires`` (all: None)."""
    n, shape = wires_of(rho), rho.shape
    both = torch.einsum("kij,knm->injm", kraus, kraus.conj()).to(rho.device)
    for wire in _checked(wires, n):
        split = rho.reshape(-1, 2**wire, 2, 2 ** (n - 1 - wire), 2**wire, 2, 2 ** (n - 1 - wire))
        rho = torch.einsum("injm,bljrcmd->blircnd", both, split).reshape(shape)
    return rho


def trajectories(psi: Tensor, kraus: Tensor, rng: Rng, runs: int, wires: Sequence[int] | None = None) -> Tensor:
    """``runs`` random pure states an item, complex128 [B,runs,2^n], whose mean of |psi><psi| is what ``noisy`` gives.

    ``psi`` [B,2^n] of norm 1; each of ``wires`` (all: None) meets one Kraus operator, drawn with the probability that
    it has in that state. The draws of an item come from its own stream of ``rng``.
    """
    n = wires_of(psi)
    refuse_beyond(3 * 16 * len(psi) * runs * 2**n, f"{runs} trajectories of each of {len(psi)} states of {n} qubits",
                  "draw fewer at a time")
    states = psi.to(torch.complex128)[:, None].expand(-1, runs, -1)
    chosen = _checked(wires, n)
    draws = torch.stack([torch.from_numpy(one.random((len(chosen), runs))) for one in rng.generators()])
    kraus = kraus.to(psi.device)
    effects = torch.einsum("kji,kjl->kil", kraus.conj(), kraus)
    for step, wire in enumerate(chosen):
        split = states.reshape(len(psi), runs, 2**wire, 2, -1)
        reduced = torch.einsum("bslir,bsljr->bsij", split, split.conj())
        odds = torch.einsum("kij,bsji->bsk", effects, reduced).real.clamp_min(0)
        drawn = draws[:, step, :, None].to(psi.device) * odds.sum(dim=2, keepdim=True)
        place = (drawn >= odds.cumsum(dim=2)).sum(dim=2)
        operator = kraus[place.clamp_max(len(kraus) - 1)]
        states = torch.einsum("bsij,bsljr->bslir", operator, split).reshape(len(psi), runs, -1)
        states = states / states.abs().square().sum(dim=2, keepdim=True).sqrt()
    return states


def _checked(wires: Sequence[int] | None, n: int) -> Sequence[int]:
    chosen = range(n) if wires is None else wires
    if any(not 0 <= wire < n for wire in chosen):
        raise InputError(f"wires are {list(chosen)} and the state has {n} qubits: expected 0 to {n - 1}")
    return chosen
