"""A QPU node: what it gives for a circuit, with its noise, its shots and its latency."""

import time
from dataclasses import dataclass

import torch
from torch import Tensor

from gensc.errors import InputError
from gensc.quantum.circuit.circuit import Circuit
from gensc.quantum.circuit.shots import counts
from gensc.quantum.circuit.statevector import expectations, probabilities, signs
from gensc.rng import Rng


@dataclass(frozen=True)
class Node:
    """One QPU, simulated.

    ``shots``: measurements of each item in each run; None for exact expectations.
    ``depolarizing``: after each layer the register of n wires is kept with probability 1 - p and meets each of its
    4^n - 1 other Pauli strings with p / (4^n - 1). That channel commutes with every unitary, so that depth layers
    damp each expectation by exactly (1 - p 4^n / (4^n - 1))^depth. Noise on each gate or wire by itself damps each
    Pauli string by its own factor, and is not modelled.
    ``readout``: each measured bit is flipped with this probability q: each expectation becomes 1 - 2q times itself.
    ``latency_s``: what each run of the circuit takes beyond its simulation, seconds; a run is one setting of the
    weights on all items of a share. ``jitter_s``: the mean of a further wait of each run, exponentially distributed, as
    for a queue.
    ``stops_after``: it answers so many jobs and then none, for tests and studies; None: it answers all.
    """

    shots: int | None = None
    depolarizing: float = 0.0
    readout: float = 0.0
    latency_s: float = 0.0
    jitter_s: float = 0.0
    stops_after: int | None = None

    def __post_init__(self) -> None:
        if self.shots is not None and self.shots < 1:
            raise InputError(f"node: shots is {self.shots}; expected at least 1, or none for exact expectations")
        for name in ("depolarizing", "readout"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"node: {name} is {getattr(self, name)}; expected a probability from 0 to 1, "
                                 "e.g. 0.01")
        for name in ("latency_s", "jitter_s"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise InputError(f"node: {name} is {getattr(self, name)}; expected seconds, 0 or more")
        if self.stops_after is not None and self.stops_after < 0:
            raise InputError(f"node: stops_after is {self.stops_after}; expected 0 or more jobs, or none")

    def run(self, circuit: Circuit, weights: Tensor, features: Tensor, rng: Rng) -> Tensor:
        """Pauli-Z of every wire as the node reads it, real [B, wires]; without shots, with gradients. ``rng`` has a
        stream for each item."""
        time.sleep(self.latency_s + self._queued(rng))
        kept = kept_by_layers(self.depolarizing, circuit)
        if self.shots is None:
            return kept * (1 - 2 * self.readout) * expectations(circuit, weights, features)
        odds = probabilities(circuit, weights.detach(), features.detach())
        odds = flipped(kept * odds + (1 - kept) / odds.shape[1], self.readout)
        seen = counts(odds, self.shots, rng).to(weights.dtype)
        return seen @ signs(circuit.wires, weights.dtype, weights.device).T / self.shots

    def _queued(self, rng: Rng) -> float:
        """Seconds, drawn from the stream of the first item."""
        return next(rng.child("queue").generators()).exponential(self.jitter_s) if self.jitter_s else 0.0


def kept_by_layers(p: float, circuit: Circuit) -> float:
    """The factor on every expectation that a depolarizing channel of the whole register after each layer leaves."""
    strings = 4**circuit.wires
    return (1 - p * strings / (strings - 1)) ** circuit.depth


def flipped(odds: Tensor, q: float) -> Tensor:
    """The odds [B, 2^n] of what is read, where each measured bit is flipped with probability ``q`` by itself."""
    moves = torch.tensor([[1 - q, q], [q, 1 - q]], dtype=odds.dtype, device=odds.device)
    shape = odds.shape
    for wire in range(shape[1].bit_length() - 1):
        odds = torch.einsum("oi,lir->lor", moves, odds.reshape(-1, 2, shape[1] >> wire + 1)).reshape(shape)
    return odds
