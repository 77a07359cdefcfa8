"""Circuits on PennyLane's devices: its simulators, and the QPUs that bring a plugin for it."""

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor

from gensc.errors import InputError
from gensc.quantum.circuit import embedding
from gensc.quantum.circuit.circuit import Circuit

Differentiation = Literal["best", "backprop", "adjoint", "parameter-shift"]
Run = Callable[[Tensor, Tensor], Tensor]
"""Weights of the circuit's shape and features [B, k] -> Pauli-Z of every wire, [B, wires]."""


def on_pennylane(circuit: Circuit, device: str = "default.qubit", shots: int | None = None,
                 differentiation: Differentiation = "best") -> Run:
    """The circuit on a PennyLane device by its name ("default.qubit", "lightning.qubit", a plugin's QPU), with finite
    shots where asked for, in place of ``gensc.quantum.circuit.statevector.expectations``.

    Shots are drawn by the device. Features get a gradient where ``differentiation`` has one for them.
    Raises InputError where PennyLane or the device is not installed, or can't differentiate so, and for what can't be
    embedded.
    """
    node = qnode(circuit, device, shots, differentiation)

    def run(weights: Tensor, features: Tensor) -> Tensor:
        embedding.checked(circuit, weights, features)
        z: list[Tensor] = node(features, weights)
        return torch.stack([one.expand(len(features)) for one in z], dim=1).to(features.dtype)

    return run


def qnode(circuit: Circuit, device: str, shots: int | None, differentiation: Differentiation) -> Any:
    """PennyLane's QNode of the arguments (inputs, weights), as its TorchLayer takes it."""
    if shots is not None and shots < 1:
        raise InputError(f"shots is {shots}; expected at least 1, or none for exact expectations")
    try:
        import pennylane as qml
    except ImportError as error:
        raise InputError("PennyLane is not installed: pip install 'gensc[quantum]'") from error
    try:
        made = qml.device(device, wires=circuit.wires)
        node = qml.QNode(_function(circuit), made, interface="torch", diff_method=differentiation)
    except (qml.exceptions.DeviceError, ImportError) as error:
        raise InputError(f"PennyLane has no device {device!r} here ({error}): expected one that is installed, e.g. "
                         "\"default.qubit\"; the devices of others come with their plugins") from error
    except qml.exceptions.QuantumFunctionError as error:
        raise InputError(f"the device {device!r} can't differentiate by {differentiation!r} ({error}): use "
                         "\"best\" or \"parameter-shift\"") from error
    return node if shots is None else qml.set_shots(node, shots)


def _function(circuit: Circuit) -> Callable[[Tensor, Tensor], list[Any]]:
    import pennylane as qml

    wires = range(circuit.wires)

    def embed(inputs: Tensor) -> None:
        if circuit.embedding == "amplitude":
            qml.AmplitudeEmbedding(inputs, wires=wires, pad_with=0.0, normalize=True)
        else:
            qml.AngleEmbedding(inputs, wires=wires, rotation=circuit.embedding[-1].upper())

    def entangle(weights: Tensor, first: int) -> None:
        if circuit.layers == "strong":
            gates = [circuit.ring(layer) for layer in range(first, first + len(weights))]
            reach = [ring[0][1] for ring in gates] if circuit.wires > 1 else None
            qml.StronglyEntanglingLayers(weights, wires=wires, ranges=reach)
        else:
            qml.BasicEntanglerLayers(weights, wires=wires, rotation=qml.RX if circuit.layers == "basic_rx" else qml.RY)

    def function(inputs: Tensor, weights: Tensor) -> list[Any]:
        if circuit.reupload:
            for layer in range(circuit.depth):
                embed(inputs)
                entangle(weights[layer : layer + 1], layer)
        else:
            embed(inputs)
            entangle(weights, 0)
        return [qml.expval(qml.PauliZ(wire)) for wire in wires]

    return function
