"""Transports: carry a payload over a channel and say what it cost."""

from gensc.transport.analog import Analog
from gensc.transport.base import Transport
from gensc.transport.features import Features

__all__ = ["Analog", "Features", "Transport"]
