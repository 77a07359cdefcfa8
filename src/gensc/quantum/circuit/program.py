"""A circuit as few large steps: real matrices on all wires, and permutations with rotations about Z strings.

Three identities shorten it. RX = H RZ H and Rot = RZ RY RZ leave RY and H, which are real, and RZ, which is
diagonal. A ring of CNOTs permutes the amplitudes, and H on all wires reverses each of its CNOTs. A rotation about a
string of Zs that is carried through CNOTs is one about another string, so that permutations and diagonals between
two real matrices are one permutation and one diagonal. All RX of a circuit with "basic_rx" layers commute when
carried to its front: whatever its depth, it is H on all wires, one diagonal, H on all wires and one permutation.
"""

import math
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import torch
from torch import Tensor

from gensc.quantum.circuit.circuit import Circuit, Gates

HADAMARD = 0
"""The index of the step matrix H; layer l of RY has index l + 1."""


@dataclass(frozen=True)
class Mix:
    """Real 2 x 2 matrices on all wires: H, or the RY of a layer."""

    index: int


@dataclass(frozen=True)
class Turn:
    """new[y] = old[order[y]] (``undo``: its inverse), then a factor e^(-i phase): ``column`` of the phases that follow
    from the weights, and rotations by the features about the Z strings ``masks`` int64 [u, wires], a row for each of
    u embeddings."""

    order: Tensor
    undo: Tensor
    column: int
    masks: Tensor


@dataclass(frozen=True)
class Program:
    """The steps, and for each term of the weights' phases its Z string (``mask``), its column and its angle's place
    in the flat weights followed by (pi/2, -pi/2)."""

    steps: tuple[Mix | Turn, ...]
    mask: Tensor
    column: Tensor
    angle: Tensor
    columns: int


@dataclass
class _Writer:
    wires: int
    steps: list[Mix | Turn] = field(default_factory=list)
    terms: list[tuple[int, int, int]] = field(default_factory=list)
    frame: str = "z"

    def __post_init__(self) -> None:
        self.columns = 0
        self._clear()

    def _clear(self) -> None:
        self.order = np.arange(2**self.wires)
        self.angles: list[tuple[int, int]] = []
        self.uploads: list[np.ndarray] = []

    def _flush(self) -> None:
        if self.angles or self.uploads or (self.order != np.arange(len(self.order))).any():
            masks = np.array(self.uploads, dtype=np.int64).reshape(-1, self.wires)
            order, undo, strings = map(torch.from_numpy, (self.order, np.argsort(self.order), masks))
            self.steps.append(Turn(order, undo, self.columns, strings))
            self.terms += [(mask, self.columns, angle) for mask, angle in self.angles]
            self.columns += 1
        self._clear()

    def mix(self, index: int) -> None:
        self._flush()
        self.steps.append(Mix(index))

    def enter(self, frame: str) -> None:
        """Go over to the basis in which RZ ("z") or RX ("x") is diagonal."""
        if frame != self.frame:
            self.mix(HADAMARD)
            self.frame = frame

    def _strings(self) -> list[int]:
        return [1 << (self.wires - 1 - wire) for wire in range(self.wires)]

    def rotate(self, frame: str, angles: list[int]) -> None:
        """RZ or RX by an angle a wire."""
        self.enter(frame)
        self.angles += list(zip(self._strings(), angles, strict=True))

    def upload(self) -> None:
        """RX by a feature a wire."""
        self.enter("x")
        self.uploads.append(np.array(self._strings()))

    def ring(self, gates: Gates) -> None:
        order = gathered(gates if self.frame == "z" else tuple((t, c) for c, t in gates), self.wires)
        self.order = self.order[order]
        unit = order[1 << np.arange(self.wires)]
        self.angles = [(int(_carried(np.array(mask), unit)), angle) for mask, angle in self.angles]
        self.uploads = [_carried(masks, unit) for masks in self.uploads]

    def done(self) -> Program:
        self.enter("z")
        self._flush()
        mask, column, angle = torch.tensor(self.terms, dtype=torch.int64).reshape(-1, 3).unbind(1)
        return Program(tuple(self.steps), mask, column, angle, self.columns)


def gathered(gates: Gates, wires: int) -> np.ndarray:
    """int64 [2^wires]: where each amplitude comes from when the CNOTs act in order."""
    index = np.arange(2**wires)
    for control, target in reversed(gates):
        index = index ^ ((index >> (wires - 1 - control) & 1) << (wires - 1 - target))
    return index


def _carried(mask: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """The Z string whose sign at y is that of ``mask`` at the linear map of y, given of each unit vector."""
    odd = np.bitwise_count(mask[..., None] & unit) & 1
    return (odd.astype(np.int64) << np.arange(len(unit))).sum(axis=-1)


@cache
def program(circuit: Circuit, device: torch.device) -> Program:
    """The steps of a circuit, behind an amplitude embedding or from all zeros, with their tables on ``device``."""
    writer = _Writer(circuit.wires)
    for layer in range(circuit.depth):
        if circuit.embedding != "amplitude" and (layer == 0 or circuit.reupload):
            _embed(writer, circuit)
        _layer(writer, circuit, layer)
    made = writer.done()
    steps = tuple(step if isinstance(step, Mix) else
                  Turn(step.order.to(device), step.undo.to(device), step.column, step.masks.to(device))
                  for step in made.steps)
    return Program(steps, made.mask.to(device), made.column.to(device), made.angle.to(device), made.columns)


def _embed(writer: _Writer, circuit: Circuit) -> None:
    """RX by the features, or RY = RZ(pi/2) RX RZ(-pi/2)."""
    quarter = [circuit.parameters] * circuit.wires
    if circuit.embedding == "angle_ry":
        writer.rotate("z", [place + 1 for place in quarter])
    writer.upload()
    if circuit.embedding == "angle_ry":
        writer.rotate("z", quarter)


def _layer(writer: _Writer, circuit: Circuit, layer: int) -> None:
    first = layer * circuit.wires
    wires = range(first, first + circuit.wires)
    if circuit.layers == "basic_rx":
        writer.rotate("x", list(wires))
    elif circuit.layers == "basic_ry":
        writer.enter("z")
        writer.mix(layer + 1)
    else:
        writer.rotate("z", [3 * wire for wire in wires])
        writer.mix(layer + 1)
        writer.rotate("z", [3 * wire + 2 for wire in wires])
    writer.ring(circuit.ring(layer))


def angles(circuit: Circuit, weights: Tensor) -> Tensor:
    """The flat weights and the two constants that terms of a program point to."""
    quarter = weights.new_tensor([math.pi / 2, -math.pi / 2])
    return torch.cat([weights.flatten(), quarter])
