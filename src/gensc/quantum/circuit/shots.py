"""What a QPU gives: expectations from a finite number of shots, and gradients by shifting parameters."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gensc.errors import InputError
from gensc.quantum.circuit.circuit import Circuit
from gensc.quantum.circuit.device import Run
from gensc.quantum.circuit.statevector import probabilities, signs
from gensc.rng import Rng

SHIFT = torch.pi / 2


def counts(outcomes: Tensor, shots: int, rng: Rng) -> Tensor:
    """How often each outcome was seen in ``shots`` measurements of all wires, int64 [B, 2^wires], from the
    probabilities [B, 2^wires] by the stream of each item."""
    if shots < 1:
        raise InputError(f"shots is {shots}; expected at least 1")
    if len(rng.items) != len(outcomes):
        raise InputError(f"there are {len(outcomes)} items and {len(rng.items)} random streams; expected one an item")
    # float32 probabilities add up to 1 within 1e-6, and the draw wants them closer.
    exact = outcomes.detach().double().cpu().numpy()
    exact /= exact.sum(axis=1, keepdims=True)
    drawn = np.stack([generator.multinomial(shots, row) for generator, row in
                      zip(rng.generators(), exact, strict=True)])
    return torch.from_numpy(drawn).to(outcomes.device)


def estimated(circuit: Circuit, weights: Tensor, features: Tensor, shots: int, rng: Rng) -> Tensor:
    """Pauli-Z of every wire from ``shots`` measurements of each item, real [B, wires], without a gradient: the mean
    of a noiseless device, drawn from the exact state."""
    seen = counts(probabilities(circuit, weights.detach(), features.detach()), shots, rng)
    return seen.to(weights.dtype) @ signs(circuit.wires, weights.dtype, weights.device).T / shots


def shifted(weights: Tensor) -> Iterator[tuple[int, Tensor, Tensor]]:
    """For each weight its place in the flat weights, and the weights with it pi/2 more and pi/2 less."""
    flat = weights.detach().flatten()
    for place in range(len(flat)):
        ends = flat.repeat(2, 1)
        ends[0, place] += SHIFT
        ends[1, place] -= SHIFT
        more, less = ends.view(2, *weights.shape)
        yield place, more, less


def parameter_shift(run: Run) -> Run:
    """``run`` with the gradient of its weights by the parameter-shift rule (Schuld et al., PRA 99, 032331):
    dE/dw = (E(w + pi/2) - E(w - pi/2)) / 2, exact for every weight of a ``Circuit``, two runs a weight.

    Features get no gradient: no rule of two shifts gives it for amplitudes or angles embedded several times.
    """

    def shifting(weights: Tensor, features: Tensor) -> Tensor:
        if features.requires_grad:
            raise InputError("the parameter-shift rule gives the features no gradient: detach them, or use the exact "
                             "expectations")
        out: Tensor = _Shift.apply(run, weights, features)
        return out

    return shifting


def parameter_shift_shots(circuit: Circuit, shots: int, rng: Rng) -> Run:
    """Expectations from ``shots`` measurements an item, with gradients by the parameter-shift rule from as many for
    each of their two ends: a noiseless QPU. ``rng`` has a stream for each item of the batch; each run of the circuit
    draws anew."""
    uses = itertools.count()

    def run(weights: Tensor, features: Tensor) -> Tensor:
        return estimated(circuit, weights, features, shots, rng.child("run", next(uses)))

    return parameter_shift(run)


class _Shift(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, run: Callable[[Tensor, Tensor], Tensor], weights: Tensor, features: Tensor) -> Tensor:
        ctx.run = run
        ctx.save_for_backward(weights, features)
        return run(weights.detach(), features.detach())

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, Tensor, None]:
        weights, features = ctx.saved_tensors
        found = torch.empty_like(weights).flatten()
        for place, more, less in shifted(weights):
            found[place] = (gradient * (ctx.run(more, features) - ctx.run(less, features))).sum() / 2
        return None, found.view(weights.shape), None
