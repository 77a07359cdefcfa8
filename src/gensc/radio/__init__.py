"""Software radio: recordings, GNU Radio and devices."""

from gensc.channel._gnuradio import ChannelModel, Loop

__all__ = ["ChannelModel", "Loop"]
