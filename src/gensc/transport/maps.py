"""The small learned maps at both ends of a transport of features."""

from typing import Literal

from torch import nn

Mapping = Literal["mlp", "linear"]


def learned_map(kind: Mapping, width: int, hidden: int, out: int) -> nn.Module:
    """[B,width] -> [B,out]: "linear", or "mlp" with one hidden layer of ``hidden`` units."""
    if kind == "linear":
        return nn.Linear(width, out)
    return nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, out))
