"""Circuits on batches of features, exact: states, probabilities and expectations, with gradients.

What runs is ``gensc.quantum.circuit.program``; complex64 for float32 weights and features, complex128 for
float64, on the device of the weights.
"""

from functools import cache

import torch
from torch import Tensor

from gensc.errors import InputError
from gensc.machine import memory
from gensc.quantum.circuit import embedding, kron
from gensc.quantum.circuit.circuit import Circuit
from gensc.quantum.circuit.evolve import evolve
from gensc.quantum.circuit.program import angles, program

FEW = 16
"""Up to so many amplitudes, the circuit runs on their basis states once, however large the batch."""
STATES, BUFFERS = 12, 256 << 20
"""How many states an item takes at the peak of a backward pass, temporaries included, and how many bytes the linear
algebra libraries keep for themselves, both measured."""


def need(circuit: Circuit, features: int, items: int, dtype: torch.dtype) -> int:
    """Bytes that expectations and their gradients take at most, for items with so many features each."""
    real = dtype.itemsize
    few = _few(circuit, features)
    states_ = 2 * STATES * real * (features if few else items)
    forms = 3 * features**2 * real if few else 0
    tables = (circuit.depth + 1) * (16 + 6 * real) + circuit.wires * real
    return BUFFERS + 2**circuit.wires * (states_ + forms + tables)


def expectations(circuit: Circuit, weights: Tensor, features: Tensor) -> Tensor:
    """Pauli-Z of every wire, real [B, wires], for ``weights`` of the circuit's shape and ``features`` [B, k].

    With up to ``FEW`` amplitudes x of norm 1 the circuit V is run on their basis states alone: the expectations are
    the quadratic forms x^T V^+ Z V x, and the time does not grow with the batch.
    Raises InputError for what can't be embedded, and before anything is made for what memory can't hold.
    """
    _refuse_beyond_memory(circuit, features, weights)
    taken = embedding.checked(circuit, weights, features)
    z = signs(circuit.wires, weights.dtype, weights.device)
    if _few(circuit, features.shape[1]):
        return _forms(circuit, weights, taken, z)
    last = _run(circuit, weights, taken)
    return (z @ torch.view_as_real(last).square().sum(dim=-1)).T


def states(circuit: Circuit, weights: Tensor, features: Tensor) -> Tensor:
    """The states behind the circuit, complex [B, 2^wires]."""
    _refuse_beyond_memory(circuit, features, weights)
    return _run(circuit, weights, embedding.checked(circuit, weights, features)).T


def probabilities(circuit: Circuit, weights: Tensor, features: Tensor) -> Tensor:
    """The probability of each outcome when all wires are measured, real [B, 2^wires]."""
    return torch.view_as_real(states(circuit, weights, features)).square().sum(dim=-1)


@cache
def signs(wires: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """The eigenvalue of each wire's Pauli-Z at each outcome, [wires, 2^wires]."""
    outcome = torch.arange(2**wires, device=device)
    shift = torch.arange(wires - 1, -1, -1, device=device)[:, None]
    return (1 - 2 * (outcome >> shift & 1)).to(dtype)


def _few(circuit: Circuit, features: int) -> bool:
    return circuit.embedding == "amplitude" and features <= FEW


def _forms(circuit: Circuit, weights: Tensor, x: Tensor, z: Tensor) -> Tensor:
    k = x.shape[1]
    columns = _run(circuit, weights, torch.eye(k, dtype=x.dtype, device=x.device))
    re, im = columns.real, columns.imag
    outer = re[:, :, None] * re[:, None] + im[:, :, None] * im[:, None]
    forms = z @ outer.view(len(outer), k * k)
    return (x[:, :, None] * x[:, None]).flatten(1) @ forms.T


def _run(circuit: Circuit, weights: Tensor, taken: Tensor) -> Tensor:
    """States [2^wires, B] from what the embedding gave."""
    wires, dtype, device = circuit.wires, weights.dtype, weights.device
    steps = program(circuit, device)
    theta = angles(circuit, weights)
    strings = theta.new_zeros(2**wires * steps.columns)
    strings = strings.index_add(0, steps.mask * steps.columns + steps.column, theta[steps.angle])
    phases = kron.walsh(strings.view(2**wires, steps.columns), wires) / 2
    kind = dtype.to_complex()
    if circuit.embedding == "amplitude":
        first = torch.nn.functional.pad(taken.T, (0, 0, 0, 2**wires - taken.shape[1])).to(kind)
        features = taken.new_zeros(wires, 0)
    else:
        first = torch.zeros(2**wires, taken.shape[1], dtype=kind, device=device)
        first[0] = 1
        features = taken
    return evolve(steps, wires, first.contiguous(), _mixes(circuit, weights), phases, features)


def _mixes(circuit: Circuit, weights: Tensor) -> Tensor:
    """H and the RY of each layer as rows of ``kron.blocks``."""
    h = kron.hadamard(circuit.wires, weights.dtype, weights.device)[None]
    if circuit.layers == "basic_rx":
        return h
    theta = weights if circuit.layers == "basic_ry" else weights[..., 1]
    return torch.cat([h, kron.blocks(kron.rotations_y(theta))])


def _refuse_beyond_memory(circuit: Circuit, features: Tensor, weights: Tensor) -> None:
    count = features.shape[-1] if features.ndim == 2 else 1
    bytes_ = need(circuit, count, len(features), weights.dtype)
    what, instead = f"{circuit.wires} qubits for {len(features)} items", "take fewer qubits or a smaller batch"
    if weights.device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(weights.device)
        if bytes_ > free:
            raise InputError(f"{what} would take {bytes_ / 1e9:.1f} GB of the GPU's memory and {free / 1e9:.1f} GB "
                             f"are free: {instead}")
    else:
        memory.refuse_beyond(bytes_, what, instead)
