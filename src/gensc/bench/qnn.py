"""The quantum layer's statevector engine beside PennyLane's simulators, and how it grows with the qubits.

A pass is forward and backward, with the gradients of weights and features unless it says otherwise; float32. The time
is the median of the repeats after one pass that is not counted.
"""

from __future__ import annotations

import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from gensc.quantum.circuit.circuit import Circuit, Layers
from gensc.quantum.circuit.device import qnode
from gensc.quantum.circuit.statevector import expectations, need
from gensc.rng import Rng

PAPER = Circuit(wires=10, depth=10)
BATCHES = (32, 1024)
VALUES = 10
"""Features an item, the head's ten values; all amplitudes where a circuit has fewer."""
FULL_BATCH = 32
"""Above, a pass of lightning.qubit with the features' gradients takes a quarter of an hour."""
WIRES = tuple(range(4, 17, 2))
PEER_WIRES = 12
"""PennyLane's backprop keeps the state behind every gate: 0.7 GB at 12 qubits, over 10 GB at 16."""
MIB = 2**20
_Pass = Callable[[], Tensor]


@dataclass(frozen=True)
class Row:
    """``seconds`` of a forward and backward pass of ``engine`` (median of ``repeats``), over those of gensc in the
    same setting (``ratio``); ``gradient_difference``: the largest between the weights' gradients of the two, of the
    mean over the batch of the sum over the wires; ``threads`` of torch."""

    engine: str
    layers: str
    wires: int
    depth: int
    features: int
    batch: int
    threads: int
    repeats: int
    seconds: float
    ratio: float
    gradient_difference: float


@dataclass(frozen=True)
class Size:
    """``seconds`` of a pass, by how many bytes the process grew at its peak (``grown_bytes``, 0 below what it had
    taken before), and what gensc says beforehand that it may take (``stated_bytes``, 0 for others)."""

    engine: str
    layers: str
    wires: int
    depth: int
    features: int
    batch: int
    seconds: float
    grown_bytes: int
    stated_bytes: int


def rows(batches: Iterable[int] = BATCHES, repeats: int = 5, lightning: bool = True) -> Iterator[Row]:
    """The paper's circuit at each batch size: gensc, default.qubit with backprop, and lightning.qubit with adjoint
    differentiation, one pass each: with gradients of the weights alone, and up to ``FULL_BATCH`` items with those of
    the features, which a head trains through, and for which it prepares the state gate by gate. Then what gensc takes
    for all amplitudes and for strongly entangling layers."""
    for batch in batches:
        weights, features = _inputs(PAPER, VALUES, batch)
        ours, gradient = _timed(_gensc(PAPER, weights, features), 4 * repeats)
        yield _row("gensc", PAPER, features, 4 * repeats, ours, 1.0, 0.0)
        peers = [("default.qubit", "backprop", repeats, True)]
        if lightning:
            peers += [("lightning.qubit", "adjoint", 1, whole) for whole in (False, True)[: 1 + (batch <= FULL_BATCH)]]
        for device, way, times, whole in peers:
            seconds, theirs = _timed(_torch_layer(PAPER, device, way, weights, features, whole), times)
            name = f"{device} {way}" + ("" if whole else ", weights alone")
            yield _row(name, PAPER, features, times, seconds, seconds / ours, float((theirs - gradient).abs().max()))
        for circuit, count in ((PAPER, 2**PAPER.wires), (Circuit(10, 10, "strong"), VALUES),
                               (Circuit(10, 10, "strong"), 2**PAPER.wires)):
            weights, features = _inputs(circuit, count, batch)
            seconds, _ = _timed(_gensc(circuit, weights, features), repeats)
            yield _row("gensc", circuit, features, repeats, seconds, 1.0, 0.0)


def sizes(wires: Iterable[int] = WIRES, batch: int = 32, repeats: int = 3) -> Iterator[Size]:
    """Time and memory of ten layers on all amplitudes over the number of qubits, each in a process of its own."""
    settings: tuple[tuple[str, Layers], ...] = (("gensc", "basic_rx"), ("gensc", "strong"),
                                                ("default.qubit backprop", "basic_rx"))
    for count in wires:
        for engine, layers in settings:
            if engine == "gensc" or count <= PEER_WIRES:
                with multiprocessing.get_context("spawn").Pool(1) as pool:
                    yield pool.apply(_size, (engine, layers, count, batch, repeats, torch.get_num_threads()))


def panels(measured: Sequence[Size]) -> dict[str, dict[str, list[tuple[float, float]]]]:
    """Time and memory over the number of qubits, with what gensc states beforehand."""
    seconds: dict[str, list[tuple[float, float]]] = {}
    grown: dict[str, list[tuple[float, float]]] = {}
    for one in measured:
        name = f"{one.engine}, {one.layers}"
        seconds.setdefault(name, []).append((one.wires, one.seconds))
        grown.setdefault(name, []).append((one.wires, one.grown_bytes / MIB))
        if one.stated_bytes:
            grown.setdefault(f"stated, {one.layers}", []).append((one.wires, one.stated_bytes / MIB))
    return {"seconds, forward and backward": seconds, "MiB more at the peak": grown}


def _row(engine: str, circuit: Circuit, features: Tensor, repeats: int, seconds: float, ratio: float,
         difference: float) -> Row:
    batch, count = features.shape
    return Row(engine, circuit.layers, circuit.wires, circuit.depth, count, batch, torch.get_num_threads(), repeats,
               seconds, ratio, difference)


def _inputs(circuit: Circuit, count: int, batch: int) -> tuple[Tensor, Tensor]:
    rng = Rng.seeded(0, "bench", "qnn")
    weights = rng.child("weights").uniform(*circuit.weights_shape, high=2 * torch.pi)[0]
    return weights, rng.child("features").of(batch).normal(count)


def _gensc(circuit: Circuit, weights: Tensor, features: Tensor) -> _Pass:
    leaf, inputs = (one.clone().requires_grad_() for one in (weights, features))
    return partial(_once, lambda: expectations(circuit, leaf, inputs), leaf)


def _torch_layer(circuit: Circuit, device: str, way: str, weights: Tensor, features: Tensor,
                 whole: bool) -> _Pass:
    """The circuit as PennyLane's TorchLayer; ``whole``: the features have gradients too."""
    import pennylane as qml

    shape = {"weights": circuit.weights_shape}
    layer = qml.qnn.TorchLayer(qnode(circuit, device, None, way), shape)  # type: ignore[arg-type]
    with torch.no_grad():
        layer.weights.copy_(weights)
    inputs = features.clone().requires_grad_(whole)
    return partial(_once, lambda: layer(inputs), layer.weights)


def _once(run: _Pass, leaf: Tensor) -> Tensor:
    """A forward and backward pass; the weights' gradient."""
    leaf.grad = None
    run().sum(dim=1).mean().backward()
    assert leaf.grad is not None
    return leaf.grad


def _timed(once: _Pass, repeats: int) -> tuple[float, Tensor]:
    """Median seconds and the gradient. One pass that is timed is its own warm-up: it takes minutes."""
    taken = []
    for _ in range(repeats + (repeats > 1)):
        start = time.perf_counter()
        gradient = once()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken[repeats > 1 :]), gradient


def _size(engine: str, layers: Layers, wires: int, batch: int, repeats: int, threads: int) -> Size:
    torch.set_num_threads(threads)
    circuit, small = (Circuit(n, 10, layers) for n in (wires, 3))
    made = _gensc if engine == "gensc" else partial(_peer, engine)
    made(small, *_inputs(small, 2, 2))()
    inputs = _inputs(circuit, 2**wires, batch)
    once = made(circuit, *inputs)
    before = _peak()
    once()
    grown = _peak() - before
    seconds, _ = _timed(once, repeats)
    stated = need(circuit, 2**wires, batch, torch.float32) if engine == "gensc" else 0
    return Size(engine, layers, wires, 10, 2**wires, batch, seconds, grown, stated)


def _peer(engine: str, circuit: Circuit, weights: Tensor, features: Tensor) -> _Pass:
    device, way = engine.split()
    return _torch_layer(circuit, device, way, weights, features, whole=True)


def _peak() -> int:
    """The most memory that this process has had, in bytes. Linux counts a parent's with getrusage, not here."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(1024 * int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
