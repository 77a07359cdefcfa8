"""Attenuation by atmospheric gases: oxygen and water vapour line by line, ITU-R P.676 Annex 1."""

import json
from functools import cache
from importlib import resources

import torch
from torch import Tensor

from gensc.errors import InputError

LOWEST_GHZ, HIGHEST_GHZ = 1.0, 1000.0


def attenuation_db_km(frequency_ghz: Tensor, temperature_c: float = 15.0, pressure_hpa: float = 1013.25,
                      water_g_m3: float = 7.5) -> Tensor:
    """Specific attenuation in dB/km at frequencies float64 [F] in GHz, 1 to 1000 (ITU-R P.676-13, equations 1 to 9).

    ``pressure_hpa`` is that of the dry air, without the vapour's; ``water_g_m3`` the density of water vapour. The
    defaults are those of the ITU-R validation examples and of the figures in the recommendation. Raises
    InputError outside its range.
    """
    f = frequency_ghz.double()
    if not bool(((f >= LOWEST_GHZ) & (f <= HIGHEST_GHZ)).all()):
        raise InputError(f"frequencies from {float(f.min()):g} to {float(f.max()):g} GHz: ITU-R P.676 gives the "
                         f"attenuation from {LOWEST_GHZ:g} to {HIGHEST_GHZ:g} GHz; move the carrier or narrow the band")
    kelvin = temperature_c + 273.15
    vapour = water_g_m3 * kelvin / 216.7
    if not (kelvin > 0 and 0 <= pressure_hpa < float("inf") and 0 <= vapour < float("inf")):
        raise InputError(f"temperature_c {temperature_c}, pressure_hpa {pressure_hpa}, water_g_m3 {water_g_m3} is no "
                         "air: expected a temperature above -273.15 C, and 0 or more of pressure and water")
    air = pressure_hpa, vapour, 300 / kelvin
    return 0.1820 * f * (_oxygen(f, *air) + _continuum(f, *air) + _water(f, *air))


def _oxygen(f: Tensor, dry: float, vapour: float, theta: float) -> Tensor:
    f0, a1, a2, a3, a4, a5, a6 = _lines("oxygen")
    strength = a1 * 1e-7 * dry * theta**3 * (a2 * (1 - theta)).exp()
    width = a3 * 1e-4 * (dry * theta ** (0.8 - a4) + 1.1 * vapour * theta)
    width = (width.square() + 2.25e-6).sqrt()
    overlap = (a5 + a6 * theta) * 1e-4 * (dry + vapour) * theta**0.8
    return _summed(f, f0, strength, width, overlap)


def _water(f: Tensor, dry: float, vapour: float, theta: float) -> Tensor:
    f0, b1, b2, b3, b4, b5, b6 = _lines("water")
    strength = b1 * 1e-1 * vapour * theta**3.5 * (b2 * (1 - theta)).exp()
    width = b3 * 1e-4 * (dry * theta**b4 + b5 * vapour * theta**b6)
    width = 0.535 * width + (0.217 * width.square() + 2.1316e-12 * f0.square() / theta).sqrt()
    return _summed(f, f0, strength, width, torch.zeros_like(f0))


def _summed(f: Tensor, f0: Tensor, strength: Tensor, width: Tensor, overlap: Tensor) -> Tensor:
    """Sum over the lines [L] of strength times the shape of Van Vleck and Weisskopf at f [F]."""
    below, above = f0 - f[:, None], f0 + f[:, None]
    shape = (width - overlap * below) / (below.square() + width.square())
    shape = shape + (width - overlap * above) / (above.square() + width.square())
    return (strength * f[:, None] / f0 * shape).sum(dim=1)


def _continuum(f: Tensor, dry: float, vapour: float, theta: float) -> Tensor:
    """The non-resonant Debye spectrum of oxygen below 10 GHz, and pressure-induced nitrogen above 100 GHz."""
    width = 5.6e-4 * (dry + vapour) * theta**0.8
    debye = 6.14e-5 / (width * (1 + (f / width).square()))
    nitrogen = 1.4e-12 * dry * theta**1.5 / (1 + 1.9e-5 * f**1.5)
    return f * dry * theta**2 * (debye + nitrogen)


@cache
def _lines(gas: str) -> Tensor:
    """The spectroscopic table of a gas, float64 [7,L]: frequency in GHz, then a1 to a6 or b1 to b6."""
    text = resources.files("gensc.channel").joinpath("gases.json").read_text(encoding="utf-8")
    return torch.tensor(json.loads(text)[gas], dtype=torch.float64).T
