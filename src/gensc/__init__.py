"""gensc: an open testbed for generative semantic communication.

A link is a codec, a transport and a task:

>>> import gensc, torch
>>> from gensc import Link, channel, codec, task, transport
>>> link = Link(codec.Jscc(cbr=1 / 12), transport.Symbols(channel.Rayleigh()), task.Reconstruct())
>>> outcome = gensc.send(link, torch.rand(1, 3, 64, 96), snr_db=10.0)
>>> tuple(outcome.prediction.shape), outcome.delivery.cost.uses.tolist()
((1, 3, 64, 96), [1536.0])
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gensc.batch import Batch
    from gensc.config import Experiment, TrainSpec
    from gensc.experiment.verbs import evaluate, load, run, send, train
    from gensc.link import Link, Outcome
    from gensc.rng import Rng
    from gensc.session import Session
    from gensc.signal import Cost, Delivery, Signal, Soft, State

__version__ = "0.1.0"
_HOMES = {
    "gensc.batch": ("Batch",), "gensc.config": ("Experiment", "TrainSpec"), "gensc.link": ("Link", "Outcome"),
    "gensc.rng": ("Rng",), "gensc.session": ("Session",),
    "gensc.signal": ("Cost", "Delivery", "Signal", "Soft", "State"),
    "gensc.experiment.verbs": ("evaluate", "load", "run", "send", "train"),
}
_PACKAGES = ("channel", "codec", "data", "metric", "phy", "task", "transport", "zoo")
__all__ = ["Batch", "Cost", "Delivery", "Experiment", "Link", "Outcome", "Rng", "Session", "Signal", "Soft", "State",
           "TrainSpec", "__version__", "evaluate", "load", "run", "send", "train"]


def __getattr__(name: str) -> Any:
    """Names are imported when first used, so that ``import gensc`` stays quick."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(home), name)
    if name in _PACKAGES:
        return importlib.import_module(f"gensc.{name}")
    raise AttributeError(f"module 'gensc' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, *_PACKAGES]
