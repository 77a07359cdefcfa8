"""Teleportation over a noisy pair, and entanglement distillation: many noisy pairs become few better ones.

A pair is |Phi+> = (|00> + |11>)/sqrt 2 to begin with. ``Pair``, float64 [4]: the probabilities that its second half met
I, X, Y or Z, which are the weights of Phi+, Psi+, Psi- and Phi-; the first is its fidelity. Bennett et al., Phys. Rev.
Lett. 70, 1895 (1993); Bowen and Bose, Phys. Rev. Lett. 87, 267901 (2001): with standard teleportation a noisy
pair is a Pauli channel with these very probabilities, whatever else the pair's state holds.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from gensc.errors import InputError
from gensc.quantum.qubit.noise import PAULIS

Protocol = Literal["bbpssw", "dejmps"]
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


def werner(fidelity: float) -> Tensor:
    """The Werner pair of this fidelity: what is left over is spread evenly over the three other Bell states."""
    if not 0 <= fidelity <= 1:
        raise InputError(f"the fidelity of a pair is {fidelity}; expected 0 to 1, e.g. 0.9")
    return torch.tensor([fidelity, *[(1 - fidelity) / 3] * 3], dtype=torch.float64)


def shared(kraus: Tensor) -> Tensor:
    """The density matrix complex128 [4,4] of |Phi+> whose second half went through the channel ``kraus`` [K,2,2]."""
    vectors = torch.einsum("kij,aj->kai", kraus.to(torch.complex128), _PHI.view(2, 2)).reshape(-1, 4)
    return torch.einsum("ka,kb->ab", vectors, vectors.conj())


def bell_diagonal(rho: Tensor) -> Tensor:
    """The ``Pair`` of a state [4,4]: its weights on the four Bell states."""
    return torch.einsum("ka,ab,kb->k", _bells().conj(), rho, _bells()).real


def mixture(pair: Tensor) -> Tensor:
    """The density matrix complex128 [4,4] of a ``Pair``."""
    return torch.einsum("k,ka,kb->ab", checked(pair).to(torch.complex128), _bells(), _bells().conj())


def teleport(psi: Tensor, rho: Tensor) -> Tensor:
    """Qubits complex [B,2] teleported over pairs in the state ``rho`` [4,4]: what the receiver holds, [B,2,2].

    The protocol itself: a Bell measurement of the qubit and the pair's first half, two classical bits without error,
    the Pauli correction, averaged over the four outcomes.
    """
    psi = psi.to(torch.complex128)
    whole = torch.einsum("bi,bj,apcq->biapjcq", psi, psi.conj(), rho.to(torch.complex128).view(2, 2, 2, 2))
    out = torch.zeros(len(psi), 2, 2, dtype=torch.complex128)
    for outcome, correction in zip(_bells().view(4, 2, 2), PAULIS, strict=True):
        heard = torch.einsum("ia,biapjcq,jc->bpq", outcome.conj(), whole, outcome)
        out = out + torch.einsum("rp,bpq,sq->brs", correction, heard, correction.conj())
    return out


def average_fidelity(fidelity: float) -> float:
    """The mean over all qubit states of the fidelity of teleportation, (2 F + 1)/3, over a pair of fidelity F.

    Horodecki, Horodecki and Horodecki, Phys. Rev. A 60, 1888 (1999). What no entanglement reaches too: 2/3, at F = 1/2.
    """
    if not 0 <= fidelity <= 1:
        raise InputError(f"the fidelity of a pair is {fidelity}; expected 0 to 1, e.g. 0.9")
    return (2 * fidelity + 1) / 3


def distilled(pair: Tensor, protocol: Protocol, rounds: int) -> list[Round]:
    """What each of ``rounds`` rounds makes of pairs that are all alike; gates and classical messages have no error.

    A round takes two pairs and keeps one or none. "bbpssw" spreads the errors evenly (a Werner pair) before each round:
    Bennett et al., Phys. Rev. Lett. 76, 722 (1996). "dejmps" turns them instead: Deutsch et al., Phys. Rev. Lett. 77,
    2818 (1996). Pairs of fidelity 1/2 or less do not get better.
    """
    if protocol not in ("bbpssw", "dejmps") or rounds < 0:
        raise InputError(f"protocol is {protocol!r} and rounds {rounds}; expected bbpssw or dejmps and 0 or more")
    pair, pairs, done = checked(pair), 1.0, []
    for _ in range(rounds):
        pair, success = bbpssw(pair) if protocol == "bbpssw" else dejmps(pair)
        pairs *= 2 / success
        done.append(Round(pair, success, pairs))
    return done


def bbpssw(pair: Tensor) -> tuple[Tensor, float]:
    """One round: the pair that is kept, as a Werner pair, and the probability that it is."""
    kept, other = float(checked(pair)[0]), (1 - float(pair[0])) / 3
    success = (kept + other) ** 2 + (2 * other) ** 2
    return werner((kept**2 + other**2) / success), success


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
