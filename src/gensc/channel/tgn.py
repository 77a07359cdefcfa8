"""The indoor channel models of IEEE 802.11: TGn A to F, and their wide-band form of TGac, TGax and TGbe."""

import json
import math
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from gensc import units
from gensc.channel.multipath import SINUSOIDS, Grid, Multipath, Paths, scattered, turned
from gensc.errors import InputError
from gensc.registry import register
from gensc.rng import Rng

Model = Literal["A", "B", "C", "D", "E", "F"]
BASE_SPACING_S = 10e-9
LIGHT_M_S = 299_792_458.0
BELL = 9.0
"""A of the Doppler spectrum S(f) = 1 / (1 + A (f/fd)^2), which is a tenth of its peak at fd."""
BELL_EDGE = 5.0
"""The spectrum ends at this many fd."""


@dataclass(frozen=True)
class Profile:
    """Tap delays float64 [P], mean tap powers float64 [P] of sum 1, and the K-factor of the first tap in dB
    where the line of sight is free."""

    delay_s: Tensor
    power: Tensor
    k_db: float

    @property
    def rms_delay_spread_s(self) -> float:
        """Square root of the second central moment of the power delay profile."""
        mean = (self.power * self.delay_s).sum()
        return float(((self.power * self.delay_s.square()).sum() - mean**2).clamp_min(0).sqrt())


def expansion(bandwidth_hz: float) -> int:
    """By how much the tap spacing of 10 ns is divided: 1 to 40 MHz, 2 to 80, 4 to 160, 8 above
    (IEEE 802.11-09/0308r12, table 1; kept by 11-14/0882r4 for 802.11ax and by 802.11be at 320 MHz)."""
    return next((k for k, limit in ((1, 40e6), (2, 80e6), (4, 160e6)) if bandwidth_hz <= limit * (1 + 1e-9)), 8)


@cache
def profile(model: Model, factor: int = 1) -> Profile:
    """The power delay profile of a model: a tap's power is the sum over the clusters that overlap there.

    ``factor`` k > 1: every tap of a cluster but its last is followed by k-1 new ones, 10/k ns apart, each of
    the power that linear interpolation in dB between the cluster's own neighbouring taps gives there.
    """
    table = _tables()[model]
    delay_ns = np.array(table["delay_ns"], dtype=np.float64)
    power: dict[float, float] = {}
    for cluster in table["clusters"]:
        level_db = np.array(cluster["power_db"], dtype=np.float64)
        own = delay_ns[cluster["first_tap"]:cluster["first_tap"] + len(level_db)]
        fine = np.arange(factor) * 10 / factor
        places = np.append((own[:-1, None] + fine).ravel(), own[-1])
        levels = units.db_to_ratio(torch.from_numpy(np.interp(places, own, level_db)))
        for place, level in zip(places.tolist(), levels.tolist(), strict=True):
            power[place] = power.get(place, 0.0) + level
    delays = sorted(power)
    values = torch.tensor([power[delay] for delay in delays], dtype=torch.float64)
    return Profile(torch.tensor(delays, dtype=torch.float64) * 1e-9, values / values.sum(),
                   float(table["k_factor_los_db"]))


@cache
def _tables() -> dict[str, Any]:
    text = resources.files("gensc.channel").joinpath("tgn.json").read_text(encoding="utf-8")
    tables: dict[str, Any] = json.loads(text)
    return tables


@register("channel", "tgn")
class TGn(Multipath):
    """Indoor multipath of IEEE 802.11-03/940r4 between single antennas: model "A" (flat) to "F" (large space).

    Taps are Rayleigh with the powers of ``profile``; with ``los`` the first tap is Rician with the model's
    K-factor, its power unchanged: sqrt(K/(K+1)) e^(j theta) + sqrt(1/(K+1)) CN(0,1), theta uniform, one an item.
    Above 40 MHz the taps are interpolated (see ``profile`` and ``expansion``) for ``bandwidth_mhz``, or, where
    that is None, for the sample rate or the occupied band tones * spacing_hz.

    ``speed_kmh`` is that of the surroundings (the standard's is 1.2) at ``carrier_ghz``; 0 keeps the gains
    still. The Doppler spectrum is the bell 1 / (1 + 9 (f/fd)^2), |f| <= 5 fd, fd = speed / wavelength; the
    line of sight does not move. Left out: fluorescent lamps (D, E), path loss and shadowing (the
    average Es/N0 is given), antenna arrays. See Multipath for symbols and samples.
    """

    def __init__(self, model: Model = "D", los: bool = False, speed_kmh: float = 0.0, carrier_ghz: float = 5.25,
                 bandwidth_mhz: float | None = None, tones: int = 242, spacing_hz: float = 78125.0) -> None:
        if model not in _tables():
            raise InputError(f"tgn: model is {model!r}; expected one of {', '.join(_tables())}")
        if not 0 <= speed_kmh < float("inf"):
            raise InputError(f"tgn: speed_kmh is {speed_kmh}; expected 0 or more km/h, e.g. 1.2")
        if not 0 < carrier_ghz < float("inf"):
            raise InputError(f"tgn: carrier_ghz is {carrier_ghz}; expected the carrier in GHz, e.g. 5.25")
        if bandwidth_mhz is not None and not 0 < bandwidth_mhz < float("inf"):
            raise InputError(f"tgn: bandwidth_mhz is {bandwidth_mhz}; expected a bandwidth in MHz, e.g. 80")
        self.doppler_hz = speed_kmh / 3.6 / LIGHT_M_S * carrier_ghz * 1e9
        super().__init__(Grid(tones, spacing_hz), BELL_EDGE * self.doppler_hz)
        self.model, self.los, self.bandwidth_mhz = model, los, bandwidth_mhz

    def profile(self, bandwidth_hz: float) -> Profile:
        """The power delay profile as a signal of this bandwidth sees it."""
        wide = bandwidth_hz if self.bandwidth_mhz is None else self.bandwidth_mhz * 1e6
        return profile(self.model, expansion(wide))

    def paths(self, rng: Rng, bandwidth_hz: float) -> Paths:
        known = self.profile(bandwidth_hz)
        shifts = self._shifts(rng.child("doppler"), len(known.power)) if self.doppler_hz > 0 else None
        if not self.los:
            return Paths(known.delay_s, scattered(rng.child("scatter"), known.power, shifts), shifts)
        free = 1 / (1 + 1 / float(units.db_to_ratio(known.k_db)))
        power = known.power.clone()
        power[0] *= 1 - free
        gain = scattered(rng.child("scatter"), power, shifts)
        direct = gain.new_zeros(*gain.shape[:2], 1)
        phase = turned(rng.child("line of sight").uniform(1).double())
        direct[:, :1, 0] = phase * math.sqrt(free * float(known.power[0]))
        if shifts is not None:
            shifts = torch.cat([shifts, shifts.new_zeros(*shifts.shape[:2], 1)], dim=2)
        return Paths(known.delay_s, torch.cat([gain, direct], dim=2), shifts)

    def _shifts(self, rng: Rng, taps: int) -> Tensor:
        """Doppler shifts in Hz, float32 [B,taps,SINUSOIDS], drawn from the bell spectrum."""
        # The integral of the bell is an arc tangent; its inverse turns a uniform number into a shift.
        edge = math.atan(math.sqrt(BELL) * BELL_EDGE)
        at = rng.uniform(taps, SINUSOIDS, low=-edge, high=edge)
        return (at.double().tan() * self.doppler_hz / math.sqrt(BELL)).float()
