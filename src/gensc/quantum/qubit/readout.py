"""Real numbers on qubits and back: how they are embedded, and what so many measurements say of them.

Each qubit meets its own channel, given as a Pauli transfer matrix without terms between Z and the plane of X and Y
(``Path.transfer``), and is measured alone. The odds of all outcomes follow exactly from that (the observables are taken
back through the channel), and outcomes are drawn from them: the law of the density matrix without its price.
``expected`` is differentiable; ``drawn`` has its value with shot noise and its gradient.
"""

import math

import numpy as np
import torch
from torch import Tensor

from gensc.quantum.qubit.path import flips
from gensc.rng import Rng


def amplitude_qubits(values: int) -> int:
    """Qubits of the amplitude embedding of so many values: the index, and one for the reference."""
    return (values - 1).bit_length() + 1


def amplitude_odds(unit: Tensor, transfer: Tensor) -> Tensor:
    """The odds float64 [B,2,D] of reading + or - and an index below D = 2^n, for vectors [B,F] of norm 1, F up to D.

    (|0> sum_i |i> / sqrt F + |1> sum_i a_i |i>) / sqrt 2: without noise +, i comes with (1/sqrt F + a_i)^2 / 4 and -, i
    with (1/sqrt F - a_i)^2 / 4. The first qubit is measured in the basis of X, the index in that of Z.
    """
    size = 2 ** (amplitude_qubits(unit.shape[1]) - 1)
    known = unit.shape[1] ** -0.5
    amplitudes = torch.nn.functional.pad(unit.double(), (0, size - unit.shape[1]))
    reference = torch.nn.functional.pad(torch.full_like(unit, known, dtype=torch.float64), (0, size - unit.shape[1]))
    both = torch.stack([(reference.square() + amplitudes.square()) / 2, transfer[1, 1] * reference * amplitudes], dim=1)
    shape, moves = both.shape, flips(transfer)
    for wire in range(size.bit_length() - 1):
        both = torch.einsum("oi,lir->lor", moves, both.reshape(-1, 2, size >> wire + 1)).reshape(shape)
    whole, cross = both.unbind(dim=1)
    return torch.stack([whole + cross, whole - cross], dim=1) / 2


def amplitude(unit: Tensor, transfer: Tensor, shots: int, rng: Rng) -> Tensor:
    """What ``shots`` copies say of vectors of norm 1 [B,F], float64 [B,F]: sqrt F (share of + minus share of -).

    Without noise it is right on average, signs included, with a mean square error of nearly F / shots a vector.
    """
    odds = amplitude_odds(unit, transfer)
    ladder = odds.detach().clamp_min(0).flatten(1).cumsum(dim=1).cpu().numpy()
    counts = [_counted(one.random(shots), row) for one, row in zip(rng.generators(), ladder, strict=True)]
    shares = torch.stack(counts).view(odds.shape).to(odds) / shots
    drawn = odds + (shares - odds).detach()
    return math.sqrt(unit.shape[1]) * (drawn[:, 0] - drawn[:, 1])[:, :unit.shape[1]]


def angle(cosines: Tensor, transfer: Tensor, shots: int, rng: Rng) -> Tensor:
    """What ``shots`` copies of qubits RY(theta)|0> say of cos theta in [-1,1], float64 [B,F]: the mean of Z."""
    expected = transfer[3, 0] + transfer[3, 3] * cosines.double()
    odds = ((1 + expected.detach()) / 2).clamp(0, 1).cpu().numpy()
    counts = [torch.from_numpy(one.binomial(shots, row)) for one, row in zip(rng.generators(), odds, strict=True)]
    return expected + (2 * torch.stack(counts).to(expected) / shots - 1 - expected).detach()


def basis(bits: list[Tensor], transfer: Tensor, rng: Rng) -> list[Tensor]:
    """Bits uint8 [n] of each item on basis states, and what is read of them, one measurement each."""
    odds = flips(transfer)[1].cpu()
    return [(torch.from_numpy(one.random(len(sent))) < odds[sent.long()]).to(torch.uint8)
            for one, sent in zip(rng.generators(), bits, strict=True)]


def _counted(draws: np.ndarray, ladder: np.ndarray) -> Tensor:
    """How often each outcome comes, int64 [K], for uniform draws [N] and the outcomes' cumulated odds [K]."""
    places = np.searchsorted(ladder, draws * ladder[-1], side="right")
    return torch.from_numpy(np.bincount(places.clip(max=len(ladder) - 1), minlength=len(ladder)))
