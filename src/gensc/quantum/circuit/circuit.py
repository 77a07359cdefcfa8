"""What a variational circuit is, apart from where it runs."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from gensc.errors import InputError

Embedding = Literal["amplitude", "angle_rx", "angle_ry"]
Layers = Literal["basic_rx", "basic_ry", "strong"]
Gates = tuple[tuple[int, int], ...]
"""CNOTs in the order in which they act, as (control, target)."""


@dataclass(frozen=True)
class Circuit:
    """Features on ``wires`` qubits, ``depth`` entangling layers, Pauli-Z of every wire.

    ``embedding``: "amplitude" (up to 2^wires features, padded with zeros and normalised, are the amplitudes),
    "angle_rx" or "angle_ry" (one feature a wire, in radians). ``reupload``: the angles are embedded again before
    every layer (Pérez-Salinas et al., Quantum 4, 226, 2020).
    ``layers``: "basic_rx" or "basic_ry", one rotation a wire and a ring of CNOTs to the next wire, as PennyLane's
    BasicEntanglerLayers; "strong", Rot(phi, theta, omega) = RZ(omega) RY(theta) RZ(phi) a wire and CNOTs to the
    wire l mod (wires - 1) + 1 further on in layer l, as its StronglyEntanglingLayers (Schuld et al., PRA 101, 032308).
    Wire 0 is the most significant bit of an amplitude's index.
    """

    wires: int
    depth: int
    layers: Layers = "basic_rx"
    embedding: Embedding = "amplitude"
    reupload: bool = False

    def __post_init__(self) -> None:
        for name in ("wires", "depth"):
            if getattr(self, name) < 1:
                raise InputError(f"circuit: {name} is {getattr(self, name)}; expected at least 1")
        for name, known in (("layers", Layers), ("embedding", Embedding)):
            if getattr(self, name) not in get_args(known):
                raise InputError(f"circuit: {name} is {getattr(self, name)!r}; expected one of "
                                 f"{', '.join(get_args(known))}")
        if self.reupload and self.embedding == "amplitude":
            raise InputError("circuit: reupload needs an angle embedding; a state of amplitudes is prepared once: "
                             "set embedding to \"angle_rx\" or \"angle_ry\"")

    @property
    def weights_shape(self) -> tuple[int, ...]:
        """[depth, wires], or [depth, wires, 3] for strong layers: angles in radians."""
        return (self.depth, self.wires, 3) if self.layers == "strong" else (self.depth, self.wires)

    @property
    def parameters(self) -> int:
        """How many angles are learned."""
        return math.prod(self.weights_shape)

    def ring(self, layer: int) -> Gates:
        """The CNOTs of a layer."""
        if self.wires == 1:
            return ()
        reach = layer % (self.wires - 1) + 1 if self.layers == "strong" else 1
        if self.wires == 2 and self.layers != "strong":
            return ((0, 1),)
        return tuple((wire, (wire + reach) % self.wires) for wire in range(self.wires))
