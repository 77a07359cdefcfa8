"""Scalar quantisers: uniform and Lloyd-Max, of 1 to 16 bits, whole numbers out of every value.

An index is int32, 0 to 2^bits - 1, in ascending order of the levels. What lies beyond the lowest or the highest level
becomes that level (overload: its error grows without limit, so choose the range by the data); nan is refused.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gensc.errors import InputError
from gensc.rng import Rng

MAX_BITS = 16
_ROUNDS = 20_000


@dataclass(frozen=True)
class Uniform:
    """2^bits levels ``step`` apart, the lowest at ``lowest`` (mid-tread: a value goes to the nearest level)."""

    step: float
    bits: int
    lowest: float

    def __post_init__(self) -> None:
        _check_bits(self.bits)
        if not (0 < self.step < float("inf") and abs(self.lowest) < float("inf")):
            raise InputError(f"quantiser: step {self.step}, lowest level {self.lowest}; expected a finite step above 0 "
                             "and a finite level")

    @staticmethod
    def signed(step: float, bits: int) -> "Uniform":
        """Zero is a level: -2^(bits-1) step to (2^(bits-1) - 1) step."""
        _check_bits(bits)
        return Uniform(step, bits, -(2 ** (bits - 1)) * step)

    @staticmethod
    def over(low: float, high: float, bits: int) -> "Uniform":
        """The lowest level at ``low``, the highest at ``high``."""
        _check_bits(bits)
        return Uniform((high - low) / (2**bits - 1), bits, low)

    @staticmethod
    def covering(samples: Tensor, bits: int, share: float = 0.999) -> "Uniform":
        """From the smallest to the largest sample, without the outermost (1-share)/2 at either side."""
        values = _finite(samples)
        drop = int((1 - share) / 2 * values.numel())
        ordered = values.sort().values
        low, high = float(ordered[drop]), float(ordered[values.numel() - 1 - drop])
        if low == high:
            raise InputError(f"quantiser: {share:.1%} of the samples are {low}; give samples that differ, or a range")
        return Uniform.over(low, high, bits)

    @property
    def levels(self) -> Tensor:
        """The levels, float32 [2^bits], ascending."""
        return self.value(torch.arange(2**self.bits))

    def index(self, x: Tensor) -> Tensor:
        """Values of any shape -> int32 indices."""
        place = torch.round((_no_nan(x).to(torch.float64) - self.lowest) / self.step)
        return place.clamp(0, 2**self.bits - 1).to(torch.int32)

    def value(self, index: Tensor) -> Tensor:
        """Indices of any shape -> float32 levels."""
        return (self.lowest + self.step * index.to(torch.float64)).to(torch.float32)

    def straight_through(self, x: Tensor) -> Tensor:
        """The level of each value; its gradient is 1 within half a step of the levels, 0 beyond (overload)."""
        return _straight_through(x, self.value(self.index(x.detach())), self.lowest - self.step / 2,
                                 self.lowest + (2**self.bits - 0.5) * self.step)

    def noisy(self, x: Tensor, rng: Rng) -> Tensor:
        """x [B,...] plus noise, uniform within half a step: a stand-in for training with a gradient of 1.

        Balle et al., "End-to-end optimized image compression", 2017. The range still clips.
        """
        noise = rng.uniform(*x.shape[1:], low=-self.step / 2, high=self.step / 2).to(x.device)
        return x.clamp(self.lowest, self.lowest + (2**self.bits - 1) * self.step) + noise


class Learned(nn.Module):
    """2^bits levels that are fitted to data (``Learned.fit``) and learn on with the link, by gradient.

    ``forward`` gives x [...] its nearest levels [...]. The levels get the gradient of the output; x gets it straight
    through, as if nothing had been quantised (Bengio et al., 2013), and none beyond the outermost levels.
    """

    def __init__(self, levels: Tensor) -> None:
        super().__init__()
        bits = (levels.numel() - 1).bit_length()
        if levels.ndim != 1 or levels.numel() != 2**bits or not torch.isfinite(levels).all():
            raise InputError(f"quantiser: levels have shape {tuple(levels.shape)}; expected [2^bits], finite")
        _check_bits(bits)
        self.bits = bits
        self.level = nn.Parameter(levels.detach().to(torch.float32).sort().values)

    @staticmethod
    def fit(samples: Tensor, bits: int) -> "Learned":
        """The Lloyd-Max quantiser of the samples."""
        return Learned(lloyd_max(samples, bits))

    @property
    def levels(self) -> Tensor:
        """The levels, float32 [2^bits], ascending (they may pass each other while they learn)."""
        return self.level.sort().values

    def index(self, x: Tensor) -> Tensor:
        """Values of any shape -> int32 indices of the nearest levels."""
        levels = self.levels.detach()
        return torch.bucketize(_no_nan(x).to(levels.dtype), (levels[1:] + levels[:-1]) / 2, out_int32=True)

    def value(self, index: Tensor) -> Tensor:
        """Indices of any shape -> float32 levels."""
        return self.levels[index.long()]

    def forward(self, x: Tensor) -> Tensor:
        levels = self.levels
        chosen = levels[self.index(x.detach()).long()]
        through = _straight_through(x, chosen.detach(), float(levels[0].detach()), float(levels[-1].detach()))
        return through + (chosen - chosen.detach())


def lloyd_max(samples: Tensor, bits: int) -> Tensor:
    """The 2^bits levels, float32 ascending, with the least mean square error found for the samples.

    Lloyd's iteration (Lloyd 1957, Max 1960) from the levels of equal share to the cube root of the density, which are
    the best at a high rate (Panter and Dite). With fewer distinct samples than levels, some levels are never used.
    """
    _check_bits(bits)
    x = _finite(samples).to(torch.float64).sort().values
    total = torch.cat([x.new_zeros(1), x.cumsum(0)])
    levels = _compander(x, 2**bits)
    for _ in range(_ROUNDS):
        border = torch.searchsorted(x, (levels[1:] + levels[:-1]) / 2)
        edge = torch.cat([border.new_zeros(1), border, border.new_full((1,), len(x))])
        count = edge.diff()
        centres = torch.where(count > 0, total[edge].diff() / count.clamp(min=1), levels)
        if torch.equal(centres, levels):
            break
        levels = centres
    return levels.to(torch.float32)


def _compander(x: Tensor, size: int) -> Tensor:
    """Levels between which the cube root of the density of the sorted samples has equal shares."""
    cells = min(len(x) - 1, 16 * size, 4096)
    if cells < 1:
        return x[:1].expand(size).clone()
    knots = x[torch.linspace(0, len(x) - 1, cells + 1).long()]
    # Equal counts a cell: the density is 1/width, and its cube root times the width is width^(2/3).
    share = torch.cat([x.new_zeros(1), knots.diff().pow(2 / 3).cumsum(0)])
    wanted = (torch.arange(size, dtype=x.dtype) + 0.5) / size * share[-1]
    right = torch.searchsorted(share, wanted).clamp(1, cells)
    width = (share[right] - share[right - 1]).clamp(min=1e-300)
    return knots[right - 1] + (wanted - share[right - 1]) / width * (knots[right] - knots[right - 1])


def _straight_through(x: Tensor, level: Tensor, low: float, high: float) -> Tensor:
    passed = x.clamp(low, high)
    return passed + (level - passed).detach()


def _check_bits(bits: int) -> None:
    if not 1 <= bits <= MAX_BITS:
        raise InputError(f"quantiser: bits is {bits}; expected 1 to {MAX_BITS}")


def _no_nan(x: Tensor) -> Tensor:
    if torch.isnan(x).any():
        raise InputError("quantiser: the input holds nan; it has no nearest level")
    return x


def _finite(samples: Tensor) -> Tensor:
    values = samples.detach().flatten()
    if not values.numel() or not torch.isfinite(values).all():
        raise InputError(f"quantiser: samples have shape {tuple(samples.shape)}; expected finite values, 1 or more")
    return values
