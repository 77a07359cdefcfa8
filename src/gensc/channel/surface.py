"""A reconfigurable intelligent surface: many small reflectors whose phases are set for one receiver."""

import math
from typing import Literal

import torch
from torch import Tensor

from gensc import units
from gensc.channel.base import Channel, faded, product
from gensc.channel.multipath import turned
from gensc.errors import InputError
from gensc.registry import register
from gensc.rng import Rng
from gensc.signal import Signal, State

Phases = Literal["optimised", "random", "off"]
MAX_BITS = 16


@register("channel", "surface")
class Surface(Channel):
    """y = h x + n over a reconfigurable surface: h = (h_d + sum_n g_n e^(j phi_n) f_n) / c, one h an item.

    (Basar et al., IEEE Access 7, 2019; Wu and Zhang, IEEE Trans. Wireless Commun. 18(11), 2019.)

    For each of ``elements`` reflectors f_n (to it) and g_n (from it) are independent, of power 1: CN(0,1) for ``k_db``
    -inf, else Rician with that K and a uniform phase of the line of sight. h_d ~ CN(0, D) is the direct path,
    ``direct_db`` = 10 log10(D / elements): its power over that of the surface with random phases; -inf, blocked.
    ``phases`` "optimised": phi_n brings every echo into phase with h_d, then rounds to 2^``bits`` steps (0 bits: no
    rounding); "random": uniform; "off": the surface is not there.

    c^2 = ``mean_power``, so E|h|^2 = 1 in every setting: snr_db is the average Es/N0 that is received WITH the
    surface as it is set. What the setting brings at the same transmit power is apart from that: it raises
    snr_db by ``gain_db`` over random phases, or over no surface. So to compare settings of one link, give
    each its snr_db plus its gain_db.
    """

    def __init__(self, elements: int = 64, phases: Phases = "optimised", bits: int = 0,
                 direct_db: float = float("-inf"), k_db: float = float("-inf")) -> None:
        super().__init__()
        if elements < 1:
            raise InputError(f"surface: elements is {elements}; expected at least 1 reflector, e.g. 64")
        if not 0 <= bits <= MAX_BITS:
            raise InputError(f"surface: bits is {bits}; expected 1 to {MAX_BITS} bits a phase, or 0 for exact phases")
        if direct_db != direct_db or direct_db == float("inf"):
            raise InputError(f"surface: direct_db is {direct_db}; give the direct path's power over that of the "
                             "surface with random phases in dB (-inf: blocked)")
        if k_db != k_db:
            raise InputError("surface: k_db is nan; give the ratio of line of sight to scattered power in dB")
        if phases == "off" and direct_db == float("-inf"):
            raise InputError("surface: with phases = 'off' and the direct path blocked nothing arrives; "
                             "give direct_db, e.g. 0")
        self.elements, self.phases, self.bits, self.k_db = elements, phases, bits, k_db
        self.direct = float(units.db_to_ratio(direct_db)) * elements

    def distort(self, signal: Signal, state: State) -> Signal:
        direct = self.direct**0.5 * state.child("direct").rng.complex_normal(1)
        if self.phases == "off":
            return faded(signal, direct / self.mean_power("off") ** 0.5)
        first = self._element(state.child("to surface").rng)
        echoes = product(first, self._element(state.child("from surface").rng))
        echoes = product(echoes, self._turn(echoes, direct, state.child("phases").rng))
        gain = direct + _total(echoes)
        return faded(signal, gain / self.mean_power(self.phases) ** 0.5)

    def mean_power(self, phases: Phases) -> float:
        """E|h_d + sum_n g_n e^(j phi_n) f_n|^2 in closed form, for phases set so.

        With m = E|f| = E|g| and q = sinc(2^-bits) the mean of e^(j error) over a uniform rounding error:
        optimised D + N + N (N-1) (m^2 q)^2 + 2 E|h_d| N m^2 q, random D + N, off D. Rayleigh: m^2 = pi/4.
        """
        if phases != "optimised":
            return self.direct + (self.elements if phases == "random" else 0)
        rounding = math.sin(math.pi / 2**self.bits) / (math.pi / 2**self.bits) if self.bits else 1.0
        amplitude = _rice_mean(self.k_db) ** 2 * rounding
        pairs = self.elements * (self.elements - 1) * amplitude**2
        cross = 2 * math.sqrt(math.pi * self.direct / 4) * self.elements * amplitude
        return self.direct + self.elements + pairs + cross

    def gain_db(self, over: Phases = "random") -> float:
        """Average received power with the phases as they are set, over that with them as in ``over``, in dB."""
        reference = self.mean_power(over)
        return float(units.ratio_to_db(self.mean_power(self.phases) / reference)) if reference else float("inf")

    def _element(self, rng: Rng) -> Tensor:
        """Gains complex64 [B,N] to or from the elements."""
        scattered = rng.child("scatter").complex_normal(self.elements)
        if self.k_db == float("-inf"):
            return scattered
        share = 1 / (1 + units.db_to_ratio(self.k_db))
        direct = turned(rng.child("line of sight").uniform(self.elements).double())
        return (1 - share).sqrt() * direct + share.sqrt() * scattered

    def _turn(self, echoes: Tensor, direct: Tensor, rng: Rng) -> Tensor:
        """e^(j phi) complex64 [B,N]."""
        if self.phases == "random":
            return turned(rng.uniform(self.elements).double())
        turns = (direct.to(torch.complex128).angle() - echoes.to(torch.complex128).angle()) / (2 * math.pi)
        return turned((turns * 2**self.bits).round() / 2**self.bits if self.bits else turns)


def _total(terms: Tensor) -> Tensor:
    """Sum over the elements, [B,N] -> [B,1], added in one order whatever the batch."""
    return torch.complex(terms.real.cumsum(dim=1)[:, -1:], terms.imag.cumsum(dim=1)[:, -1:])


def _rice_mean(k_db: float) -> float:
    """Mean of |h| for E|h|^2 = 1 and a K-factor: sqrt(pi/(4 (1+K))) e^(-K/2) ((1+K) I0(K/2) + K I1(K/2))."""
    k = torch.as_tensor(units.db_to_ratio(k_db), dtype=torch.float64)
    if torch.isinf(k):
        return 1.0
    half = (1 + k) * torch.special.i0e(k / 2) + k * torch.special.i1e(k / 2)
    return float((math.pi / (4 * (1 + k))).sqrt() * half)
