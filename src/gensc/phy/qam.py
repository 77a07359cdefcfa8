"""Gray-labelled BPSK, QPSK and square QAM up to 4096 points, with soft demapping a dimension at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from gensc.errors import InputError

SIZES = (1, 2, 4, 6, 8, 10, 12)
LLR_MAX = 100.0
_LABELLINGS = ("802.11", "3gpp")
_METHODS = ("log-map", "max-log")
# Below this noise power every LLR is at its bound; it keeps 0 (an infinite SNR) out of the denominators.
_LEAST_NOISE = 1e-12


@dataclass(frozen=True)
class Constellation:
    """A Gray constellation of ``bits`` bits a symbol (1, 2, 4, ..., 12) and mean power 1.

    ``labelling`` "802.11": the first half of a symbol's bits on I, the second on Q, 0 is negative, BPSK on I
    (IEEE Std 802.11-2020, 17.3.5.8 and 21.3.10.9; 802.11ax and be go on to 1024 and 4096 points).
    "3gpp": even bits on I, odd bits on Q, 0 is positive, BPSK on the diagonal (TS 38.211, 5.1; 4096 points by
    the same recursion). In one dimension both are the reflected Gray code, 3GPP's the complement of 802.11's.
    """

    bits: int
    labelling: Literal["802.11", "3gpp"] = "802.11"

    def __post_init__(self) -> None:
        if self.bits not in SIZES:
            raise InputError(f"a constellation of {self.bits!r} bits a symbol is not known: "
                             f"choose one of {', '.join(map(str, SIZES))}")
        if self.labelling not in _LABELLINGS:
            raise InputError(f"labelling {self.labelling!r} is not known: choose one of {', '.join(_LABELLINGS)}")

    @property
    def per_dimension(self) -> int:
        """Bits on each dimension in use: 1 for BPSK, else half of ``bits``."""
        return max(1, self.bits // 2)

    @property
    def half_spacing(self) -> float:
        """Half the distance of neighbouring amplitudes, which are its odd multiples."""
        dimensions = 1 if self.bits == 1 else 2
        return math.sqrt(3 / (dimensions * (4**self.per_dimension - 1)))

    @cached_property
    def points(self) -> Tensor:
        """complex64 [2^bits]: the points in the order of their labels (MSB first)."""
        m = self.per_dimension
        level = torch.arange(2**m)
        label = level ^ (level >> 1)
        if self.labelling == "3gpp":
            label = label ^ (2**m - 1)
        amplitude = torch.empty(2**m, dtype=torch.float64)
        amplitude[label] = self.half_spacing * (2 * level - (2**m - 1)).to(torch.float64)
        if self.bits == 1:
            diagonal = complex(0.5**0.5, 0.5**0.5) if self.labelling == "3gpp" else 1.0
            return (amplitude * diagonal).to(torch.complex64)
        whole = torch.arange(2**self.bits)
        i, q = (sum(((whole >> (self.bits - 1 - place)) & 1) << (m - 1 - order)
                    for order, place in enumerate(places)) for places in self._places())
        return torch.complex(amplitude[i], amplitude[q]).to(torch.complex64)

    def _places(self) -> tuple[range, ...]:
        """Which of a symbol's bits lie on I and which on Q."""
        if self.bits == 1:
            return (range(1),)
        if self.labelling == "3gpp":
            return range(0, self.bits, 2), range(1, self.bits, 2)
        return range(self.per_dimension), range(self.per_dimension, self.bits)

    def map(self, bits: Tensor) -> Tensor:
        """Symbols, complex64 [..., n/bits], of ``bits`` uint8 [..., n] in {0,1}.

        Raises InputError where n is no multiple of the bits a symbol.
        """
        if bits.shape[-1] % self.bits:
            raise InputError(f"{bits.shape[-1]} bits can't be mapped to symbols of {self.bits}: "
                             "pad them to a multiple")
        parts = bits.unflatten(-1, (bits.shape[-1] // self.bits, self.bits))
        label = parts[..., 0].to(torch.int32)
        for place in range(1, self.bits):
            label = label * 2 + parts[..., place]
        return self.points.to(bits.device)[label]

    def demap(self, y: Tensor, noise: Tensor | float, method: Literal["log-map", "max-log"] = "log-map") -> Tensor:
        """LLRs, float32 [B, k*bits], of ``y`` complex64 [B, k] = x + CN(0, noise); |LLR| at most ``LLR_MAX``.

        ``noise``: N0 broadcastable to [B, k], as an equaliser leaves it; 0 gives the hard decision at the bound
        and infinity gives 0. "log-map" is exact; "max-log" keeps the nearest point of each bit value only.
        A symbol that is not finite, or whose noise is nan, is an erasure: its LLRs are 0.
        """
        if method not in _METHODS:
            raise InputError(f"demapping method {method!r} is not known: choose one of {', '.join(_METHODS)}")
        from gensc.phy import demap

        spread = torch.as_tensor(noise, dtype=torch.float32, device=y.device)
        spread = torch.broadcast_to(spread, y.shape).clamp(min=_LEAST_NOISE)
        if self.bits > 1:
            amplitude = torch.view_as_real(y)
        elif self.labelling == "3gpp":
            amplitude = ((y.real + y.imag) * 0.5**0.5)[..., None]
        else:
            amplitude = y.real[..., None]
        whole = amplitude / (2 * self.half_spacing) + (2**self.per_dimension - 1) / 2
        gain = (4 * self.half_spacing**2 / spread).nan_to_num(nan=0.0)
        on_cpu = y.device.type == "cpu" and not (torch.is_grad_enabled() and (y.requires_grad or spread.requires_grad))
        form = demap.fast if on_cpu else demap.differentiable
        llr = form(whole, gain, self.per_dimension, method == "max-log", LLR_MAX)
        if self.labelling == "3gpp":
            llr = -llr.transpose(-1, -2)
        return llr.reshape(*y.shape[:-1], -1)
