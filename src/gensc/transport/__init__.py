"""Transports: carry parts over a channel and say what it cost."""

from gensc.transport.analog import Analog
from gensc.transport.base import Transport
from gensc.transport.capacity import Capacity
from gensc.transport.digital import Digital
from gensc.transport.features import Features
from gensc.transport.harq import Harq
from gensc.transport.qubit import Qubit
from gensc.transport.sealed import Sealed
from gensc.transport.split import Split
from gensc.transport.symbols import Symbols
from gensc.transport.wifi7 import Wifi7
from gensc.transport.words import Words

__all__ = ["Analog", "Capacity", "Digital", "Features", "Harq", "Qubit", "Sealed", "Split", "Symbols", "Transport",
           "Wifi7", "Words"]
