"""gensc: an open testbed for generative semantic communication.

A link is a codec, a transport and a task:

>>> from gensc import Link, Rng, State, channel, codec, task, transport
>>> link = Link(codec.Backbone(), transport.Analog(channel.Rayleigh(), uses=128), task.Classify(16))
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gensc.batch import Batch
    from gensc.link import Link, Outcome
    from gensc.rng import Rng
    from gensc.signal import Signal, State

__version__ = "0.1.0"
_HOMES = {"Batch": "gensc.batch", "Link": "gensc.link", "Outcome": "gensc.link", "Rng": "gensc.rng",
          "Signal": "gensc.signal", "State": "gensc.signal"}
_PACKAGES = ("channel", "codec", "data", "metric", "task", "transport", "zoo")
__all__ = ["Batch", "Link", "Outcome", "Rng", "Signal", "State", "__version__"]


def __getattr__(name: str) -> Any:
    """Names are imported when first used, so that ``import gensc`` stays quick."""
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in _PACKAGES:
        return importlib.import_module(f"gensc.{name}")
    raise AttributeError(f"module 'gensc' has no attribute {name!r}")
