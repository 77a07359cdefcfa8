"""Entropy coding of whole numbers: streams that decode alone, and streams for a model that both ends hold."""

from gensc.phy.entropy.shared import Prior, decode_with, encode_with, finest_step, rate_bits
from gensc.phy.entropy.stream import decode, decode_many, encode, encode_many, information_bits

__all__ = ["Prior", "decode", "decode_many", "decode_with", "encode", "encode_many", "encode_with", "finest_step",
           "information_bits", "rate_bits"]
