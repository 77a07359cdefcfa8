"""Equalisers of a symbol-spaced multipath channel y_n = sum_l h_l x_(n-l) + n: blind ones and one with pilots."""

from gensc.phy.equaliser.cma import constant_modulus
from gensc.phy.equaliser.filters import aligned, centred, convolved
from gensc.phy.equaliser.mmse import estimated, mmse
from gensc.phy.equaliser.vae import variational

__all__ = ["aligned", "centred", "constant_modulus", "convolved", "estimated", "mmse", "variational"]
