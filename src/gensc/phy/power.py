"""Real values as symbols of unit power, and back."""

import torch
from torch import Tensor


def unit_power(flat: Tensor) -> tuple[Tensor, Tensor]:
    """Real values [B,n] as complex symbols complex64 [B,k], each pair of neighbours one symbol, and which of them are
    sent (1.0 or 0.0, float32 [B,k]): those up to the last that is not 0. A zero before it is sent, at no power.

    The symbols that are sent have unit mean power an item. An item that is all zero sends nothing.
    """
    padded = torch.nn.functional.pad(flat, (0, flat.shape[1] % 2))
    pairs = padded.view(len(flat), -1, 2)
    sent = (pairs != 0).any(dim=2).flip(1).cummax(dim=1).values.flip(1).float()
    peak = pairs.detach().abs().amax(dim=(1, 2), keepdim=True)
    pairs = pairs / torch.where(peak > 0, peak, 1)
    power = pairs.square().sum(dim=(1, 2), keepdim=True) / sent.sum(dim=1).clamp_min(1)[:, None, None]
    return torch.view_as_complex((pairs * torch.where(power > 0, power, 1).rsqrt()).contiguous()), sent


def as_symbols(flat: Tensor) -> Tensor:
    """Real values [B,n] as ceil(n/2) complex symbols of unit mean power an item (an odd n gets a zero).

    An item that is all zero stays all zero.
    """
    peak = flat.detach().abs().amax(dim=1, keepdim=True)
    flat = flat / torch.where(peak > 0, peak, 1)
    padded = torch.nn.functional.pad(flat, (0, flat.shape[1] % 2))
    symbols = torch.view_as_complex(padded.view(len(flat), -1, 2).contiguous())
    power = symbols.abs().square().mean(dim=1, keepdim=True)
    return symbols * torch.where(power > 0, power, 1).rsqrt()


def as_features(symbols: Tensor, features: int) -> Tensor:
    """Complex symbols [B,k] as the first ``features`` of their 2k real values."""
    return torch.view_as_real(symbols).flatten(1)[:, :features]
