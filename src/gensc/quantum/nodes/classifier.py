"""What the nodes learn, a variational classifier, and the jobs that they do for it.

The features are fixed: a QPU gives them no gradient. All numbers are float64, so that sums over shares are the same
for every number of nodes up to rounding.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from gensc.errors import InputError
from gensc.quantum.circuit.circuit import Circuit
from gensc.quantum.circuit.shots import shifted
from gensc.quantum.circuit.statevector import expectations
from gensc.quantum.nodes.node import Node
from gensc.rng import Rng


@dataclass(frozen=True)
class Classifier:
    """Features [B, k] -> circuit -> Pauli-Z of every wire -> one linear layer -> logits [B, classes]; cross-entropy.

    Its parameters are one float64 vector [size]: the circuit's weights, the layer's matrix [classes, wires], its bias.
    """

    circuit: Circuit
    classes: int

    def __post_init__(self) -> None:
        if self.classes < 2:
            raise InputError(f"classifier: classes is {self.classes}; expected at least 2")

    @property
    def size(self) -> int:
        """The number of parameters."""
        return self.circuit.parameters + self.classes * (self.circuit.wires + 1)

    def first(self, rng: Rng) -> np.ndarray:
        """Parameters [size] to start from: angles uniform in [0, 2 pi), a normal matrix over sqrt(wires), no bias."""
        angles = rng.child("angles").uniform(self.circuit.parameters, high=2 * math.pi)[0]
        matrix = rng.child("matrix").normal(self.classes * self.circuit.wires)[0] / self.circuit.wires**0.5
        return torch.cat([angles, matrix, torch.zeros(self.classes)]).double().numpy()

    def split(self, parameters: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The circuit's weights, the matrix and the bias."""
        angles, wires = self.circuit.parameters, self.circuit.wires
        weights, matrix, bias = parameters.split([angles, self.classes * wires, self.classes])
        return weights.view(self.circuit.weights_shape), matrix.view(self.classes, wires), bias

    def weights(self, parameters: np.ndarray) -> Tensor:
        """The circuit's weights in a vector of parameters."""
        return self.split(torch.from_numpy(parameters))[0]

    def score(self, parameters: np.ndarray, features: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
        """Mean loss and accuracy on exact expectations without noise."""
        with torch.no_grad():
            weights, matrix, bias = self.split(torch.from_numpy(parameters))
            logits = F.linear(expectations(self.circuit, weights, torch.from_numpy(features)), matrix, bias)
        goal = torch.from_numpy(labels)
        return float(F.cross_entropy(logits, goal)), float((logits.argmax(dim=1) == goal).double().mean())

    def behind(self, parameters: np.ndarray, z: np.ndarray, labels: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """From expectations [B, wires]: the sum of the losses, its gradient with respect to them, and that of the
        linear layer's parameters, flat."""
        leaf = torch.from_numpy(z).requires_grad_()
        _, matrix, bias = self.split(torch.from_numpy(parameters).requires_grad_())
        loss = F.cross_entropy(F.linear(leaf, matrix, bias), torch.from_numpy(labels), reduction="sum")
        of_z, of_matrix, of_bias = torch.autograd.grad(loss, (leaf, matrix, bias))
        return float(loss.detach()), of_z.numpy(), torch.cat([of_matrix.flatten(), of_bias]).numpy()


@dataclass(frozen=True, eq=False)
class Share:
    """Some items of a batch: features float64 [B, k], labels int64 [B], and ``rng`` with a stream for each item, so
    that an item's shots are the same whichever node takes it."""

    features: np.ndarray
    labels: np.ndarray
    rng: Rng


@dataclass(frozen=True, eq=False)
class Forward:
    """Job: expectations [B, wires] of a share."""

    model: Classifier
    parameters: np.ndarray
    share: Share

    def __call__(self, node: Node) -> np.ndarray:
        with torch.no_grad():
            z = node.run(self.model.circuit, self.model.weights(self.parameters), torch.from_numpy(self.share.features),
                         self.share.rng.child("forward"))
        return z.numpy()


@dataclass(frozen=True, eq=False)
class Shifts:
    """Job: dL/dw of the circuit's weights at ``places`` [first, last) by the parameter-shift rule, float64 [last -
    first], for the loss's gradient ``of_z`` [B, wires] with respect to the expectations; two runs a place."""

    model: Classifier
    parameters: np.ndarray
    share: Share
    of_z: np.ndarray
    places: tuple[int, int]

    def __call__(self, node: Node) -> np.ndarray:
        circuit, features = self.model.circuit, torch.from_numpy(self.share.features)
        of_z, (first, last) = torch.from_numpy(self.of_z), self.places
        found = []
        for place, more, less in shifted(self.model.weights(self.parameters)):
            if first <= place < last:
                up, down = (node.run(circuit, weights, features, self.share.rng.child("shift", place, end))
                            for end, weights in (("more", more), ("less", less)))
                found.append(float((of_z * (up - down)).sum() / 2))
        return np.array(found)


@dataclass(frozen=True, eq=False)
class Gradient:
    """Job: the sum of the losses of a share and its gradient, float64 [size]: by backpropagation through the simulator
    where the node has no shots, else by the parameter-shift rule for all weights."""

    model: Classifier
    parameters: np.ndarray
    share: Share

    def __call__(self, node: Node) -> tuple[float, np.ndarray]:
        if node.shots is None:
            return self._exact(node)
        z = Forward(self.model, self.parameters, self.share)(node)
        loss, of_z, of_layer = self.model.behind(self.parameters, z, self.share.labels)
        places = 0, self.model.circuit.parameters
        return loss, np.concatenate([Shifts(self.model, self.parameters, self.share, of_z, places)(node), of_layer])

    def _exact(self, node: Node) -> tuple[float, np.ndarray]:
        leaf = torch.from_numpy(self.parameters).clone().requires_grad_()
        weights, matrix, bias = self.model.split(leaf)
        z = node.run(self.model.circuit, weights, torch.from_numpy(self.share.features), self.share.rng)
        loss = F.cross_entropy(F.linear(z, matrix, bias), torch.from_numpy(self.share.labels), reduction="sum")
        gradient, = torch.autograd.grad(loss, leaf)
        return float(loss.detach()), gradient.numpy()
