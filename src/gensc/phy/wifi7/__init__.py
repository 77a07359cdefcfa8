"""The 802.11be (Wi-Fi 7) single-user frame: a transmitter, and a receiver that works on a bare recording."""

from gensc.phy.wifi7.layout import longest_payload
from gensc.phy.wifi7.phy import Phy, rate_mbps, rate_table
from gensc.phy.wifi7.receive import Frame, Packet, decode, front_end, receive, receive_many
from gensc.phy.wifi7.transmit import transmit

__all__ = ["Frame", "Packet", "Phy", "decode", "front_end", "longest_payload", "rate_mbps", "rate_table", "receive",
           "receive_many", "transmit"]
