"""Trained weights: what there is, under which licence, where it comes from, and whether it is at hand."""

from gensc.zoo.network import Network, load
from gensc.zoo.source import Weights

__all__ = ["Network", "Weights", "load"]
