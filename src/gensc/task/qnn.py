"""The hybrid decoder head of GenSC-6G, and the same head with a part taken out or replaced.

Its code reduces the features to ten values, embeds them as amplitudes on ten qubits, runs ten basic entangling layers
of 100 angles, measures Pauli-Z of each qubit, and adds the ten values back behind a ReLU. Before it stand the batch
norms and the dropout of the other heads here.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from gensc.errors import InputError
from gensc.quantum.circuit.circuit import Circuit
from gensc.quantum.circuit.layer import QuantumLayer
from gensc.registry import register

VALUES, DEPTH, HIDDEN = 10, 10, 256
MOST_WIRES = 14
"""Of the circuit that takes the whole feature vector: a batch of 32 then trains in under 0.2 GB."""


class Hybrid(nn.Module):
    """Features [B, width] -> logits [B, classes]: ``reduce`` to values [B, v], ``layer`` on the values, or on the
    ``whole`` feature vector, to [B, v], ReLU, the values added where it has a ``skip``, one linear layer."""

    def __init__(self, width: int, classes: int, layer: nn.Module, values: int, skip: bool, whole: bool) -> None:
        super().__init__()
        self.reduce = nn.Sequential(nn.BatchNorm1d(width), nn.Linear(width, HIDDEN), nn.BatchNorm1d(HIDDEN), nn.ReLU(),
                                    nn.Dropout(0.5), nn.Linear(HIDDEN, values))
        self.layer, self.skip, self.whole = layer, skip, whole
        self.out = nn.Linear(values, classes)

    def forward(self, features: Tensor) -> Tensor:
        values = self.reduce(features)
        h = F.relu(self.layer(features if self.whole else values))
        return self.out(values + h if self.skip else h)


@register("head", "qnn")
def qnn(width: int, classes: int) -> nn.Module:
    """Ten values through 10 x 10 basic entangling layers of ten qubits, the values added behind: the paper's head."""
    return Hybrid(width, classes, _paper(), VALUES, skip=True, whole=False)


@register("head", "qnn-noskip")
def qnn_noskip(width: int, classes: int) -> nn.Module:
    """"qnn" without its skip connection: everything goes through the circuit."""
    return Hybrid(width, classes, _paper(), VALUES, skip=False, whole=False)


@register("head", "qnn-classical")
def qnn_classical(width: int, classes: int) -> nn.Module:
    """"qnn" with a 10 x 10 matrix, as many parameters, in place of the circuit."""
    return Hybrid(width, classes, nn.Linear(VALUES, VALUES, bias=False), VALUES, skip=True, whole=False)


@register("head", "qnn-classical-noskip")
def qnn_classical_noskip(width: int, classes: int) -> nn.Module:
    """"qnn-classical" without its skip connection."""
    return Hybrid(width, classes, nn.Linear(VALUES, VALUES, bias=False), VALUES, skip=False, whole=False)


@register("head", "qnn-features")
def qnn_features(width: int, classes: int) -> nn.Module:
    """"qnn" with the whole feature vector as the amplitudes of as many qubits as it takes."""
    wires = max(1, (width - 1).bit_length())
    if wires > MOST_WIRES:
        raise InputError(f"head qnn-features: {width} features take {wires} qubits, expected at most {MOST_WIRES}: "
                         "use the head \"qnn\", which reduces them to ten values")
    return Hybrid(width, classes, QuantumLayer(Circuit(wires, DEPTH)), wires, skip=True, whole=True)


def _paper() -> QuantumLayer:
    return QuantumLayer(Circuit(VALUES, DEPTH))
