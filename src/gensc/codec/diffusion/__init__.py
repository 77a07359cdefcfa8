"""Diffusion at the receiver: away with the channel's noise, and back with the detail."""

from gensc.codec.diffusion.codec import Diffusion

__all__ = ["Diffusion"]
