"""The transmitter's power amplifier: saturation by the Rapp model."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from gensc import units
from gensc.channel.base import Channel, product
from gensc.channel.multipath import turned
from gensc.errors import InputError
from gensc.registry import register
from gensc.signal import Signal, State

# The AM/PM part of the 60 GHz amplifier of IEEE 802.11-09/0451r16, section 7: psi(r) = ALPHA r^Q1 / (1 + (r/BETA)^Q2)
# degrees at an input of r volts. It saturates at 0.58 V behind a gain of 4.65.
ALPHA, BETA, Q1, Q2 = 2560.0, 0.114, 2.4, 2.3
SATURATING_INPUT = 0.58 / 4.65


@dataclass(frozen=True)
class Bussgang:
    """y = ``gain`` x + d with d uncorrelated with x and of mean power ``distortion``, for x ~ CN(0,1)."""

    gain: complex
    distortion: float


@register("channel", "rapp")
class Rapp(Channel):
    """y = x g(|x|) + n, g(r) = (1 + (r/a)^(2p))^(-1/(2p)) (Rapp, 2nd European Conf. on Satellite Commun., 1991).

    A small signal passes with gain 1; |y| never exceeds a, a^2 = 10^(backoff_db/10) times the nominal power 1. So
    compression costs received power, as it does on the air, and the noise stays that of the nominal power.
    ``smoothness`` p is 2 to 3 for solid-state amplifiers. ``am_pm`` turns the phase as well, by the modified
    model of IEEE 802.11-09/0451r16 (60 GHz), scaled to the same saturation. Works on symbols (no pulse
    shape) and on samples (the waveform's own peaks). The receiver is not told of it: h is as it came.
    """

    transparent = False

    def __init__(self, backoff_db: float = 6.0, smoothness: float = 2.0, am_pm: bool = False) -> None:
        super().__init__()
        if not -50 <= backoff_db < float("inf"):
            raise InputError(f"rapp: backoff_db is {backoff_db}; expected the saturation power over the nominal "
                             "power in dB, -50 or more, e.g. 6")
        if not 0 < smoothness < float("inf"):
            raise InputError(f"rapp: smoothness is {smoothness}; expected a number above 0, e.g. 2")
        self.backoff_db, self.smoothness, self.am_pm = backoff_db, smoothness, am_pm
        self.saturation = float(units.db_to_ratio(backoff_db)) ** 0.5

    def distort(self, signal: Signal, state: State) -> Signal:
        return replace(signal, x=self.amplify(signal.x))

    def amplify(self, x: Tensor) -> Tensor:
        """The amplifier's output for complex64 of any shape."""
        level = (x.real.double().square() + x.imag.double().square()).clamp_min(1e-30) / self.saturation**2
        # In logarithms, which neither overflow nor lose the slope where the signal is far above saturation.
        logs = self.smoothness * level.log()
        gain = (-torch.nn.functional.softplus(logs) / (2 * self.smoothness)).exp().to(x.real.dtype)
        if not self.am_pm:
            return gain * x
        volts = level.sqrt() * SATURATING_INPUT
        degrees = ALPHA * volts.pow(Q1) / (1 + (volts / BETA).pow(Q2))
        return product(gain * x, turned(degrees / 360).to(x.dtype))

    def bussgang(self) -> Bussgang:
        """Gain E[y x*] and distortion power E|y|^2 - |gain|^2 for a complex Gaussian signal of power 1, which
        OFDM samples are (Bussgang, MIT RLE report 216, 1952), by Gauss-Laguerre quadrature over |x|^2."""
        power, weight = np.polynomial.laguerre.laggauss(100)
        x = torch.from_numpy(power).sqrt().to(torch.complex128)
        y, share = self.amplify(x), torch.from_numpy(weight)
        gain = complex((share * y * x.conj()).sum())
        return Bussgang(gain, float((share * y.abs().square()).sum()) - abs(gain) ** 2)
