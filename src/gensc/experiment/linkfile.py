"""A trained link in one file: its trained weights (safetensors) and the experiment that made it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from gensc import __version__, config
from gensc.config import Experiment
from gensc.errors import InputError
from gensc.link import Link, build, learned
from gensc.machine import tensors
from gensc.registry import lookup, options_of


@dataclass(frozen=True)
class Card:
    """What a link file says of itself: the experiment, its seed, the classes, the data's digest, and how
    the training went. ``seen``: marks (``Dataset.marks``) of the items that it was trained and chosen on."""

    experiment: Experiment
    seed: int
    classes: tuple[str, ...]
    data: str
    trained: dict[str, Any]
    seen: tuple[int, ...] = ()


SEEN = "seen"
SOURCE = "`gensc train` and `gensc run` (OUT/links) write them (.safetensors)"


def save(path: Path, link: Link, card: Card, half: bool = False) -> None:
    """Write what a link has learned; the fingerprint of its codec stands for what is fixed. ``half``: weights in
    half precision."""
    names = learned(link)
    weights = {name: value.half() if half and value.is_floating_point() else value
               for name, value in link.state_dict().items() if name in names}
    facts = {**asdict(replace(card, seen=())), "experiment": config.to_table(card.experiment), "gensc": __version__,
             "codec": encoder_of(link)}
    tensors.write(path, {**weights, SEEN: torch.tensor(card.seen, dtype=torch.int32)}, facts)


def encoder_of(link: Link) -> str:
    """The identity of what is fixed in a link's encoder; "" where nothing is."""
    front = link.codec.front
    return "" if front is None else front.fingerprint


def take(link: Link, path: Path) -> tuple[int, ...]:
    """Start ``link`` from the weights of a link file: all those that both have, by name and shape. Returns the marks
    of the items that they have seen.

    Raises InputError where there are none.
    """
    weights, _ = tensors.read(path, "link file", SOURCE)
    seen = weights.pop(SEEN, torch.empty(0))
    own = link.state_dict()
    common = {name: value for name, value in weights.items() if name in own and own[name].shape == value.shape}
    if not common:
        raise InputError(f"{path} holds no weights that this link has: train.start needs a link of the same codec")
    link.load_state_dict({**own, **common})
    return tuple(seen.tolist())


def load(path: Path, changes: Mapping[str, Any] | None = None, cbr: float | None = None) -> tuple[Link, Card]:
    """A trained link in evaluation mode and its card; ``changes`` set keys of its experiment ("data.size": 64).

    ``cbr``: channel uses a value of a picture, where the codec has a choice, else of the transport.

    Raises InputError where the file is none, and where its weights do not fit what is changed.
    """
    weights, facts = tensors.read(path, "link file", SOURCE)
    try:
        card = Card(config.from_table(facts["experiment"]), facts["seed"], tuple(facts["classes"]), facts["data"],
                    facts["trained"], tuple(weights.pop(SEEN, torch.empty(0)).tolist()))
        encoder = facts["codec"]
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is no link file of gensc ({type(error).__name__}): {SOURCE}") from error
    experiment = config.changed(card.experiment, changes or {})
    if cbr is not None:
        experiment = config.changed(experiment, _at_ratio(experiment, cbr))
    card = replace(card, experiment=experiment)
    link = build(card.experiment.link, len(card.classes), card.experiment.data.size)
    if encoder_of(link) != encoder:
        raise InputError(f"{path} was trained on other encoder weights than those on this machine: "
                         "get the same weights, or train it again")
    own = link.state_dict()
    if {name: value.shape for name, value in weights.items()} != {name: own[name].shape for name in learned(link)}:
        raise InputError(f"{path} does not hold the layers of its own description" + (
            f" with {', '.join(changes)} changed: change less" if changes else ": it is damaged; train it again"))
    link.load_state_dict({**own, **weights})
    return link.eval(), card


def _at_ratio(experiment: Experiment, cbr: float) -> dict[str, Any]:
    """The change of an experiment that gives an item ``cbr`` channel uses a source value."""
    parts = experiment.link
    if "cbr" in options_of(lookup("codec", parts.codec.name)):
        return {"link.codec.cbr": cbr}
    if "cbr" in options_of(lookup("transport", parts.transport.name)):
        return {"link.transport.cbr": cbr, "link.transport.uses": 0}
    raise InputError(f"neither codec {parts.codec.name!r} nor transport {parts.transport.name!r} has a choice of "
                     "bandwidth ratio: leave --cbr out")
