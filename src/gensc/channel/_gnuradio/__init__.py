"""GNU Radio in a process of its own, under the Python that it is installed for."""

from gensc.channel._gnuradio.loop import ChannelModel, Loop

__all__ = ["ChannelModel", "Loop"]
