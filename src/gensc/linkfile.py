"""A trained link in one file: its trained weights (safetensors) and the experiment that made it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from safetensors.torch import save as dump

from gensc import __version__, config, files
from gensc.config import Experiment
from gensc.errors import InputError
from gensc.link import Link, build, learned


@dataclass(frozen=True)
class Card:
    """What a link file says of itself: the experiment, its seed, the classes, the data's digest, and how
    the training went."""

    experiment: Experiment
    seed: int
    classes: tuple[str, ...]
    data: str
    trained: dict[str, Any]


def save(path: Path, link: Link, card: Card) -> None:
    """Write what a link has learned; the fingerprint of its codec stands for what is fixed."""
    names = learned(link)
    weights = {name: value.contiguous() for name, value in link.state_dict().items() if name in names}
    facts = {**asdict(card), "experiment": config.to_table(card.experiment), "gensc": __version__,
             "codec": link.codec.fingerprint() if link.codec.stored else ""}
    whole = dump(weights, {"gensc": json.dumps(facts)})
    files.write_with(path, lambda temporary: temporary.write_bytes(whole))


def load(path: Path) -> tuple[Link, Card]:
    """A trained link in evaluation mode and its card. Raises InputError where the file is none."""
    if not path.exists():
        raise InputError(f"there is no link file {path}: `gensc train` and `gensc run` write them (OUT/links)")
    try:
        with safe_open(path, framework="pt") as opened:
            facts = json.loads((opened.metadata() or {})["gensc"])
        weights = load_file(path)
        card = Card(config.from_table(facts["experiment"]), facts["seed"], tuple(facts["classes"]), facts["data"],
                    facts["trained"])
        encoder = facts["codec"]
    except (SafetensorError, OSError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise InputError(f"{path} is no link file of gensc ({type(error).__name__}): expected the .safetensors that "
                         "`gensc train` or `gensc run` writes") from error
    link = build(card.experiment.link, len(card.classes), card.experiment.data.size)
    if link.codec.stored and link.codec.fingerprint() != encoder:
        raise InputError(f"{path} was trained on other encoder weights than those on this machine: "
                         "get the same weights, or train it again")
    own = link.state_dict()
    if {name: value.shape for name, value in weights.items()} != {name: own[name].shape for name in learned(link)}:
        raise InputError(f"{path} does not hold the layers of its own description: it is damaged; train it again")
    link.load_state_dict({**own, **weights})
    return link.eval(), card
