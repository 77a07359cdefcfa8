import numpy as np
import pytest
import torch

from gensc import config
from gensc.batch import unlabelled
from gensc.channel import AWGN
from gensc.codec import Backbone, Picture
from gensc.config import DataSpec, EvaluateSpec, Experiment, LinkSpec, Part
from gensc.data.dataset import Dataset
from gensc.data.open import open_source
from gensc.errors import InputError
from gensc.experiment.baseline import with_baseline
from gensc.experiment.evaluate import evaluate
from gensc.experiment.feed import Feed
from gensc.experiment.separate import TARGETS, separate
from gensc.link import build
from gensc.rng import Rng
from gensc.signal import State


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


@pytest.mark.parametrize("cbr", [1 / 6, 1 / 16])
def test_a_link_without_an_option_is_asked_what_it_costs(cbr):
    """From a picture that it delivered, whatever its codec's form is."""
    link = LinkSpec(Part("jscc", {"cbr": cbr}), Part("symbols"), task=Part("reconstruct"))
    made = links(with_baseline(Experiment(link=link, data=DataSpec(size=48)), ("webp",)))
    uses = round(3 * 48 * 48 * cbr)
    assert set(made[1:]) == {("picture", "webp", transport, uses, "awgn") for transport in ("digital", "capacity")}


def test_a_rival_gets_no_less_than_a_link_of_a_variable_rate_takes():
    """Side information included; what it takes differs from picture to picture."""
    link = LinkSpec(Part("vae_symbols"), Part("split"), task=Part("reconstruct"))
    rivals = links(with_baseline(Experiment(link=link, data=DataSpec(size=64)), ("webp",)))[1:]
    dataset = Dataset(open_source("vehicles:6:3", 64), np.arange(6))
    with Rng.seeded(0).torch_seeded():
        built = build(link, 0, 64)
    taken = evaluate(built, Feed(dataset, dataset.items), 10.0, "receiver", Rng.seeded(0)).cost.uses
    assert len(set(taken.tolist())) > 1
    assert all(0.97 * float(taken.max()) <= uses <= 512 for *_, uses, _ in rivals) and len(rivals) == 2


def test_pictures_of_any_size_get_a_bandwidth_ratio():
    link = LinkSpec(Part("jscc", {"cbr": 1 / 12}), Part("symbols"), task=Part("reconstruct"))
    rivals = config.expand(with_baseline(Experiment(link=link, data=DataSpec(size=0)), ("webp",)))[1:]
    assert [one.link.transport.name for one in rivals] == ["digital", "capacity"]
    for one in rivals:
        assert one.link.transport.options["uses"] == 0
        assert one.link.transport.options["cbr"] == pytest.approx(1 / 12, rel=1e-3)
        pictures = torch.rand(1, 3, 60, 84, generator=torch.Generator().manual_seed(0))
        with torch.no_grad():
            outcome = build(one.link, 0, 0).eval()(unlabelled(pictures), State.of(12.0, 1, Rng.seeded(0)))
        assert float(outcome.delivery.cost.uses[0]) == pytest.approx(60 * 84 * 3 / 12, rel=2e-3)


def test_classical_links_and_bounds_get_no_rival():
    link = LinkSpec(Part("picture", {"format": "webp"}), Part("digital", {"uses": 300}), task=Part("reconstruct"))
    schemes = ({"link.transport.name": "digital", "link.transport.uses": 300},
               {"link.transport.name": "capacity", "link.transport.uses": 300},
               {"link.transport.name": "symbols", "link.codec.name": "jscc"})
    made = links(with_baseline(Experiment(link=link, schemes=schemes, data=DataSpec(size=32)), ("webp",)))
    assert [one[2] for one in made] == ["digital", "capacity", "symbols", "digital", "capacity"]


def test_bad_baselines_are_refused():
    with pytest.raises(InputError, match="did you mean 'webp'"):
        with_baseline(Experiment(), ("wepb",))
    classical = LinkSpec(Part("picture"), Part("digital"), task=Part("reconstruct"))
    with pytest.raises(InputError, match="classical"):
        with_baseline(Experiment(link=classical, evaluate=EvaluateSpec()), ("webp",))


def test_separate_chooses_the_scheme_that_serves_the_pictures_best():
    dataset = Dataset(open_source("vehicles:12:3", 64), np.arange(12))
    feed = Feed(dataset, dataset.items)
    for best in separate(Picture("webp"), 1024, AWGN(), feed, (4.0, 14.0)):
        assert best.target in TARGETS
        scores = evaluate(best.link, feed, best.snr_db, "receiver", Rng.seeded(0, "separate"))
        assert scores.columns["psnr"].mean() == pytest.approx(best.quality.value)
        assert torch.equal(scores.cost.uses, torch.full((12,), 1024.0))
        assert best.quality.value > 15
    with pytest.raises(InputError, match="files"):
        separate(Backbone(size=64), 1024, AWGN(), feed, (4.0,))
