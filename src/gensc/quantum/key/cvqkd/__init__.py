"""Continuous-variable quantum key distribution: GG02 (Gaussian-modulated coherent states) from pulses to key.

Everything is in shot-noise units (the variance of vacuum is 1), the excess noise is that at the channel input.
"""
