"""What a QPU gives: outcomes of a finite number of shots, and the runs that gradients by shifted parameters take."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from gensc.errors import InputError
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


def shifted(weights: Tensor) -> Iterator[tuple[int, Tensor, Tensor]]:
    """For each weight its place in the flat weights, and the weights with it pi/2 more and pi/2 less.

    The parameter-shift rule (Schuld et al., PRA 99, 032331) is dE/dw = (E(w + pi/2) - E(w - pi/2)) / 2, exact for every
    weight of a ``Circuit``.
    """
    flat = weights.detach().flatten()
    for place in range(len(flat)):
        ends = flat.repeat(2, 1)
        ends[0, place] += SHIFT
        ends[1, place] -= SHIFT
        more, less = ends.view(2, *weights.shape)
        yield place, more, less
