"""What one logical qubit meets between the two ends: noise, teleportation, a code around it; and what that costs."""

from dataclasses import dataclass

from torch import Tensor

from gensc.errors import InputError
from gensc.quantum.qubit.correction import Code, logical_transfer
from gensc.quantum.qubit.noise import Noise, pauli_kraus
from gensc.quantum.qubit.teleport import bell_diagonal, distilled, shared


@dataclass(frozen=True)
class Path:
    """A qubit in ``code``, each of whose physical qubits is sent through ``noise``, or ``teleported``: then the half of
    a pair is sent through it in its place, and ``rounds`` of distillation (DEJMPS) mend the pairs first.

    Encoding, syndromes, gates and classical messages have no error. A teleported qubit meets a Pauli channel even where
    the noise is not one (amplitude damping).
    """

    noise: Noise
    code: Code
    teleported: bool = False
    rounds: int = 0

    def __post_init__(self) -> None:
        if self.rounds < 0 or (self.rounds and not self.teleported):
            raise InputError(f"rounds of distillation are {self.rounds}: expected 0 or more, and 0 where qubits are "
                             "sent themselves (teleported = true sends pairs)")

    def transfer(self) -> Tensor:
        """The Pauli transfer matrix of the logical qubit, float64 [4,4], exactly."""
        matrix = logical_transfer(self.code, self._physical())
        # What the readout builds on; true of each noise here by its symmetry about the Z axis.
        if matrix[[0, 0, 0, 1, 1, 2, 2, 3, 3], [1, 2, 3, 0, 3, 0, 3, 1, 2]].abs().max() > 1e-9:
            raise InputError(f"{self.noise.name} in the code {self.code.name} mixes Z with X or Y: no readout for it")
        return matrix

    @property
    def sent(self) -> float:
        """Physical qubits sent for a logical one; with distillation the mean over its successes and failures."""
        rounds = distilled(self._pair(), self.rounds) if self.teleported else []
        return self.code.n * (rounds[-1].pairs if rounds else 1.0)

    @property
    def told(self) -> float:
        """Classical bits for a logical qubit: two for each qubit teleported, and two (one each way) for each two pairs
        that a round of distillation takes, on average."""
        if not self.teleported:
            return 0.0
        bits = 0.0
        for one in distilled(self._pair(), self.rounds):
            bits = (2 * bits + 2) / one.success
        return self.code.n * (2 + bits)

    def _pair(self) -> Tensor:
        return bell_diagonal(shared(self.noise.kraus))

    def _physical(self) -> Tensor:
        """Kraus operators [K,2,2] of what one physical qubit meets."""
        if not self.teleported:
            return self.noise.kraus
        pair = self._pair()
        for one in distilled(pair, self.rounds):
            pair = one.pair
        return pauli_kraus((pair / pair.sum()).tolist())


def flips(transfer: Tensor) -> Tensor:
    """The probabilities float64 [2,2] (received, sent) of a basis state that is sent and read, of a transfer matrix."""
    sign = transfer.new_tensor([1.0, -1.0])
    return (1 + sign[:, None] * (transfer[3, 0] + sign[None, :] * transfer[3, 3])) / 2
