"""Quantum kernels, exact: the fidelity of embedded states, and a Gaussian of their one-qubit density matrices."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from gensc.errors import InputError
from gensc.machine import memory
from gensc.quantum.circuit.embedding import amplitudes, angles

Kind = Literal["fidelity", "projected", "rbf"]
FeatureMap = Literal["angle", "zz", "amplitude"]
_COMPLEX = 16
"""Bytes of a complex128."""
_COPIES = 4
"""States that stand in memory at the peak, for each that is kept."""


@dataclass(frozen=True)
class Kernel:
    """k(x, y) of real features [A,k] and [B,k], float64 [A,B], with k(x, x) = 1.

    ``kind`` "fidelity": |<phi(x)|phi(y)>|^2 (Havlíček et al., Nature 567, 209, 2019); "projected": exp(-gamma sum_q
    |rho_q(x) - rho_q(y)|_F^2) over the density matrices of the single qubits (Huang et al., Nature Communications
    12, 2631, 2021, eq. 9); "rbf": the classical exp(-gamma |x - y|^2), no qubit at all.
    ``features``: how |phi(x)> is made (``states``). ``scale`` multiplies the features before anything else: the
    bandwidth of a quantum kernel (Shaydulin and Wild, PRA 106, 042407, 2022); an amplitude embedding does not see it.
    All is computed from exact states: no shots, no noise.
    """

    kind: Kind
    features: FeatureMap = "angle"
    scale: float = 1.0
    gamma: float = 1.0

    def __post_init__(self) -> None:
        for name, known in (("kind", Kind), ("features", FeatureMap)):
            if getattr(self, name) not in get_args(known):
                raise InputError(f"kernel: {name} is {getattr(self, name)!r}; expected one of "
                                 f"{', '.join(get_args(known))}")
        if not (0 < self.scale < math.inf and 0 < self.gamma < math.inf):
            raise InputError(f"kernel: scale is {self.scale} and gamma {self.gamma}; expected numbers above 0")

    def __call__(self, left: Tensor, right: Tensor) -> Tensor:
        if left.ndim != 2 or right.ndim != 2 or left.shape[1] != right.shape[1]:
            raise InputError(f"kernel: features have the shapes {list(left.shape)} and {list(right.shape)}; expected "
                             "[items, k] of the same k")
        a, b = (self.scale * checked(one) for one in (left, right))
        if self.kind == "rbf":
            return gaussian(a, b, self.gamma)
        a, b = states(a, self.features), states(b, self.features)
        if self.kind == "fidelity":
            return fidelity(a, b)
        # |rho - sigma|_F^2 of two qubits is half the squared distance of their Bloch vectors.
        return gaussian(bloch(a).flatten(1), bloch(b).flatten(1), self.gamma / 2)


def checked(features: Tensor) -> Tensor:
    """Features as float64. Raises InputError for nan and infinity."""
    if not bool(torch.isfinite(features).all()):
        raise InputError("kernel: features hold nan or infinity; expected finite numbers: look at what the encoder "
                         "gave")
    return features.double()


def states(features: Tensor, made: FeatureMap) -> Tensor:
    """Real features [B,k] as states complex128 [B,2^n], wire 0 the most significant.

    "angle": RY(x_i) on qubit i, n = k, a product state. "zz": two rounds of Hadamards and exp(i sum_i x_i Z_i +
    i sum_{i<j} (pi - x_i)(pi - x_j) Z_i Z_j), n = k (Havlíček et al., 2019, with all pairs). "amplitude": x / |x|,
    padded with zeros, n = ceil(log2 k).
    Raises InputError for what can't be embedded, and before anything is made for what memory can't hold.
    """
    items, width = features.shape
    wires = max(1, (width - 1).bit_length()) if made == "amplitude" else width
    memory.refuse_beyond(_COPIES * _COMPLEX * items * 2**wires, f"{items} states of {wires} qubits",
                         "take fewer features, or fewer items")
    x = features.double()
    if made == "amplitude":
        return torch.nn.functional.pad(amplitudes(x, wires), (0, 2**wires - width)).to(torch.complex128)
    if made == "angle":
        return _angle(angles(x, wires).T)
    return _zz(angles(x, wires).T)


def _angle(x: Tensor) -> Tensor:
    psi = x.new_ones(len(x), 1)
    for angle in x.T:
        qubit = torch.stack([torch.cos(angle / 2), torch.sin(angle / 2)], dim=1)
        psi = (psi[:, :, None] * qubit[:, None]).flatten(1)
    return psi.to(torch.complex128)


def _zz(x: Tensor) -> Tensor:
    wires = x.shape[1]
    bits = torch.arange(2**wires)[None] >> torch.arange(wires - 1, -1, -1)[:, None] & 1
    z = (1 - 2 * bits).double()
    phase, rest = x @ z, math.pi - x
    # sum_{i<j} r_i r_j z_i z_j = ((sum_i r_i z_i)^2 - sum_i r_i^2) / 2, as z_i^2 = 1.
    phase = phase + ((rest @ z).square() - rest.square().sum(dim=1, keepdim=True)) / 2
    turn = torch.polar(torch.ones_like(phase), phase)
    psi = turn / 2 ** (wires / 2)
    return _hadamards(psi, wires) * turn


def _hadamards(psi: Tensor, wires: int) -> Tensor:
    """A Hadamard on every qubit of states [B,2^n]."""
    for wire in range(wires):
        zero, one = psi.view(len(psi), 2**wire, 2, -1).unbind(dim=2)
        psi = torch.stack([zero + one, zero - one], dim=2).reshape(len(psi), -1)
    return psi / 2 ** (wires / 2)


def fidelity(left: Tensor, right: Tensor) -> Tensor:
    """|<a|b>|^2 of states [A,D] and [B,D], float64 [A,B]."""
    return (left.conj() @ right.T).abs().square()


def bloch(psi: Tensor) -> Tensor:
    """The Bloch vectors (<X>, <Y>, <Z>) of every qubit of states [B,2^n], float64 [B,n,3]: all of its one-qubit
    density matrices (1 + x X + y Y + z Z) / 2."""
    wires = (psi.shape[1] - 1).bit_length()
    vectors = []
    for wire in range(wires):
        zero, one = psi.reshape(len(psi), 2**wire, 2, -1).unbind(dim=2)
        coherence = 2 * (zero.conj() * one).sum(dim=(1, 2))
        z = (zero.abs().square() - one.abs().square()).sum(dim=(1, 2))
        vectors.append(torch.stack([coherence.real, coherence.imag, z], dim=1))
    return torch.stack(vectors, dim=1)


def gaussian(left: Tensor, right: Tensor, gamma: float) -> Tensor:
    """exp(-gamma |x - y|^2) of real vectors [A,k] and [B,k], float64 [A,B]."""
    return torch.exp(-gamma * torch.cdist(left, right, compute_mode="donot_use_mm_for_euclid_dist").square())


def alignment(kernel: Tensor, labels: Tensor) -> float:
    """Centred kernel-target alignment of k(x_i, x_j) [N,N] with classes [N], in [-1,1].

    The target is 1 for two items of the same class, else 0; both matrices are centred, so that neither a constant
    in the kernel nor unequal classes count (Cortes, Mohri and Rostamizadeh, JMLR 13, 2012, definition 4).
    """
    if kernel.shape != (len(labels), len(labels)) or len(labels.unique()) < 2:
        raise InputError(f"alignment: the kernel is {list(kernel.shape)} and there are {len(labels)} labels of "
                         f"{len(labels.unique())} classes; expected [N,N], N labels and two classes or more")
    target = (labels[:, None] == labels[None]).double()
    a, b = _centred(kernel.double()), _centred(target)
    return float((a * b).sum() / (a.norm() * b.norm()).clamp_min(1e-300))


def _centred(kernel: Tensor) -> Tensor:
    return kernel - kernel.mean(dim=0, keepdim=True) - kernel.mean(dim=1, keepdim=True) + kernel.mean()
