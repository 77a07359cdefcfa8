"""What a channel is: a distortion of the signal, then thermal noise at the receiver."""

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import ClassVar

import torch
from torch import nn

from gensc.signal import Signal, State


class Channel(nn.Module, ABC):
    """y = distort(x) + n with n ~ CN(0, N0), N0 = 10^(-snr_db/10) per complex use, fixed by the nominal
    symbol power 1: the noise never follows the received power.

    A channel writes ``distort`` alone. Class facts that the contract tests read:
    ``transparent``: without noise y = h x exactly, with the h it returns;
    ``exact``: its noise is CN(0, N0) to the letter, and none at infinite SNR; a model that was learned is only near;
    ``block_fading``: h is one number for all uses of an item, so that pilots can measure it.
    ``needs``: a program that must be installed beside gensc, "" for none; such a channel has no gradient.
    """

    transparent: ClassVar[bool] = True
    exact: ClassVar[bool] = True
    block_fading: bool = True
    needs: ClassVar[str] = ""

    @property
    def cycle(self) -> int:
        """After how many symbols the gains of an item may repeat."""
        return 1

    @abstractmethod
    def distort(self, signal: Signal, state: State) -> Signal:
        """The noise-free output for symbols complex64 [B,k]; sets ``h`` complex64 [B,k] where it fades."""

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
