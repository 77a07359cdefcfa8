"""Diffusion: how noise is added and taken away again, apart from the network that estimates it."""

from gensc.diffusion.schedule import Schedule

__all__ = ["Schedule"]
