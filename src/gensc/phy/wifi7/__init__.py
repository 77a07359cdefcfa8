"""The 802.11be (Wi-Fi 7) single-user frame: a transmitter, and a receiver that works on a bare recording."""

from gensc.phy.wifi7.layout import longest_payload
from gensc.phy.wifi7.phy import Phy
from gensc.phy.wifi7.receive import Frame, Packet, decode, front_end, receive, receive_many
from gensc.phy.wifi7.transmit import transmit

__all__ = ["Frame", "Packet", "Phy", "decode", "front_end", "longest_payload", "receive", "receive_many",
           "transmit"]
