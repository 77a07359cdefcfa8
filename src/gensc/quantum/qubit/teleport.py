"""Teleportation over a noisy pair, and entanglement distillation: many noisy pairs become few better ones.

A pair is |Phi+> = (|00> + |11>)/sqrt 2 to begin with. ``Pair``, float64 [4]: the probabilities that its second half met
I, X, Y or Z, which are the weights of Phi+, Psi+, Psi- and Phi-; the first is its fidelity. Bennett et al., Phys. Rev.
Lett. 70, 1895 (1993); Bowen and Bose, Phys. Rev. Lett. 87, 267901 (2001): with standard teleportation a noisy
pair is a Pauli channel with these very probabilities, whatever else the pair's state holds.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from gensc.errors import InputError
from gensc.quantum.qubit.noise import PAULIS

ROUNDING = 1e-6
"""How far the weights of a pair that is given may be from probabilities with the sum 1 (float32)."""
_PHI = torch.tensor([1, 0, 0, 1], dtype=torch.complex128) / 2**0.5


@dataclass(frozen=True)
class Round:
    """After a round of distillation: the ``pair`` float64 [4], the probability of ``success`` of the round, and the
    noisy ``pairs`` that one such pair took on average so far, those lost in failed rounds included."""

    pair: Tensor
    success: float
    pairs: float


def shared(kraus: Tensor) -> Tensor:
    """The density matrix complex128 [4,4] of |Phi+> whose second half went through the channel ``kraus`` [K,2,2]."""
    vectors = torch.einsum("kij,aj->kai", kraus.to(torch.complex128), _PHI.view(2, 2)).reshape(-1, 4)
    return torch.einsum("ka,kb->ab", vectors, vectors.conj())


def bell_diagonal(rho: Tensor) -> Tensor:
    """The ``Pair`` of a state [4,4]: its weights on the four Bell states."""
    return torch.einsum("ka,ab,kb->k", _bells().conj(), rho, _bells()).real


def distilled(pair: Tensor, rounds: int) -> list[Round]:
    """What each of ``rounds`` rounds makes of pairs that are all alike; gates and classical messages have no error.

    A round (DEJMPS) takes two pairs and keeps one or none: Deutsch et al., Phys. Rev. Lett. 77, 2818 (1996). Pairs of
    fidelity 1/2 or less do not get better.
    """
    pair, pairs, done = checked(pair), 1.0, []
    for _ in range(rounds):
        pair, success = dejmps(pair)
        pairs *= 2 / success
        done.append(Round(pair, success, pairs))
    return done


def dejmps(pair: Tensor) -> tuple[Tensor, float]:
    """One round: the pair that is kept and the probability that it is."""
    i, x, y, z = checked(pair).tolist()
    success = (i + y) ** 2 + (x + z) ** 2
    kept = torch.tensor([i * i + y * y, x * x + z * z, 2 * x * z, 2 * i * y], dtype=torch.float64) / success
    return kept, success


def checked(pair: Tensor) -> Tensor:
    """``pair`` as float64. Raises InputError unless it holds four probabilities with the sum 1."""
    pair = torch.as_tensor(pair, dtype=torch.float64)
    if pair.shape != (4,) or not bool((pair >= -ROUNDING).all()) or not abs(float(pair.sum()) - 1) <= ROUNDING:
        raise InputError(f"a pair has the weights {pair.tolist()}; expected four of 0 or more, for Phi+, Psi+, Psi- "
                         "and Phi-, with the sum 1")
    return pair.clamp_min(0) / pair.clamp_min(0).sum()


def _bells() -> Tensor:
    """Phi+, Psi+, i Psi- and Phi-, complex128 [4,4]: each Pauli on the second half of Phi+."""
    return torch.einsum("kij,aj->kai", PAULIS, _PHI.view(2, 2)).reshape(4, 4)
