"""Features as what a circuit takes: amplitudes of norm 1, or angles."""

import torch
from torch import Tensor

from gensc.errors import InputError
from gensc.quantum.circuit.circuit import Circuit


def amplitudes(features: Tensor, wires: int) -> Tensor:
    """Real features [B, k], k up to 2^wires, divided by their norm; the amplitudes behind them are 0.

    Raises InputError for what has no direction: a vector of zeros, nan or infinity.
    """
    _check(features)
    if not 1 <= features.shape[1] <= 2**wires:
        raise InputError(f"amplitude embedding: {features.shape[1]} features for {wires} qubits; expected 1 to "
                         f"{2**wires}: take {max(1, (features.shape[1] - 1).bit_length())} qubits or fewer features")
    # Squares of float32 lose what lies below 1e-23 and above 1e18; over the largest value first, nothing is lost.
    largest = features.abs().amax(dim=1, keepdim=True)
    if not bool((largest > 0).all()):
        raise InputError(f"amplitude embedding: the features of item {int((largest[:, 0] == 0).nonzero()[0])} of the "
                         "batch are all zero and have no direction; leave the item out, or use an angle embedding")
    scaled = features / largest.detach()
    return scaled / scaled.square().sum(dim=1, keepdim=True).sqrt()


def angles(features: Tensor, wires: int) -> Tensor:
    """Real features [B, wires] in radians, checked, as [wires, B]."""
    _check(features)
    if features.shape[1] != wires:
        raise InputError(f"angle embedding: {features.shape[1]} features for {wires} qubits; expected one a qubit: "
                         "reduce the features, or use the amplitude embedding")
    return features.T


def _check(features: Tensor) -> None:
    if features.ndim != 2 or not features.is_floating_point():
        raise InputError(f"features to embed are {features.dtype} {list(features.shape)}; expected real [items, k]")
    if not bool(torch.isfinite(features).all()):
        broken = ~torch.isfinite(features).all(dim=1)
        raise InputError(f"the features of item {int(broken.nonzero()[0])} of the batch hold nan or infinity; "
                         "expected finite numbers: look at what the encoder or the channel gave")


def checked(circuit: Circuit, weights: Tensor, features: Tensor) -> Tensor:
    """What the circuit takes of the features: amplitudes [B, k] or angles [wires, B]."""
    if tuple(weights.shape) != circuit.weights_shape:
        raise InputError(f"the circuit's weights have the shape {list(weights.shape)}; expected "
                         f"{list(circuit.weights_shape)} for {circuit}")
    if weights.dtype != features.dtype:
        raise InputError(f"weights are {weights.dtype} and features {features.dtype}; expected both float32 or both "
                         "float64: convert one of them")
    take = amplitudes if circuit.embedding == "amplitude" else angles
    return take(features, circuit.wires)
