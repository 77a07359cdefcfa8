"""What stands beside a link: the same measured channel uses, channel, pilots and task."""

import numpy as np
import pytest
import torch

from gensc import config, registry
from gensc.batch import unlabelled
from gensc.channel import Rayleigh
from gensc.codec import Picture
from gensc.config import DataSpec, EvaluateSpec, Experiment, LinkSpec, Part, TrainSpec
from gensc.data.dataset import Dataset
from gensc.data.open import open_source
from gensc.errors import InputError
from gensc.experiment.baseline import delivered_uses, with_baseline
from gensc.experiment.evaluate import evaluate
from gensc.experiment.feed import Feed
from gensc.experiment.results import Results
from gensc.experiment.run import run
from gensc.experiment.tune import check_choices, tune
from gensc.link import Link, build
from gensc.rng import Rng
from gensc.signal import State
from gensc.task import Reconstruct
from gensc.transport import Digital


def links(compared):
    return [(one.link.codec.name, one.link.codec.options.get("format"), one.link.transport.name,
             one.link.transport.options.get("uses"), one.link.channel.name)
            for one in config.expand(compared.experiment)]


def test_features_get_coded_bits_an_ideal_code_and_the_decision_at_equal_uses():
    experiment = Experiment(link=LinkSpec(transport=Part("analog", {"uses": 96})),
                            grid={"link.channel.name": ["awgn", "rayleigh"]})
    made = links(with_baseline(experiment, ("webp",)))
    assert [one[2:] for one in made[:2]] == [("analog", 96, "awgn"), ("analog", 96, "rayleigh")]
    assert set(made[2:]) == {(codec, None, transport, 96, channel) for channel in ("awgn", "rayleigh") for
                             codec, transport in (("backbone", "digital"), ("backbone", "capacity"),
                                                  ("decision", "words"))}


def test_the_decision_is_made_by_the_same_network():
    link = LinkSpec(Part("backbone", {"output": "map"}), Part("analog", {"uses": 30}),
                    task=Part("classify", {"head": "2xfc"}))
    experiment = Experiment(link=link, train=TrainSpec(epochs=7))
    decided = config.expand(with_baseline(experiment, ("webp",)).experiment)[-1]
    assert decided.link.codec.options == {"of": {"name": "backbone", "output": "map"}, "head": "2xfc"}
    assert decided.train == experiment.train


def test_uncoded_features_count_their_uses():
    made = links(with_baseline(Experiment(link=LinkSpec(codec=Part("backbone", {"output": "logits"}))), ("webp",)))
    assert [uses for *_, uses, _ in made[1:]] == [500, 500, 500]


def test_pictures_get_every_format():
    experiment = Experiment(link=LinkSpec(transport=Part("analog", {"uses": 700}), task=Part("reconstruct")))
    with pytest.raises(InputError, match="reconstruct"):
        with_baseline(experiment, ("webp", "jxl"))
    jscc = Experiment(link=LinkSpec(Part("jscc", {"cbr": 1 / 12}), Part("symbols"), task=Part("reconstruct")),
                      data=DataSpec(size=64))
    assert set(links(with_baseline(jscc, ("webp", "jxl")))[1:]) == {
        ("picture", form, transport, 1024, "awgn") for form in ("webp", "jxl") for transport in ("digital", "capacity")}


@pytest.mark.parametrize(("transport", "uses"), [(Part("qubit", {"shots": 3}), 3 * 12 + 16),
                                                 (Part("qubit", {"shots": 40}), 40 * 12 + 16)])
def test_uses_are_those_that_were_delivered(transport, uses):
    """Not an option's: qubits are counted by their shots."""
    rivals = links(with_baseline(Experiment(link=LinkSpec(transport=transport)), ("webp",)))[1:]
    assert {one[3] for one in rivals} == {uses}


def test_a_cyclic_prefix_is_in_the_uses():
    link = LinkSpec(Part("jscc", {"cbr": 1 / 12}), Part("symbols"), Part("tgn"), Part("reconstruct"))
    rivals = links(with_baseline(Experiment(link=link, data=DataSpec(size=48)), ("webp",)))[1:]
    assert {one[3] for one in rivals} == {round(3 * 48 * 48 / 12 * (1 + 1 / 16))}


def test_a_rival_has_the_same_pilots():
    link = LinkSpec(transport=Part("analog", {"uses": 96, "pilots": 8}), channel=Part("rician"))
    experiment = Experiment(link=link, evaluate=EvaluateSpec(csi="pilots"))
    made = config.expand(with_baseline(experiment, ("webp",)).experiment)[1:]
    assert [(one.link.transport.name, one.link.transport.options.get("pilots")) for one in made] == [
        ("digital", 8), ("capacity", None), ("words", 8)]
    assert {delivered_uses(one).most for one in made} == {96}


def test_pictures_of_any_size_get_a_bandwidth_ratio():
    link = LinkSpec(Part("jscc", {"cbr": 1 / 12}), Part("symbols"), task=Part("reconstruct"))
    rivals = config.expand(with_baseline(Experiment(link=link, data=DataSpec(size=0)), ("webp",)).experiment)[1:]
    assert [one.link.transport.name for one in rivals] == ["digital", "capacity"]
    for one in rivals:
        assert one.link.transport.options["uses"] == 0
        assert one.link.transport.options["cbr"] == pytest.approx(1 / 12, rel=1e-3)
        pictures = torch.rand(1, 3, 60, 84, generator=torch.Generator().manual_seed(0))
        with torch.no_grad():
            outcome = build(one.link, 0, 0).eval()(unlabelled(pictures), State.of(12.0, 1, Rng.seeded(0)))
        assert float(outcome.delivery.cost.uses[0]) == pytest.approx(60 * 84 * 3 / 12, rel=2e-3)


def test_classical_links_get_no_rival():
    link = LinkSpec(Part("picture", {"format": "webp"}), Part("digital", {"uses": 300}), task=Part("reconstruct"))
    schemes = ({"link.transport.name": "digital", "link.transport.uses": 300},
               {"link.transport.name": "capacity", "link.transport.uses": 300},
               {"link.transport.name": "symbols", "link.codec.name": "jscc"})
    made = links(with_baseline(Experiment(link=link, schemes=schemes, data=DataSpec(size=32)), ("webp",)))
    assert [one[2] for one in made] == ["digital", "capacity", "symbols", "digital", "capacity"]


def test_a_channel_without_a_capacity_is_said_before_training():
    link = LinkSpec(transport=Part("analog", {"uses": 96}), channel=Part("phase_noise"))
    compared = with_baseline(Experiment(link=link), ("webp",))
    assert [one[2] for one in links(compared)] == ["analog", "digital", "words"]
    note, = compared.notes
    assert "link 1" in note and "not its capacity" in note


def test_bad_baselines_are_refused():
    with pytest.raises(InputError, match="did you mean 'webp'"):
        with_baseline(Experiment(), ("wepb",))
    classical = LinkSpec(Part("picture"), Part("digital"), task=Part("reconstruct"))
    with pytest.raises(InputError, match="classical"):
        with_baseline(Experiment(link=classical, evaluate=EvaluateSpec()), ("webp",))
    never = LinkSpec(transport=Part("analog", {"uses": 96, "pilots": 8}), channel=Part("tgn"))
    with pytest.raises(InputError, match="pilots cannot follow"):
        with_baseline(Experiment(link=never, evaluate=EvaluateSpec(csi="pilots")), ("webp",))


def test_a_rival_is_granted_what_each_item_took(tmp_path):
    """Side information included: it differs from picture to picture, and so do the rival's budgets."""
    task = Part("reconstruct", {"metrics": ["psnr"]})
    link = LinkSpec(Part("vae_symbols", {"cbr": 1 / 12}), Part("split"), task=task)
    experiment = Experiment(seeds=(0,), link=link, data=DataSpec("vehicles:100", size=32),
                            train=TrainSpec(epochs=1, batch=16), evaluate=EvaluateSpec(snr_db=(12.0,)))
    compared = with_baseline(experiment, ("webp",))
    run(compared.experiment, tmp_path, 1, "test")
    results = Results.read(tmp_path / "results.sqlite")
    facts, points = results.links(), results.points()
    uses = {facts[point.job].scheme: point.columns["uses"] for point in points}
    assert len(set(uses[0].tolist())) > 1
    for rival in (1, 2):
        assert np.abs(uses[rival] / uses[0] - 1).max() < 0.01


def test_too_few_items_to_choose_on_are_said_before_training():
    link = LinkSpec(Part("picture", {"format": "webp"}), Part("digital", {"uses": 300, "target": "best"}))
    with pytest.raises(InputError, match="at least 10 draws"):
        check_choices([Experiment(link=link)], 9)
    check_choices([Experiment(link=link)], 10)
    check_choices([Experiment()], 0)


def test_how_many_items_may_be_lost_is_chosen_on_validation_items():
    """Over block fading at a low SNR a picture is worth more often whole than now and then good."""
    dataset = Dataset(open_source("vehicles:24:3", 64), np.arange(24))
    feed = Feed(dataset, dataset.items)
    link = Link(Picture("webp"), Digital(Rayleigh(), 1024, target="best"), Reconstruct(("psnr",)))
    figures = {}
    for target in link.transport.choices:
        link.transport.choose(target)
        columns = evaluate(link, feed, 8.0, "receiver", Rng.seeded(0, "tune")).columns
        figures[target] = columns["psnr"].mean()
    tune(link, feed, 8.0, "receiver", Rng.seeded(0, "tune"))
    assert figures[link.transport.target] == max(figures.values()) > min(figures.values())


FULL = [(transport, channel, csi) for transport in ("analog", "symbols") for channel in registry.names("channel")
        for csi in ("receiver", "both", "pilots", "none")]
SHORT = [("analog", "interference", "none", True), ("symbols", "rayleigh", "both", True),
         ("analog", "tdl", "pilots", False), ("symbols", "mix", "pilots", True),
         ("symbols", "surface", "receiver", True)]


def completes_or_refuses(transport, channel, csi):
    options = {"pilots": 8} if csi == "pilots" else {}
    link = LinkSpec(Part("backbone" if transport == "analog" else "jscc"), Part(transport, options), Part(channel),
                    Part("classify" if transport == "analog" else "reconstruct"))
    experiment = Experiment(link=link, data=DataSpec(size=64), evaluate=EvaluateSpec(csi=csi))
    try:
        compared = with_baseline(experiment, ("webp",))
    except InputError as error:
        assert "\n" not in str(error)
        return False
    own, *rivals = config.expand(compared.experiment)
    assert len(rivals) + len(compared.notes) >= 2
    uses = delivered_uses(own).most
    assert all(abs(delivered_uses(one).most / uses - 1) < 0.01 for one in rivals)
    return True


@pytest.mark.parametrize(("transport", "channel", "csi", "runs"), SHORT)
def test_rivals_run_or_are_refused(transport, channel, csi, runs):
    assert completes_or_refuses(transport, channel, csi) is runs


@pytest.mark.slow
@pytest.mark.parametrize(("transport", "channel", "csi"), FULL)
def test_rivals_run_or_are_refused_everywhere(transport, channel, csi):
    completes_or_refuses(transport, channel, csi)
