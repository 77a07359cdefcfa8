"""Variational picture codecs with a learned prior: as bytes, and as symbols of a rate that follows the content."""

from gensc.codec.vae.digital import Vae
from gensc.codec.vae.symbols import VaeSymbols

__all__ = ["Vae", "VaeSymbols"]
