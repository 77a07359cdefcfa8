"""The classical link beside a semantic one: the same channel uses, channel and task."""

import math
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import torch

from gensc import config
from gensc.codec.picture.codec import Format
from gensc.config import Experiment
from gensc.data.dataset import Dataset
from gensc.data.open import open_source
from gensc.errors import InputError
from gensc.link import build, make
from gensc.registry import lookup, nearest, options_of
from gensc.rng import Rng
from gensc.signal import State

Scheme = dict[str, Any]
SEPARATE, BOUND = "digital", "capacity"
"""The transports that a link is set against."""
PROBES, SIDE, CLASSES = "vehicles:8", 64, 2
"""The pictures, their side in px where the experiment names none, and the number of classes of the task, with which a
link is asked what it costs."""
FADING_TARGET = 0.1
"""Over block fading a target of 1 % would cost most of the rate: deep fades are lost anyway."""


def with_baseline(experiment: Experiment, formats: tuple[str, ...]) -> Experiment:
    """The experiment and, for each of its links, separate source and channel coding at equal uses.

    Links that deliver pictures are set against picture files (``formats``) over ``digital``, and against the bound,
    the same files over ``capacity``. Links of features are set against the same features, quantised and
    entropy-coded, over both. Raises InputError for an unknown format, and where nothing is to be compared.
    """
    for one in formats:
        if one not in get_args(Format):
            raise InputError(f"there is no picture format {one!r}{nearest(one, get_args(Format))}: expected "
                             f"{', '.join(get_args(Format))}, between commas")
    schemes = config.combinations(experiment)
    added: list[Scheme] = []
    for scheme, link in zip(schemes, config.expand(experiment), strict=True):
        for made in _separate(scheme, link, formats):
            if made not in schemes + added:
                added.append(made)
    if not added:
        raise InputError(f"{experiment.name}: all its links are classical ones already; leave --baseline out")
    return replace(experiment, schemes=(*schemes, *added), grid={})


def _separate(scheme: Scheme, experiment: Experiment, formats: tuple[str, ...]) -> list[Scheme]:
    link = experiment.link
    if getattr(lookup("transport", link.transport.name), "role", "link") != "link":
        return []
    rival = make("task", link.task, classes=CLASSES).rival
    dropped = ("link.transport.", "link.codec.", "train.") if rival else ("link.transport.",)
    kept = {key: value for key, value in scheme.items() if not key.startswith(dropped)}
    codecs: list[Scheme] = [{}]
    if rival:
        # What the link's training starts from is no weights of its rival, which has nothing to learn.
        untrained: Scheme = {"train.start": "", "train.epochs": 1} if experiment.train.start else {}
        codecs = [{"link.codec.name": rival, "link.codec.format": one, **untrained} for one in formats]
    uses = _uses(experiment)
    transports = _digital(experiment, uses), {"link.transport.name": BOUND, **uses}
    return [{**kept, **codec, **transport} for codec in codecs for transport in transports]


def _uses(experiment: Experiment) -> Scheme:
    """Channel uses of an item of a link: its option, where it has one, else the most that it took to deliver one of the
    PROBES; as a bandwidth ratio where items are of any size."""
    part, size = experiment.link.transport, experiment.data.size
    options = options_of(lookup("transport", part.name))
    if "uses" in options:
        return {"link.transport.uses": int(part.options.get("uses", options["uses"][1]))}
    side = size or SIDE
    source = open_source(PROBES, side)
    batch = Dataset(source, np.arange(len(source))).batch(range(len(source)))
    with Rng.seeded(0, "layers").torch_seeded():
        link = build(experiment.link, CLASSES, side).eval()
    with torch.no_grad():
        outcome = link(batch, State.of(10.0, len(batch), Rng.seeded(0), experiment.evaluate.csi))
    uses = math.ceil(float(outcome.delivery.cost.uses.max()))
    return {"link.transport.uses": uses} if size else {"link.transport.uses": 0,
                                                       "link.transport.cbr": uses / (3 * side**2)}


def _digital(experiment: Experiment, uses: Scheme) -> Scheme:
    scheme: Scheme = {"link.transport.name": SEPARATE, **uses}
    channel = experiment.link.channel
    if channel.name in ("rayleigh", "rician") and channel.options.get("fading", "block") == "block":
        scheme |= {"link.transport.fading": "rayleigh", "link.transport.target": FADING_TARGET}
    return scheme
