"""The LDPC codes of IEEE 802.11 and 5G NR: tables, encoder, layered min-sum decoder, fitting to any number of bits."""

from gensc.phy.ldpc.codes import NAMES, Code, code
from gensc.phy.ldpc.quasicyclic import Decoded

__all__ = ["NAMES", "Code", "Decoded", "code"]
