"""A uniform scalar quantiser of 1 to 16 bits: whole numbers out of every value."""

from dataclasses import dataclass

import torch
from torch import Tensor

from gensc.errors import InputError

MAX_BITS = 16


@dataclass(frozen=True)
class Uniform:
    """2^bits levels ``step`` apart, the lowest at ``lowest``; a value goes to the nearest level.

    An index is int32, 0 to 2^bits - 1. What lies beyond the outermost levels becomes that level; nan is refused.
    """

    step: float
    bits: int
    lowest: float

    def __post_init__(self) -> None:
        _check_bits(self.bits)
        if not (0 < self.step < float("inf") and abs(self.lowest) < float("inf")):
            raise InputError(f"quantiser: step {self.step}, lowest level {self.lowest}; expected a finite step above 0 "
                             "and a finite level")

    @staticmethod
    def over(low: float, high: float, bits: int) -> "Uniform":
        """The lowest level at ``low``, the highest at ``high``."""
        _check_bits(bits)
        return Uniform((high - low) / (2**bits - 1), bits, low)

    def index(self, x: Tensor) -> Tensor:
        """Values of any shape -> int32 indices."""
        if torch.isnan(x).any():
            raise InputError("quantiser: the input holds nan; it has no nearest level")
        place = torch.round((x.to(torch.float64) - self.lowest) / self.step)
        return place.clamp(0, 2**self.bits - 1).to(torch.int32)

    def value(self, index: Tensor) -> Tensor:
        """Indices of any shape -> float32 levels."""
        return (self.lowest + self.step * index.to(torch.float64)).to(torch.float32)


def _check_bits(bits: int) -> None:
    if not 1 <= bits <= MAX_BITS:
        raise InputError(f"quantiser: bits is {bits}; expected 1 to {MAX_BITS}")
