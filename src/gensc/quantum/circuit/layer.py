"""A circuit as a layer of a network."""

from functools import partial

import torch
from torch import Tensor, nn

from gensc.quantum.circuit.circuit import Circuit
from gensc.quantum.circuit.device import Run
from gensc.quantum.circuit.statevector import expectations


class QuantumLayer(nn.Module):
    """Features [B, k] -> Pauli-Z of every wire [B, wires]; the weights start uniform in [0, 2 pi).

    ``run``: what runs the circuit, e.g. ``gensc.quantum.circuit.device.on_pennylane(circuit, ...)``; None for the
    statevector engine.
    """

    def __init__(self, circuit: Circuit, run: Run | None = None) -> None:
        super().__init__()
        self.circuit = circuit
        self.weights = nn.Parameter(2 * torch.pi * torch.rand(circuit.weights_shape))
        self._run = run or partial(expectations, circuit)

    def forward(self, features: Tensor) -> Tensor:
        return self._run(self.weights, features)
