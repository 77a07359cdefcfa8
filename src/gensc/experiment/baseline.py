"""The classical links beside a semantic one: the same channel, pilots, knowledge, task and measured channel uses."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
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
SEPARATE, IDEAL, DECIDING, DECIDED = "digital", "capacity", "decision", "words"
"""The transports that a link is set against, and the codec and transport of a sender that decides."""
PROBES, SIDE, CLASSES = "vehicles:8", 64, 2
"""The pictures, their side in px where the experiment names none, and the number of classes of the task, with which a
link is asked what it costs."""
PROBE_DB = 10.0


@dataclass(frozen=True)
class Compared:
    """An experiment with the rivals of its links, and a sentence on each rival that there can't be."""

    experiment: Experiment
    notes: tuple[str, ...]


def with_baseline(experiment: Experiment, formats: tuple[str, ...]) -> Compared:
    """The experiment and, for each of its links, what a classical link makes of the same channel uses, as measured on
    the same items:

    - separate source and channel coding: picture files (``formats``) for links that deliver pictures, else the same
      features, quantised and entropy-coded, over ``digital``; how many items may be lost is chosen on validation items;
    - the same behind an ideal channel code, over ``capacity``, where the channel has one;
    - for a task with a small answer, the decision at the sender, by the same network, sent as a word.

    Raises InputError for an unknown format, where nothing is to be compared, and for a link that can't run itself.
    """
    for one in formats:
        if one not in get_args(Format):
            raise InputError(f"there is no picture format {one!r}{nearest(one, get_args(Format))}: expected "
                             f"{', '.join(get_args(Format))}, between commas")
    schemes = config.combinations(experiment)
    added: list[Scheme] = []
    notes: list[str] = []
    for place, (scheme, link) in enumerate(zip(schemes, config.expand(experiment), strict=True)):
        if getattr(lookup("transport", link.link.transport.name), "role", "link") != "link":
            continue
        uses = delivered_uses(link)
        for rival in _rivals(scheme, link, formats, uses):
            granted = {**rival, "evaluate.uses_of": place}
            if rival in schemes or any({**one, "evaluate.uses_of": 0} == {**granted, "evaluate.uses_of": 0}
                                       and not uses.vary for one in added):
                continue
            try:
                delivered_uses(config.changed(replace(experiment, schemes=(), grid={}), rival))
            except InputError as error:
                notes.append(f"link {place + 1} has no rival {_called(rival)}: {error}")
                continue
            added.append(granted)
    if not added and not notes:
        raise InputError(f"{experiment.name}: all its links are classical ones already; leave --baseline out")
    return Compared(replace(experiment, schemes=(*schemes, *added), grid={}), tuple(dict.fromkeys(notes)))


@dataclass(frozen=True)
class Uses:
    """Channel uses of a link, as delivered: the most of an item of ``values`` source values, and whether they ``vary``
    between items of one size."""

    most: int
    values: float
    vary: bool


@torch.no_grad()
def delivered_uses(experiment: Experiment) -> Uses:
    """What a link of a concrete experiment takes to deliver one of the PROBES. Raises InputError where it can't."""
    side = experiment.data.size or SIDE
    source = open_source(PROBES, side)
    batch = Dataset(source, np.arange(len(source))).batch(range(len(source)))
    with Rng.seeded(0, "layers").torch_seeded():
        link = build(experiment.link, CLASSES, side).eval()
    outcome = link(batch, State.of(PROBE_DB, len(batch), Rng.seeded(0), experiment.evaluate.csi))
    uses = outcome.delivery.cost.uses
    return Uses(math.ceil(float(uses.max())), 3.0 * side**2, bool((uses != uses[0]).any()))


def _rivals(scheme: Scheme, experiment: Experiment, formats: Sequence[str], uses: Uses) -> Iterator[Scheme]:
    link, size = experiment.link, experiment.data.size
    task = make("task", link.task, classes=CLASSES)
    kept = {key: value for key, value in scheme.items() if not key.startswith("link.transport.")}
    codecs = [kept]
    if task.rival:
        kept = {key: value for key, value in kept.items() if not key.startswith(("link.codec.", "train."))}
        # What the link's training starts from is no weights of its rival, which has nothing to learn.
        untrained: Scheme = {"train.start": "", "train.epochs": 1} if experiment.train.start else {}
        codecs = [{**kept, "link.codec.name": task.rival, "link.codec.format": one, **untrained} for one in formats]
    granted: Scheme = {"link.transport.uses": uses.most} if size else {
        "link.transport.uses": 0, "link.transport.cbr": uses.most / uses.values}
    pilots = {"link.transport.pilots": link.transport.options["pilots"]} if link.transport.options.get("pilots") else {}
    for codec in codecs:
        yield {**codec, "link.transport.name": SEPARATE, **granted, **pilots, "link.transport.target": "best"}
        yield {**codec, "link.transport.name": IDEAL, **granted}
    if task.answers and size:
        kept = {key: value for key, value in kept.items() if not key.startswith(("link.codec.", "link.task."))}
        head = {name: value for name, value in link.task.options.items()
                if name in options_of(lookup("codec", DECIDING))}
        yield {**kept, "link.codec.name": DECIDING, "link.codec.of": {"name": link.codec.name, **link.codec.options},
               **{f"link.codec.{name}": value for name, value in head.items()}, "link.task.name": link.task.name,
               "link.transport.name": DECIDED, "link.transport.uses": uses.most, **pilots}


def _called(scheme: Scheme) -> str:
    return " ".join(str(scheme[key]) for key in ("link.codec.name", "link.codec.format", "link.transport.name")
                    if key in scheme)
