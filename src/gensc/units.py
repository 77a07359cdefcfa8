"""Decibels, noise power and bandwidth ratios: the only file that turns dB into ratios.

Convention everywhere: ``snr_db`` is Es/N0 per complex channel use, from the nominal symbol power 1.
Complex noise is CN(0, N0), which is N0/2 per real dimension.
"""

import math

import torch
from torch import Tensor

from gensc.errors import InputError

DB_PER_NEPER_OF_POWER = 10 / math.log(10)


def db_to_ratio(db: Tensor | float) -> Tensor:
    """Power ratio 10^(dB/10), float32, in the shape of the input (plus infinity gives infinity)."""
    return torch.pow(10.0, torch.as_tensor(db, dtype=torch.float64) / 10).to(torch.float32)


def ratio_to_db(ratio: Tensor | float) -> Tensor:
    """10 log10 of a power ratio, float32; a ratio of 0 is minus infinity."""
    return (10 * torch.log10(torch.as_tensor(ratio, dtype=torch.float64))).to(torch.float32)


def noise_power(snr_db: Tensor | float) -> Tensor:
    """N0 for unit symbol power: 10^(-snr_db/10); infinite SNR gives exactly 0."""
    return db_to_ratio(-torch.as_tensor(snr_db, dtype=torch.float64))


def airtime_s(uses: Tensor | float, bandwidth_hz: float) -> Tensor:
    """Seconds on the air: one complex channel use takes 1/bandwidth seconds (Nyquist)."""
    if not bandwidth_hz > 0:
        raise InputError(f"bandwidth_hz is {bandwidth_hz}: give a bandwidth above 0 Hz, e.g. 20e6")
    return torch.as_tensor(uses, dtype=torch.float32) / bandwidth_hz


def checked_snr_db(snr_db: Tensor | float | list[float], items: int) -> Tensor:
    """``snr_db`` as a float32 tensor [B]; a number is spread over the B items; nan is refused.

    Plus infinity means no noise. Raises InputError on nan, minus infinity or a wrong length.
    """
    value = torch.as_tensor(snr_db, dtype=torch.float32)
    if torch.isnan(value).any():
        raise InputError("snr_db holds nan: give Es/N0 in dB as a number, e.g. 10 (inf switches noise off)")
    if torch.isneginf(value).any():
        raise InputError("snr_db is -inf: no signal power at all; give a finite number of dB, e.g. -20")
    if value.ndim == 0:
        return value.expand(items).contiguous()
    if value.shape != (items,):
        raise InputError(f"snr_db has shape {tuple(value.shape)}, the batch has {items} items: "
                         f"give one number or a tensor [{items}]")
    return value
