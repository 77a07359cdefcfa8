"""What a channel is: a distortion of the signal, then thermal noise at the receiver."""

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import ClassVar

import torch
from torch import nn

from gensc.rng import Rng
from gensc.signal import Signal, State


class Channel(nn.Module, ABC):
    """y = distort(x) + n with n ~ CN(0, N0), N0 = 10^(-snr_db/10) per complex use, fixed by the nominal
    symbol power 1: the noise never follows the received power.

    A channel writes ``distort`` alone. Facts that the contract tests read:
    ``overhead``: channel uses that go with each use of a symbol and carry nothing, the share of a cyclic prefix;
    ``transparent``: without noise y = h x exactly, with the h it returns;
    ``exact``: its noise is CN(0, N0) to the letter, and none at infinite SNR; a model that was learned is only near;
    ``block_fading``: h is one number for all uses of an item, so that pilots can measure it.
    ``needs``: a program that must be installed beside gensc, "" for none; such a channel has no gradient.
    """

    overhead: float = 0.0
    transparent: bool = True
    exact: bool = True
    block_fading: bool = True
    needs: ClassVar[str] = ""

    @property
    def cycle(self) -> int:
        """After how many symbols the gains of an item may repeat."""
        return 1

    @abstractmethod
    def distort(self, signal: Signal, state: State) -> Signal:
        """The noise-free output for symbols complex64 [B,k]; sets ``h`` complex64 [B,k] where it fades."""

    def transmit(self, x: torch.Tensor, snr_db: torch.Tensor | float, seed: int | torch.Generator = 0) -> Signal:
        """Symbols complex64 [B,k] of unit mean power over the channel at ``snr_db`` (Es/N0, a number or [B]), for a
        loop of one's own: differentiable in x. The same ``seed`` gives the same draws; a generator gives the next.

        >>> from gensc.channel import Rayleigh
        >>> y = Rayleigh().transmit(torch.ones(4, 100, dtype=torch.complex64), snr_db=10.0, seed=1)
        >>> y.x.shape, y.h.shape, round(float(y.n0[0]), 3)
        (torch.Size([4, 100]), torch.Size([4, 100]), 0.1)
        """
        if isinstance(seed, torch.Generator):
            seed = int(torch.randint(2**31, (1,), generator=seed, device=seed.device))
        state = State.of(torch.as_tensor(snr_db), len(x), Rng.seeded(seed, "transmit"))
        signal: Signal = self(Signal(x, state.n0.to(x.device)), state)
        return signal

    def forward(self, signal: Signal, state: State) -> Signal:
        """Symbols complex64 [B,k] of unit mean power in; what the receiving antenna has out."""
        entered = signal if signal.h is not None else replace(signal, h=torch.ones_like(signal.x))
        out = self.distort(entered, state)
        n0 = state.n0.to(out.x.device)
        noise = state.child("noise").rng.complex_normal(out.x.shape[1]).to(out.x.device)
        return Signal(out.x + n0.sqrt()[:, None] * noise, n0, out.h, out.rate_hz)


def faded(signal: Signal, gain: torch.Tensor) -> Signal:
    """``signal`` after a multiplicative gain complex64, [B,k] or [B,1], that the receiver may learn."""
    gain = gain.to(signal.x.device).expand_as(signal.x)
    known = gain if signal.h is None else product(signal.h, gain)
    return replace(signal, x=product(signal.x, gain), h=known)


def product(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """a b for complex tensors, with the same bits in a batch of any size: torch's own product rounds the last
    few values of a batch differently from the rest (fused multiply and add)."""
    return torch.complex(a.real * b.real - a.imag * b.imag, a.real * b.imag + a.imag * b.real)
