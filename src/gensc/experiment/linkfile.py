"""A trained link in one file: its trained weights (safetensors) and the experiment that made it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from inspect import signature
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from safetensors.torch import save as dump
from torch import Tensor

from gensc import __version__, config, registry
from gensc.config import Experiment
from gensc.errors import InputError
from gensc.link import Link, build, learned
from gensc.machine import files


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


def save(path: Path, link: Link, card: Card, half: bool = False) -> None:
    """Write what a link has learned; the fingerprint of its codec stands for what is fixed. ``half``: weights in
    half precision."""
    names = learned(link)
    weights = {name: (value.half() if half and value.is_floating_point() else value).contiguous()
               for name, value in link.state_dict().items() if name in names}
    facts = {**asdict(replace(card, seen=())), "experiment": config.to_table(card.experiment), "gensc": __version__,
             "codec": link.codec.fingerprint() if link.codec.stored else ""}
    whole = dump({**weights, SEEN: torch.tensor(card.seen, dtype=torch.int32)}, {"gensc": json.dumps(facts)})
    files.write_with(path, lambda temporary: temporary.write_bytes(whole))


def take(link: Link, path: Path) -> tuple[int, ...]:
    """Start ``link`` from the weights of a link file: all those that both have, by name and shape. Returns the marks
    of the items that they have seen.

    Raises InputError where there are none.
    """
    weights, _ = _read(path)
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
    weights, facts = _read(path)
    try:
        card = Card(config.from_table(facts["experiment"]), facts["seed"], tuple(facts["classes"]), facts["data"],
                    facts["trained"], tuple(weights.pop(SEEN, torch.empty(0)).tolist()))
        encoder = facts["codec"]
    except (KeyError, TypeError, AttributeError) as error:
        raise _foreign(path, error) from error
    experiment = config.changed(card.experiment, changes or {})
    if cbr is not None:
        experiment = config.changed(experiment, _at_ratio(experiment, cbr))
    card = replace(card, experiment=experiment)
    link = build(card.experiment.link, len(card.classes), card.experiment.data.size)
    if link.codec.stored and link.codec.fingerprint() != encoder:
        raise InputError(f"{path} was trained on other encoder weights than those on this machine: "
                         "get the same weights, or train it again")
    own = link.state_dict()
    if {name: value.shape for name, value in weights.items()} != {name: own[name].shape for name in learned(link)}:
        raise InputError(f"{path} does not hold the layers of its own description" + (
            f" with {', '.join(changes)} changed: change less" if changes else ": it is damaged; train it again"))
    link.load_state_dict({**own, **weights})
    return link.eval(), card


def _at_ratio(experiment: Experiment, cbr: float) -> dict[str, Any]:
    """The change of an experiment that gives a picture ``cbr`` channel uses a value."""
    parts = experiment.link
    if "cbr" in signature(registry.lookup("codec", parts.codec.name)).parameters:
        return {"link.codec.cbr": cbr}
    if "uses" in signature(registry.lookup("transport", parts.transport.name)).parameters:
        return {"link.transport.uses": round(3 * experiment.data.size**2 * cbr)}
    raise InputError(f"neither codec {parts.codec.name!r} nor transport {parts.transport.name!r} has a choice of "
                     "bandwidth ratio: leave --cbr out")


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors of a link file and the facts in its header."""
    if not path.exists():
        raise InputError(f"there is no link file {path}: `gensc train` and `gensc run` write them (OUT/links)")
    try:
        with safe_open(path, framework="pt") as opened:
            facts = json.loads((opened.metadata() or {})["gensc"])
        return load_file(path), facts
    except (SafetensorError, OSError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise _foreign(path, error) from error


def _foreign(path: Path, error: Exception) -> InputError:
    return InputError(f"{path} is no link file of gensc ({type(error).__name__}): expected the .safetensors that "
                      "`gensc train` or `gensc run` writes")
