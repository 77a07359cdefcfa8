"""Named random streams: the same seed gives the same bits whatever the batch size or number of workers.

A stream is addressed by a seed, a path of names ("channel", "rayleigh", ...) and an item identity. Every
item of a batch draws from a Philox counter generator of its own, keyed by a 128-bit hash of that
address. (torch's CPU generator keeps 32 bits of its seed: with a stream an item, they would collide.)
"""

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from numbers import Integral

import numpy as np
import torch
from torch import Tensor

_MASK = (1 << 64) - 1


Name = str | int | float


def _digest(*parts: Name) -> int:
    text = "\x1f".join(_written(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "little")


def _written(part: Name) -> str:
    """A part of an address as text: NumPy's numbers like Python's, and no name that could pass for two."""
    if isinstance(part, str):
        escaped = part.replace("\\", "\\\\").replace("\x1f", "\\x1f")
        return f"str:{escaped}"
    return f"int:{int(part)}" if isinstance(part, Integral) else f"float:{float(part)}"


@dataclass(frozen=True)
class Rng:
    """Random streams for the items of one batch.

    ``key`` addresses the stream; ``items`` [B] are the identities of the batch's items, so that item 7
    draws the same numbers in a batch of one and in a batch of a thousand. Draws from one Rng repeat:
    take a ``child`` for every further use.
    """

    key: int
    items: tuple[int, ...] = (0,)

    @staticmethod
    def seeded(seed: int, *path: Name) -> "Rng":
        """The stream of a seed and a path of names."""
        return Rng(_digest("gensc", int(seed), *path))

    def child(self, *path: Name) -> "Rng":
        """An independent stream below this one, for the same items."""
        return replace(self, key=_digest(self.key, *path))

    def of(self, items: int | Sequence[int]) -> "Rng":
        """The same stream for other items: identities, or a number B meaning items 0 to B-1."""
        ids = range(items) if isinstance(items, int) else items
        return replace(self, items=tuple(int(i) for i in ids))

    def generators(self) -> Iterator[np.random.Generator]:
        """One independent NumPy generator an item, in order."""
        for item in self.items:
            value = _digest(self.key, item)
            key = np.array([value & _MASK, value >> 64], dtype=np.uint64)
            yield np.random.Generator(np.random.Philox(key=key))

    def normal(self, *shape: int) -> Tensor:
        """Standard normal float32 [B, *shape]."""
        out = np.empty((len(self.items), *shape), dtype=np.float32)
        for row, generator in enumerate(self.generators()):
            out[row] = generator.standard_normal(shape, dtype=np.float32)
        return torch.from_numpy(out)

    def complex_normal(self, *shape: int) -> Tensor:
        """Circular complex normal CN(0,1), complex64 [B, *shape]: variance 1/2 per real dimension."""
        return torch.view_as_complex(self.normal(*shape, 2)) * 0.5**0.5

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        """Uniform float32 in [low, high), [B, *shape]."""
        out = np.empty((len(self.items), *shape), dtype=np.float32)
        for row, generator in enumerate(self.generators()):
            out[row] = generator.random(shape, dtype=np.float32)
        return torch.from_numpy(out) * (high - low) + low

    def permutation(self, n: int) -> np.ndarray:
        """A random order of 0 to n-1 (int64 [n]), from the first item's stream."""
        return next(self.generators()).permutation(n)

    @contextlib.contextmanager
    def torch_seeded(self) -> Iterator[None]:
        """Inside, torch's global generator (layer initialisation, dropout) follows this stream.

        On leaving, the global generator is as it was before.
        """
        with torch.random.fork_rng():
            torch.manual_seed(self.key & 0xFFFFFFFF)
            yield
