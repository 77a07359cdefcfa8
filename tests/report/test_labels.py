"""Labels: what they say, and that no two schemes share them."""

from typing import Literal

import pytest

from gensc import registry
from gensc.config import EvaluateSpec, Experiment, LinkSpec, Part, TrainSpec
from gensc.report.labels import Labels, convention, labels, role
from gensc.signal import Delivery, Form, Parts, State
from gensc.transport import Transport


def one(link: LinkSpec) -> Labels:
    """The labels of a single scheme."""
    return labels((Experiment(link=link),))[0]


def test_defaults_come_from_the_constructors() -> None:
    assert one(LinkSpec()) == Labels("efficientnet_lite0", "classify 3xfc", "features", "awgn")


@pytest.mark.parametrize(("options", "said"), [
    ({"model": "resnet50"}, "resnet50"),
    ({"model": "resnet50", "mode": "finetune"}, "resnet50 finetune"),
    ({"model": "resnet50", "mode": "scratch", "output": "map"}, "resnet50 scratch map"),
    ({"output": "logits"}, "efficientnet_lite0 logits"),
])
def test_codecs(options: dict, said: str) -> None:
    assert one(LinkSpec(codec=Part("backbone", options))).codec == said


@pytest.mark.parametrize(("part", "said"), [
    (Part("features", {"convention": "gensc6g"}), "features [gensc6g]"),
    (Part("features", {"convention": "true"}), "features"),
    (Part("analog", {"uses": 64}), "analog"),
    (Part("analog", {"mapping": "linear", "pilots": 4}), "analog linear pilots=4"),
])
def test_transports(part: Part, said: str) -> None:
    assert one(LinkSpec(transport=part)).transport == said


def test_channels_tasks_and_missing_knowledge() -> None:
    assert one(LinkSpec(channel=Part("rayleigh", {"fading": "symbol"}))).channel == "rayleigh fading=symbol"
    parts = [{"name": "rayleigh"}, {"name": "interference", "sir_db": 5.0}]
    chain = LinkSpec(channel=Part("chain", {"parts": parts}))
    assert one(chain).channel == "chain parts=rayleigh+interference(sir_db=5)"
    assert one(LinkSpec(task=Part("classify", {"head": "2xfc"}))).task == "classify 2xfc"
    blind = Experiment(evaluate=EvaluateSpec(csi="none"))
    assert labels((blind,))[0].transport == "features csi=none"


@pytest.mark.parametrize(("codec", "transport", "kind", "name"), [
    (Part("picture", {"format": "avif"}), "digital", "separate", "avif"),
    (Part("picture"), "digital", "separate", "webp"),
    (Part("picture", {"quality": 50.0}), "capacity", "ideal", "webp"),
    (Part("backbone"), "digital", "learned", "efficientnet_lite0"),
    (Part("backbone"), "capacity", "ideal", "efficientnet_lite0"),
    (Part("backbone"), "analog", "learned", "efficientnet_lite0"),
])
def test_baselines_are_known_by_codec_and_transport(codec: Part, transport: str, kind: str, name: str) -> None:
    link = LinkSpec(codec=codec, transport=Part(transport))
    assert (role(Experiment(link=link)), one(link).codec) == (kind, name)


class Foreign(Transport):
    """A transport of somebody else's, which says what it is beside the others."""

    role = "ideal"

    def __init__(self, convention: Literal["true", "loud"] = "true") -> None:
        super().__init__()

    def bind(self, form: Form) -> Form:
        return form

    def forward(self, parts: Parts, state: State) -> Delivery:
        raise NotImplementedError


def test_a_transport_from_outside_is_called_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry._PARTS["transport"], "foreign", Foreign)
    link = LinkSpec(codec=Part("picture"), transport=Part("foreign", {"convention": "loud"}))
    experiment = Experiment(link=link)
    assert (role(experiment), convention(experiment)) == ("ideal", "loud")
    assert one(link).transport == "foreign [loud]"
    monkeypatch.setattr(Foreign, "role", "separate")
    assert role(experiment) == "separate"
    monkeypatch.setattr(Foreign, "role", "link")
    assert role(experiment) == "learned"


def test_schemes_that_would_look_alike_are_told_apart() -> None:
    frozen = [Experiment(link=LinkSpec(Part("backbone", {"mode": "finetune", **more})))
              for more in ({}, {"frozen_stages": 2})]
    assert [label.codec for label in labels(tuple(frozen))] == [
        "efficientnet_lite0 finetune frozen_stages=default", "efficientnet_lite0 finetune frozen_stages=2"]
    trained = (Experiment(), Experiment(train=TrainSpec(views=3)))
    assert [label.transport for label in labels(trained)] == ["features train.views=1", "features train.views=3"]
    spread = (Experiment(), Experiment(train=TrainSpec(snr_db=(0.0, 30.0))))
    assert labels(spread)[1].transport == "features train.snr_db=0,30"


def test_uses_alone_tell_schemes_apart() -> None:
    schemes = tuple(Experiment(link=LinkSpec(transport=Part("analog", {"uses": uses}))) for uses in (64, 128))
    assert [label.transport for label in labels(schemes)] == ["analog", "analog"]


def test_the_same_scheme_twice_is_numbered() -> None:
    assert [label.transport for label in labels((Experiment(), Experiment()))] == ["features (1)", "features (2)"]
