"""Trained weights: what there is, under which licence, where it comes from, and whether it is at hand."""

from gensc.zoo.backbones import Asset
from gensc.zoo.network import Network, load

__all__ = ["Asset", "Network", "load"]
