"""The steps of a circuit on a batch of states, differentiated by undoing them instead of keeping states.

Adjoint differentiation (Jones and Gacon, arXiv 2009.02823): behind the forward pass the last state alone is kept; the
backward pass takes it and the gradient back through the steps side by side.
"""

from typing import Any

import torch
from torch import Tensor

from gensc.quantum.circuit import kron
from gensc.quantum.circuit.program import HADAMARD, Mix, Program, Turn


def evolve(steps: Program, wires: int, state: Tensor, mixes: Tensor, phases: Tensor, features: Tensor) -> Tensor:
    """States complex [2^wires, B] behind the steps, differentiable once in all that is real or complex.

    ``mixes`` [1 + layers, ...]: rows of ``kron.blocks``; ``phases`` [2^wires, columns]; ``features`` [wires, B] for the
    angles of an embedding, [wires, 0] where there are none.
    """
    out: Tensor = _Evolve.apply(steps, wires, state, mixes, phases, features)
    return out


class _Evolve(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, steps: Program, wires: int, state: Tensor, mixes: Tensor, phases: Tensor,
                features: Tensor) -> Tensor:
        for step in steps.steps:
            if isinstance(step, Mix):
                state = _complex(kron.mixed(mixes[step.index], _real(state), wires), state)
            else:
                state = state.index_select(0, step.order) * torch.polar(*_factor(step, wires, phases, features))
        ctx.save_for_backward(state, mixes, phases, features)
        ctx.steps, ctx.wires = steps, wires
        return state

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        state, mixes, phases, features = ctx.saved_tensors
        to_mixes, to_phases, to_features = map(torch.zeros_like, (mixes, phases, features))
        gradient = gradient.contiguous()
        for step in reversed(ctx.steps.steps):
            if isinstance(step, Mix):
                wanted = to_mixes[step.index] if step.index != HADAMARD else None
                state, gradient = _unmix(mixes[step.index], wanted, state, gradient, ctx.wires)
                continue
            turn = (gradient.conj() * state).imag
            to_phases[:, step.column] += turn.sum(dim=1)
            if len(step.masks):
                to_features += _strings(kron.walsh(turn, ctx.wires), step.masks) / 2
            one, phase = _factor(step, ctx.wires, phases, features)
            back = torch.polar(one, -phase)
            state, gradient = ((values * back).index_select(0, step.undo) for values in (state, gradient))
        return None, None, gradient, to_mixes, to_phases, to_features


def _real(state: Tensor) -> Tensor:
    """Complex [N, B] as real [N, 2 B]; a view."""
    return torch.view_as_real(state).flatten(1)


def _complex(x: Tensor, like: Tensor) -> Tensor:
    return torch.view_as_complex(x.view(*like.shape, 2))


def _factor(step: Turn, wires: int, phases: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
    """Modulus and argument of a step's factor, [2^wires, 1] or [2^wires, B]."""
    phase = -phases[:, step.column, None]
    if len(step.masks):
        terms = features.new_zeros(len(phase), features.shape[1])
        for masks in step.masks:
            terms.index_add_(0, masks, features)
        phase = phase - kron.walsh(terms, wires) / 2
    return torch.ones_like(phase), phase


def _strings(turned: Tensor, masks: Tensor) -> Tensor:
    """Real [2^wires, B] -> the sum over the embeddings of what stands at each wire's string, [wires, B]."""
    return turned[masks].sum(dim=0)


def _unmix(row: Tensor, wanted: Tensor | None, state: Tensor, gradient: Tensor, wires: int) -> tuple[Tensor, Tensor]:
    """State and gradient before a step of real matrices; their gradient is added to ``wanted``."""
    x, back = _real(state), _real(gradient)
    sums = [] if wanted is None else kron.split(wanted, wires)
    for block, matrix in reversed(list(enumerate(kron.split(row, wires)))):
        after, x = kron.shaped(back, wires, block), kron.multiplied(matrix.T, kron.shaped(x, wires, block))
        if wanted is not None:
            sums[block] += torch.bmm(after, x.transpose(1, 2)).sum(dim=0)
        back, x = kron.multiplied(matrix.T, after).view(back.shape), x.view(back.shape)
    return _complex(x, state), _complex(back, gradient)
