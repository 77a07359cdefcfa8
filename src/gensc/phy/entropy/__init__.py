"""Entropy coding of whole numbers with a model that both ends hold."""

from gensc.phy.entropy.prior import Prior, decode_with, encode_with, finest_step

__all__ = ["Prior", "decode_with", "encode_with", "finest_step"]
