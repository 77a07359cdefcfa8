"""Decoder heads of the paper: two or three fully connected layers."""

from torch import nn

from gensc.registry import register


@register("head", "3xfc")
def three_fc(width: int, classes: int) -> nn.Module:
    """Three fully connected layers, width -> 512 -> 256 -> classes, batch norm and dropout between."""
    return nn.Sequential(nn.BatchNorm1d(width), *_layer(width, 512), *_layer(512, 256), nn.Linear(256, classes))


@register("head", "2xfc")
def two_fc(width: int, classes: int) -> nn.Module:
    """Two fully connected layers, width -> 256 -> classes, batch norm and dropout between."""
    return nn.Sequential(nn.BatchNorm1d(width), *_layer(width, 256), nn.Linear(256, classes))


def _layer(width: int, out: int) -> list[nn.Module]:
    return [nn.Linear(width, out), nn.BatchNorm1d(out), nn.ReLU(), nn.Dropout(0.5)]
