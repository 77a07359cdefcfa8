"""Diffusion at the receiver: it takes noise off the received symbols, and gives decoded pictures detail."""

from gensc.codec.diffusion.codec import Diffusion

__all__ = ["Diffusion"]
