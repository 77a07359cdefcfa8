"""The hybrid encoder of GenSC-6G: a backbone's features go over a skip path, with a quantum layer beside it."""

import math
from typing import Literal

from torch import nn

from gensc.batch import Batch
from gensc.codec.backbone import Backbone
from gensc.codec.base import Codec, Front
from gensc.errors import InputError
from gensc.quantum.circuit.circuit import Circuit
from gensc.quantum.circuit.layer import QuantumLayer
from gensc.registry import register
from gensc.signal import MAIN, Parts, State


@register("codec", "hybrid")
class Hybrid(Codec):
    """Features of a frozen backbone [B, F], and on top of them what a circuit makes of them: features +
    back(layer(reduce(features))), ``reduce`` linear from F to ``qubits`` values that are embedded as amplitudes,
    ``layer`` as many basic entangling layers (Pauli-Z of each qubit), ``back`` linear to F.

    The receiver gets features as codec backbone sends them, as many and over the same transports; the two linear
    layers and the circuit learn, the backbone does not, and its features are stored.
    (Arfeto et al., GenSC-6G, "Quantum parallel processing": features of a skip connection are encoded into a basic
    entangling layer by amplitudes. The paper gives no sizes: ten by ten is its decoder head's circuit, and the way
    back to F values is ours.)
    ``model``, ``output``, ``size``: as for codec backbone.
    """

    def __init__(self, model: str = "efficientnet_lite0", output: Literal["pooled", "logits"] = "pooled",
                 qubits: int = 10, size: int = 224) -> None:
        super().__init__()
        if not 1 <= qubits <= 16:
            raise InputError(f"hybrid: qubits is {qubits}; expected 1 to 16")
        self.backbone = Backbone(model, output, size=size)
        self.form, self.size = self.backbone.form, size
        width = math.prod(self.backbone.front_shape)
        self.reduce = nn.Linear(width, qubits)
        self.layer = QuantumLayer(Circuit(qubits, qubits))
        self.back = nn.Linear(qubits, width)

    @property
    def front(self) -> Front | None:
        return self.backbone.front

    def encode(self, batch: Batch, state: State) -> Parts:
        """Features [B,F] of the backbone's."""
        features = batch.pixels
        return {MAIN: features + self.back(self.layer(self.reduce(features)))}
