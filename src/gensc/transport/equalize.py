"""Symbols over a channel, with pilots before them, and one-tap equalisers behind it."""

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from gensc.channel import Channel
from gensc.errors import InputError
from gensc.signal import Signal, State

Equalizer = Literal["mmse", "zf"]


@dataclass(frozen=True)
class Equalized:
    """Symbols ``x`` complex64 [B,k] after the equaliser and the ``snr`` float32 [B,k] (a ratio) that the
    receiver believes each has, for decoders that weigh their input."""

    x: Tensor
    snr: Tensor


@dataclass(frozen=True)
class Reception:
    """What a receiver has of symbols that it has not equalised yet: ``x`` complex64 [B,k], the gain ``h`` complex64
    [B,k] as it knows it, None where it knows nothing, and the ``noise`` power float32 [B,1], with that of the error in
    ``h``."""

    x: Tensor
    h: Tensor | None
    noise: Tensor

    def at(self, places: Tensor) -> "Reception":
        """The symbols at ``places`` int64 [B,m] of each item."""
        return Reception(self.x.gather(1, places), None if self.h is None else self.h.gather(1, places), self.noise)

    def to(self, device: torch.device) -> "Reception":
        """The same on a device."""
        return Reception(self.x.to(device), None if self.h is None else self.h.to(device), self.noise.to(device))

    def equalized(self, method: Equalizer) -> Equalized:
        """The symbols as ``method`` makes them out; as they came, where the gain is not known."""
        if self.h is None:
            return Equalized(self.x, (1 / self.noise).expand(self.x.shape))
        return equalize(self.x, self.h, self.noise, method)


def equalize(received: Tensor, h: Tensor, noise: Tensor, method: Equalizer) -> Equalized:
    """Undo y = h x + n for unit-power x.

    ``received``, ``h`` complex64 [B,k]; ``noise`` float32 [B,1], the noise power, estimation error included.
    "zf": y/h. "mmse": conj(h) y / (|h|^2 + noise), which shrinks what is uncertain
    (Tse and Viswanath, Fundamentals of Wireless Communication, 8.3).
    """
    gain = h.abs().square()
    snr = gain / noise
    if method not in get_args(Equalizer):
        raise InputError(f"equalizer is {method!r}: expected one of {', '.join(get_args(Equalizer))}")
    if method == "zf":
        return Equalized(received / h, snr)
    return Equalized(h.conj() * received / (gain + noise), snr)


def estimate(received: Tensor, n0: Tensor) -> tuple[Tensor, Tensor]:
    """Linear MMSE estimate of one gain an item with E|h|^2 = 1 from all-one pilots.

    ``received`` complex64 [B,P], ``n0`` float32 [B] -> gain complex64 [B,1] and its mean square error
    float32 [B,1], (N0/P)/(1 + N0/P) (Kay, Estimation Theory, 12.5).
    """
    variance = (n0 / received.shape[1])[:, None]
    return received.mean(dim=1, keepdim=True) / (1 + variance), variance / (1 + variance)


def carry(symbols: Tensor, channel: Channel, state: State, pilots: int) -> Reception:
    """Send unit-power symbols complex64 [B,k] (after ``pilots`` pilot symbols); what comes out is as much as
    ``state.csi`` lets a receiver know. Raises InputError where csi and pilots do not fit each other or the channel."""
    if (state.csi == "pilots") != (pilots > 0):
        raise InputError(f"csi is {state.csi!r} with {pilots} pilots: csi = 'pilots' needs transport.pilots of "
                         "at least 1, and pilots are only sent with csi = 'pilots'")
    if pilots and not channel.block_fading:
        raise InputError("pilots cannot follow a gain that changes every symbol: "
                         "use fading = 'block', or csi = 'receiver'")
    sent = torch.cat([symbols.new_ones(len(symbols), pilots), symbols], dim=1)
    signal: Signal = channel(Signal(sent, state.n0), state.air())
    pilot, body = signal.x[:, :pilots], signal.x[:, pilots:]
    noise = signal.n0[:, None]
    if state.csi == "none":
        return Reception(body, None, noise)
    if state.csi == "pilots":
        h, error = estimate(pilot, signal.n0)
        return Reception(body, h.expand_as(body), noise + error)
    assert signal.h is not None, "a channel returns h"
    return Reception(body, signal.h[:, pilots:], noise)
