"""Millimetre-wave multipath: the link-level models TDL and CDL of 3GPP TR 38.901."""

import json
import math
from functools import cache
from importlib import resources
from typing import Any, Literal

import torch
from torch import Tensor

from gensc import units
from gensc.channel.multipath import SINUSOIDS, Grid, Multipath, Paths, scattered, turned
from gensc.errors import InputError
from gensc.registry import register
from gensc.rng import Rng

Model = Literal["A", "B", "C", "D", "E"]
LIGHT_M_S = 299_792_458.0
CYCLIC_PREFIX = 144 / 2048
LOS_DOPPLER = 0.7
RAY_OFFSETS = (0.0447, 0.1413, 0.2492, 0.3715, 0.5129, 0.6797, 0.8844, 1.1481, 1.5195, 2.1551)
"""Ray offset angles for an rms angle spread of 1, each with both signs (TR 38.901, table 7.5-3)."""


class _LinkLevel(Multipath):
    """What TDL and CDL have in common: a table of delays and powers, scaled to a delay spread."""

    def __init__(self, kind: str, model: str, delay_spread_ns: float, carrier_ghz: float, speed_mps: float,
                 tones: int, spacing_hz: float) -> None:
        tables = _tables()
        if f"{kind}-{model}" not in tables:
            raise InputError(f"{kind.lower()}: model is {model!r}; expected one of A, B, C, D, E")
        for name, value in (("delay_spread_ns", delay_spread_ns), ("speed_mps", speed_mps)):
            if not 0 <= value < float("inf"):
                raise InputError(f"{kind.lower()}: {name} is {value}; expected 0 or more")
        if not 0.5 <= carrier_ghz <= 100:
            raise InputError(f"{kind.lower()}: carrier_ghz is {carrier_ghz}; TR 38.901 holds from 0.5 to 100 GHz")
        self.doppler_hz = speed_mps / LIGHT_M_S * carrier_ghz * 1e9
        super().__init__(Grid(tones, spacing_hz, CYCLIC_PREFIX), self.doppler_hz)
        self.model, self.delay_spread_ns = model, delay_spread_ns
        self.table = tables[f"{kind}-{model}"]
        power = units.db_to_ratio(torch.tensor(self.table["power_db"], dtype=torch.float64)).double()
        power = power / power.sum()
        # With a line of sight the table's first row is that path alone, and the second what is scattered beside it.
        self.direct = float(power[0]) if self.table["los"] else 0.0
        rows = slice(1 if self.table["los"] else 0, None)
        self.power = power[rows]
        self.delay_s = torch.tensor(self.table["delay"][rows], dtype=torch.float64) * delay_spread_ns * 1e-9

    def _with_direct(self, gain: Tensor, shifts: Tensor | None, rng: Rng, direct_hz: Tensor | float) -> Paths:
        """Paths of scattered gains [B,P,M] and shifts, and the line of sight in the first: a uniform phase an
        item and a shift of its own."""
        if not self.direct:
            return Paths(self.delay_s, gain, shifts)
        straight = gain.new_zeros(*gain.shape[:2], 1)
        straight[:, :1, 0] = turned(rng.uniform(1).double()) * math.sqrt(self.direct)
        if shifts is not None:
            own = shifts.new_zeros(*shifts.shape[:2], 1)
            own[:, :1, 0] = direct_hz
            shifts = torch.cat([shifts, own], dim=2)
        return Paths(self.delay_s, torch.cat([gain, straight], dim=2), shifts)


@register("channel", "tdl")
class TDL(_LinkLevel):
    """Tapped delay lines TDL-A to E of TR 38.901 V19.2, 7.7.2, between single antennas.

    Tap delays are the table's times ``delay_spread_ns`` (table 7.7.3-1: 10 very short, 30 short, 100 nominal, 300 long,
    1000 very long), powers the table's brought to sum 1. Taps are Rayleigh; the first of D and E is Rician with
    the table's K. At ``speed_mps`` each has the Jakes spectrum up to fd = speed / wavelength (16 sinusoids
    with Gaussian amplitudes, angles uniform) and the line of sight 0.7 fd; 0 keeps the gains still.
    The gains are drawn here, from each item's own stream; Sionna's TDL is the reference in the tests.
    See Multipath for symbols and samples; 792 tones of 120 kHz are a 100 MHz carrier.
    """

    def __init__(self, model: Model = "A", delay_spread_ns: float = 100.0, carrier_ghz: float = 28.0,
                 speed_mps: float = 0.0, tones: int = 792, spacing_hz: float = 120e3) -> None:
        super().__init__("TDL", model, delay_spread_ns, carrier_ghz, speed_mps, tones, spacing_hz)

    def paths(self, rng: Rng, bandwidth_hz: float) -> Paths:
        shifts = None
        if self.doppler_hz > 0:
            angle = rng.child("angles").uniform(len(self.power), SINUSOIDS).double() * 2 * math.pi
            shifts = (self.doppler_hz * angle.cos()).float()
        gain = scattered(rng.child("scatter"), self.power, shifts)
        return self._with_direct(gain, shifts, rng.child("line of sight"), LOS_DOPPLER * self.doppler_hz)


@register("channel", "cdl")
class CDL(_LinkLevel):
    """Clustered delay lines CDL-A to E of TR 38.901 V19.2, 7.7.1, between single vertical isotropic antennas.

    A cluster is 20 rays of equal power and uniform phases, and D and E have a line of sight besides. A receiver
    that moves at ``speed_mps`` in a horizontal direction, uniform, one an item, sees each ray at a Doppler
    shift of its own: speed / wavelength sin(zenith) cos(azimuth - direction), with the angles of arrival
    of equation 7.7-0a, coupled at random. Between such antennas the angles matter by Doppler alone, so a
    still CDL is a TDL with other tables. Delays, grid and the source of randomness are as in TDL;
    Sionna's CDL is the reference in the tests. Left out: arrays, antenna patterns, polarisation.
    """

    def __init__(self, model: Model = "A", delay_spread_ns: float = 100.0, carrier_ghz: float = 28.0,
                 speed_mps: float = 0.0, tones: int = 792, spacing_hz: float = 120e3) -> None:
        super().__init__("CDL", model, delay_spread_ns, carrier_ghz, speed_mps, tones, spacing_hz)

    def paths(self, rng: Rng, bandwidth_hz: float) -> Paths:
        rays = 2 * len(RAY_OFFSETS)
        phases = turned(rng.child("phases").uniform(len(self.power), rays).double())
        gain = (self.power / rays).sqrt().float()[:, None] * phases
        if self.doppler_hz == 0:
            return self._with_direct(gain, None, rng.child("line of sight"), 0.0)
        heading = rng.child("heading").uniform(1).double() * 360
        azimuth, zenith = self._rays(rng.child("coupling"))
        shifts = self._shift(azimuth, zenith, heading[:, :, None])
        ahead = self._shift(torch.tensor(self.table["azimuth_of_arrival_deg"][0]),
                            torch.tensor(self.table["zenith_of_arrival_deg"][0]), heading)
        return self._with_direct(gain, shifts, rng.child("line of sight"), ahead)

    def _rays(self, rng: Rng) -> tuple[Tensor, Tensor]:
        """Azimuth and zenith of arrival of every ray in degrees, [P,20] and [B,P,20]: which zenith goes with which
        azimuth is drawn anew in every cluster of every item."""
        offsets = torch.tensor([sign * one for one in RAY_OFFSETS for sign in (1, -1)], dtype=torch.float64)
        rows = slice(1 if self.direct else 0, None)
        azimuth, zenith = (torch.tensor(self.table[f"{name}_of_arrival_deg"][rows], dtype=torch.float64)[:, None]
                           + self.table[f"{name}_spread_deg"] * offsets for name in ("azimuth", "zenith"))
        order = rng.uniform(*zenith.shape).argsort(dim=2, stable=True)
        return azimuth, zenith.expand(order.shape).gather(2, order)

    def _shift(self, azimuth: Tensor, zenith: Tensor, heading: Tensor) -> Tensor:
        """Doppler shifts in Hz float32 of rays that arrive from these angles, all in degrees."""
        along = torch.deg2rad(zenith).sin() * torch.deg2rad(azimuth - heading).cos()
        return (self.doppler_hz * along).float()


@cache
def _tables() -> dict[str, Any]:
    text = resources.files("gensc.channel").joinpath("tr38901.json").read_text(encoding="utf-8")
    tables: dict[str, Any] = json.loads(text)
    return tables
