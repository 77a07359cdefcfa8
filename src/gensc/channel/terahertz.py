"""A terahertz line of sight: spreading loss, and absorption by oxygen and water vapour that colours the band."""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gensc import units
from gensc.channel.base import Channel, faded
from gensc.channel.gases import attenuation_db_km
from gensc.channel.multipath import HALF_WIDTH, Grid, checked_rate, convolved, kaiser
from gensc.errors import InputError
from gensc.registry import register
from gensc.signal import Signal, State

LIGHT_M_S = 299_792_458.0
BOLTZMANN_W_HZ = 1.380649e-23 * 290
POINTS = 1024


@dataclass(frozen=True)
class LinkBudget:
    """What a link loses and what is left, in dB: ``spreading_db`` and ``absorption_db`` (means of the received power
    over the band), ``snr_db`` = Es/N0."""

    spreading_db: float
    absorption_db: float
    snr_db: float


@register("channel", "terahertz")
class Terahertz(Channel):
    """y = h(f) x + n with |h(f)|^2 proportional to (c / (4 pi d f))^2 e^(-k(f) d): a line of sight in air.

    (Jornet and Akyildiz, IEEE Trans. Wireless Commun. 10(10), 2011), k by ITU-R P.676 (see ``gensc.channel.gases``).
    ``bandwidth_ghz`` lies around ``carrier_ghz``, and E|h|^2 = 1 over it: snr_db holds the loss already, and
    ``link_budget`` says what it is. Nothing is random: no small-scale fading (chain it with rician), no
    dispersion of phase, the delay of flight taken out.

    Symbols ride on ``tones`` tones that share the band (use i is tone i % tones), y = h x exactly. Samples are filtered
    by |h(f)| over the band of their own rate, by a linear-phase filter of 57 taps without delay.
    """

    def __init__(self, carrier_ghz: float = 300.0, distance_m: float = 10.0, bandwidth_ghz: float = 20.0,
                 tones: int = 256, temperature_c: float = 15.0, pressure_hpa: float = 1013.25,
                 water_g_m3: float = 7.5) -> None:
        super().__init__()
        for name, value in (("carrier_ghz", carrier_ghz), ("distance_m", distance_m), ("bandwidth_ghz", bandwidth_ghz)):
            if not 0 < value < float("inf"):
                raise InputError(f"terahertz: {name} is {value}; expected a number above 0")
        self.carrier_ghz, self.distance_m, self.bandwidth_ghz = carrier_ghz, distance_m, bandwidth_ghz
        self.temperature_c, self.pressure_hpa, self.water_g_m3 = temperature_c, pressure_hpa, water_g_m3
        self.grid = Grid(tones, bandwidth_ghz * 1e9 / max(tones, 1))
        self.block_fading = tones == 1
        self.loss_db(self.grid.offsets_hz(tones))

    @property
    def cycle(self) -> int:
        """Channel uses over which the gain averages out: all tones of the band."""
        return self.grid.tones

    def loss_db(self, offset_hz: Tensor) -> tuple[Tensor, Tensor]:
        """Spreading loss and absorption in dB at offsets from the carrier, float64 [F] each."""
        f = self.carrier_ghz + offset_hz.double() / 1e9
        absorption = attenuation_db_km(f, self.temperature_c, self.pressure_hpa, self.water_g_m3)
        spreading = 20 * torch.log10(4 * math.pi * self.distance_m * f * 1e9 / LIGHT_M_S)
        return spreading, absorption * self.distance_m / 1e3

    def distort(self, signal: Signal, state: State) -> Signal:
        if signal.rate_hz is None:
            band = self.grid.offsets_hz(self.grid.tones)
            gain = self._gain(band).to(torch.complex64)
            uses = torch.arange(signal.x.shape[1]) % self.grid.tones
            return faded(signal, gain[uses].expand(signal.x.shape))
        taps = self._taps(checked_rate(signal.rate_hz)).to(signal.x.device)
        return replace(signal, x=convolved(signal.x, taps.expand(len(signal.x), -1), HALF_WIDTH))

    def _gain(self, offset_hz: Tensor) -> Tensor:
        """|h| at offsets [F] that stand for the whole band, float64, of mean square 1."""
        spreading, absorption = self.loss_db(offset_hz)
        loss = spreading + absorption
        power = units.db_to_ratio(loss.min() - loss).double()
        return (power / power.mean()).sqrt()

    def _taps(self, rate: float) -> Tensor:
        """The filter of |h(f)| over the band of a sample rate, complex64 [1, 2 HALF_WIDTH + 1] of energy 1."""
        gain = self._gain(torch.fft.fftfreq(POINTS, 1 / rate, dtype=torch.float64))
        whole = torch.fft.ifft(gain.to(torch.complex128)).roll(HALF_WIDTH)[:2 * HALF_WIDTH + 1]
        taps = whole * kaiser(torch.arange(2 * HALF_WIDTH + 1, dtype=torch.float64) - HALF_WIDTH)
        return (taps / taps.abs().square().sum().sqrt()).to(torch.complex64)[None]

    def link_budget(self, power_dbm: float = 10.0, gain_tx_db: float = 30.0, gain_rx_db: float = 30.0,
                    noise_figure_db: float = 10.0) -> LinkBudget:
        """The average Es/N0 over the band, and what was lost on the way.

        ``power_dbm`` is the power sent over the whole band, noise kT at 290 K times the noise figure; gains in dBi.
        """
        spreading, absorption = self.loss_db(self.grid.offsets_hz(self.grid.tones))
        open_air = float(units.ratio_to_db(units.db_to_ratio(-spreading).double().mean()))
        received = -spreading - absorption
        top = received.max()
        kept = float(top + units.ratio_to_db(units.db_to_ratio(received - top).double().mean()))
        noise_dbm = float(units.ratio_to_db(BOLTZMANN_W_HZ * self.bandwidth_ghz * 1e9)) + 30 + noise_figure_db
        snr_db = power_dbm + gain_tx_db + gain_rx_db + kept - noise_dbm
        return LinkBudget(-open_air, open_air - kept, snr_db)
