import numpy as np
import pytest
import torch

from gensc import config
from gensc.channel import AWGN
from gensc.codec import Backbone, Picture
from gensc.config import EvaluateSpec, Experiment, LinkSpec, Part
from gensc.data.dataset import Dataset
from gensc.data.open import open_source
from gensc.errors import InputError
from gensc.experiment.baseline import with_baseline
from gensc.experiment.evaluate import evaluate
from gensc.experiment.feed import Feed
from gensc.experiment.separate import TARGETS, separate
from gensc.rng import Rng


def links(experiment):
    return [(one.link.codec.name, one.link.codec.options.get("format"), one.link.transport.name,
             one.link.transport.options.get("uses"), one.link.channel.name) for one in config.expand(experiment)]


def test_features_get_the_digital_link_and_the_bound_at_equal_uses():
    experiment = Experiment(link=LinkSpec(transport=Part("analog", {"uses": 96})),
                            grid={"link.channel.name": ["awgn", "rayleigh"]})
    made = links(with_baseline(experiment, ("webp",)))
    assert made[:2] == links(experiment)
    assert set(made[2:]) == {("backbone", None, transport, 96, channel)
                             for transport in ("digital", "capacity") for channel in ("awgn", "rayleigh")}


def test_the_baseline_knows_that_a_channel_fades():
    experiment = Experiment(link=LinkSpec(transport=Part("analog", {"uses": 96}), channel=Part("rayleigh")))
    digital = [one.link.transport.options for one in config.expand(with_baseline(experiment, ("webp",)))
               if one.link.transport.name == "digital"]
    assert digital == [{"uses": 96, "fading": "rayleigh", "target": 0.1}]


def test_uncoded_features_count_their_uses():
    made = links(with_baseline(Experiment(link=LinkSpec(codec=Part("backbone", {"output": "logits"}))), ("webp",)))
    assert [uses for *_, uses, _ in made[1:]] == [500, 500]


def test_pictures_get_every_format():
    experiment = Experiment(link=LinkSpec(transport=Part("analog", {"uses": 700}), task=Part("reconstruct")))
    made = links(with_baseline(experiment, ("webp", "jxl")))[1:]
    assert set(made) == {("picture", form, transport, 700, "awgn")
                         for form in ("webp", "jxl") for transport in ("digital", "capacity")}


def test_bad_baselines_are_refused():
    with pytest.raises(InputError, match="did you mean 'webp'"):
        with_baseline(Experiment(), ("wepb",))
    classical = LinkSpec(Part("picture"), Part("digital"), task=Part("reconstruct"))
    with pytest.raises(InputError, match="classical"):
        with_baseline(Experiment(link=classical, evaluate=EvaluateSpec()), ("webp",))


def test_separate_chooses_the_scheme_that_serves_the_pictures_best():
    dataset = Dataset(open_source("vehicles:12:3", 64), np.arange(12))
    feed = Feed(dataset, dataset.items)
    for best in separate(Picture("webp", size=64), 1024, AWGN(), feed, (4.0, 14.0)):
        assert best.target in TARGETS
        columns, cost = evaluate(best.link, feed, best.snr_db, "receiver", Rng.seeded(0, "separate"))
        assert columns["psnr"].mean() == pytest.approx(best.quality.value)
        assert torch.equal(cost.uses, torch.full((12,), 1024.0))
        assert best.quality.value > 15
    with pytest.raises(InputError, match="files"):
        separate(Backbone(size=64), 1024, AWGN(), feed, (4.0,))
