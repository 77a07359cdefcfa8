"""Phase noise of the carrier oscillators."""

from dataclasses import replace

import torch

from gensc.channel.base import Channel, product
from gensc.errors import InputError
from gensc.registry import register
from gensc.signal import Signal, State


@register("channel", "phase_noise")
class PhaseNoise(Channel):
    """y_t = x_t e^(j phi_t) + n_t, a Wiener phase from 0: increments N(0, 2 pi linewidth) a channel use.

    ``linewidth`` is the combined 3 dB linewidth of both oscillators times the symbol time (Demir et al.,
    IEEE Trans. Circuits Syst. I 47(5), 2000). The receiver does not know the phase.
    """

    transparent = False

    def __init__(self, linewidth: float = 1e-4) -> None:
        super().__init__()
        if not 0 <= linewidth < float("inf"):
            raise InputError(f"phase_noise: linewidth is {linewidth}; expected linewidth x symbol time, e.g. 1e-4")
        self.linewidth = linewidth

    def distort(self, signal: Signal, state: State) -> Signal:
        steps = state.child("phase").rng.normal(signal.x.shape[1]) * (2 * torch.pi * self.linewidth) ** 0.5
        steps[:, 0] = 0
        phase = steps.cumsum(dim=1).to(signal.x.device)
        return replace(signal, x=product(signal.x, torch.polar(torch.ones_like(phase), phase)))
