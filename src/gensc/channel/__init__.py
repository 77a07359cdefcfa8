"""Channels: physics between two antennas, one file each."""

from gensc.channel.awgn import AWGN
from gensc.channel.base import Channel
from gensc.channel.chain import Chain
from gensc.channel.fading import Rayleigh, Rician
from gensc.channel.interference import Interference
from gensc.channel.mix import Mix
from gensc.channel.phase import PhaseNoise

__all__ = ["AWGN", "Chain", "Channel", "Interference", "Mix", "PhaseNoise", "Rayleigh", "Rician"]
