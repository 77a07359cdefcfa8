"""Entropy coding of whole numbers with a model that both ends hold."""

from gensc.phy.entropy.coder import bits_of
from gensc.phy.entropy.prior import Prior, decode_with, encode_with, finest_step

__all__ = ["Prior", "bits_of", "decode_with", "encode_with", "finest_step"]
