"""The LDPC codes of IEEE 802.11: tables, encoder, layered min-sum decoder, and fitting to any number of bits."""

from gensc.phy.ldpc.codes import NAMES, Code, Decoded, code

__all__ = ["NAMES", "Code", "Decoded", "code"]
