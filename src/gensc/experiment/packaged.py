"""The experiments that come with gensc, by name."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from gensc import config
from gensc.config import DataSpec, EvaluateSpec, Experiment, LinkSpec, Part, TrainSpec
from gensc.errors import InputError
from gensc.registry import nearest
from gensc.zoo.backbones import BACKBONES
from gensc.zoo.source import Weights

MOBILE = ("efficientnet_lite0", "efficientnet_b1", "mobilenet_v3")
# The networks whose last stages train from stored maps, and how many stages stay fixed.
TUNED = {"efficientnet_lite0": 7, "efficientnet_b1": 7}
# The network whose features the hybrid quantum-classical head gets.
HYBRID = "efficientnet_lite0"


def table1() -> Experiment:
    """Table I of the GenSC-6G paper for every backbone at hand: noise on the features, and the learned
    analog link at 128 channel uses, over AWGN and Rayleigh block fading, frozen and fine-tuned; the decision of the
    same network at the sender, sent in as many uses; one row with the paper's hybrid quantum-classical head."""
    schemes = tuple(scheme for one in BACKBONES.values() if one.local() for scheme in _table1_schemes(one))
    return Experiment(name="table1", schemes=schemes, data=DataSpec("vehicles:960"),
                      train=TrainSpec(epochs=30, views=2), evaluate=EvaluateSpec(snr_db=(-10.0, 0.0, 10.0, 30.0)))


def _table1_schemes(weights: Weights) -> list[dict[str, object]]:
    backbone: dict[str, object] = {"link.codec.name": "backbone", "link.codec.model": weights.name}
    tuned = {**backbone, "link.codec.mode": "finetune", "link.codec.frozen_stages": TUNED.get(weights.name, 0),
             "train.codec_rate": 0.2, "train.epochs": 8}
    head = "2xfc" if weights.name in MOBILE else "3xfc"
    features: dict[str, object] = {"link.transport.name": "features", "link.task.head": head}
    # Trained where it is hard: what an analog link learns at low SNR serves it at high SNR too.
    analog: dict[str, object] = {"link.transport.name": "analog", "link.task.head": "3xfc",
                                 "train.snr_db": [-12.0, 10.0]}
    awgn: dict[str, object] = {"link.channel.name": "awgn"}
    fading: dict[str, object] = {"link.channel.name": "rayleigh"}
    frozen = [{**backbone, **transport, **channel} for transport in (features, analog) for channel in (awgn, fading)]
    # Of the two heads the larger one has the lower validation loss where the features learn too.
    learned = [{**tuned, **transport, "link.task.head": "3xfc"} for transport in (features, analog)]
    decided = [{"link.codec.name": "decision", "link.codec.of": {"name": "backbone", "model": weights.name},
                "link.transport.name": "words", **channel} for channel in (awgn, fading)]
    hybrid = {**backbone, **features, **awgn, "link.task.head": "qnn"}
    return frozen + decided + (learned if weights.name in TUNED else []) + ([hybrid] if weights.name == HYBRID else [])


def hqc() -> Experiment:
    """The hybrid quantum-classical head of GenSC-6G beside classical ones, on the same frozen features.

    Three fully connected layers; the head as it is and without its skip connection; both with a matrix of as many
    parameters in place of the circuit."""
    link = LinkSpec(codec=Part("backbone", {"model": HYBRID}))
    heads = "3xfc", "qnn", "qnn-noskip", "qnn-classical", "qnn-classical-noskip"
    return Experiment(name="hqc", link=link, schemes=tuple({"link.task.head": head} for head in heads),
                      seeds=(0, 1, 2, 3, 4), data=DataSpec("vehicles:960"), train=TrainSpec(epochs=30, views=2),
                      evaluate=EvaluateSpec(snr_db=(10.0, 30.0)))


def conventions() -> Experiment:
    """The paper's noise convention beside the true one on the same features: what its "10" and "30" are in dB."""
    link = LinkSpec(codec=Part("backbone", {"output": "logits"}), task=Part(LinkSpec().task.name, {"head": "2xfc"}))
    schemes = tuple({"link.transport.convention": convention} for convention in ("true", "gensc6g"))
    return Experiment(name="conventions", link=link, schemes=schemes, data=DataSpec("vehicles:960"),
                      train=TrainSpec(snr_db=(1.0, 30.0)),
                      evaluate=EvaluateSpec(snr_db=(1.0, 3.0, 10.0, 30.0)))


NAMED: dict[str, Callable[[], Experiment]] = {"table1": table1, "conventions": conventions, "hqc": hqc}


RECIPES = {file.stem: file for file in sorted((Path(__file__).parent / "recipes").glob("*.toml"))}
"""How the links that come with gensc were trained."""


def named(name: str) -> Experiment:
    """A packaged experiment, or the recipe of a packaged link. Raises InputError with the nearest name."""
    if name in RECIPES:
        return config.load(RECIPES[name])
    if name not in NAMED:
        known = [*NAMED, *RECIPES]
        raise InputError(f"there is no experiment {name!r}{nearest(name, known)}: the packaged ones are "
                         f"{', '.join(known)}; an experiment file ends in .toml")
    return NAMED[name]()


def missing_backbones() -> tuple[str, ...]:
    """One line for each backbone of the paper whose weights are not on this machine, with the command that
    gets them."""
    return tuple(f"{weights.name} is missing, its weights are not on this machine: gensc zoo pull {weights.name}"
                 for weights in BACKBONES.values() if not weights.local())


def with_options(experiment: Experiment, data: str = "", test: str = "", seeds: tuple[int, ...] = (),
                 snr_db: tuple[float, ...] = ()) -> Experiment:
    """The experiment with what the command line names; empty means unchanged."""
    source = replace(experiment.data, source=data or experiment.data.source, test=test or experiment.data.test)
    scored = replace(experiment.evaluate, snr_db=snr_db or experiment.evaluate.snr_db)
    return replace(experiment, data=source, evaluate=scored, seeds=seeds or experiment.seeds)
