"""The 802.11be (Wi-Fi 7) single-user frame: transmitter and a receiver that works on a bare recording."""
