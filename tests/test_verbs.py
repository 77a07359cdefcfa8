"""load, send, train, evaluate and run in Python, on whatever holds data."""

import dataclasses

import pytest
import torch
from torch import nn

import gensc
from gensc import Batch, Link, TrainSpec, channel, codec, task, transport
from gensc.errors import InputError
from helpers import Colours, colours, points, save_pictures, tiny_toml, weights

SPEC = TrainSpec(epochs=3, batch=16, rate=3e-3, snr_db=(5.0, 15.0))


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GENSC_CACHE", str(tmp_path / "cache"))


def modules_link(air=None):
    """Two networks of one's own over symbols."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        encoder, decoder = nn.Conv2d(3, 8, 4, 4), nn.ConvTranspose2d(8, 3, 4, 4)
    return Link(codec.Modules(encoder, decoder, (3, 8, 8)), transport.Symbols(air or channel.AWGN()),
                task.Reconstruct(("psnr",)))


class Pairs(torch.utils.data.Dataset):
    """A data set of torch: (picture, label)."""

    def __len__(self):
        return 40

    def __getitem__(self, index):
        return torch.from_numpy(Colours(40).item(index).image).permute(2, 0, 1) / 255, index % 3


def figures(link, data, *levels):
    return [one.figure.value for one in gensc.evaluate(link, data, levels)]


def test_a_link_of_ones_own_networks_learns_from_a_torch_data_set():
    link = modules_link()
    before = figures(link, Pairs(), 10.0)[0]
    history = gensc.train(link, Pairs(), spec=dataclasses.replace(SPEC, epochs=30, batch=8, rate=1e-2))
    assert history.epochs == 30 and history.losses[-1][0] < history.losses[0][0] and not link.training
    assert figures(link, Pairs(), 10.0)[0] > before + 3
    low, high = figures(link, Pairs(), -5.0, 20.0)
    assert high > low


def test_the_same_seed_trains_the_same_link_and_another_one_another():
    made = []
    for seed in (0, 0, 1):
        link = modules_link()
        gensc.train(link, Pairs(), spec=SPEC, seed=seed)
        made.append(torch.cat([value.flatten() for value in weights(link).values()]))
    assert torch.equal(made[0], made[1]) and not torch.equal(made[0], made[2])


def test_a_tenth_is_held_back_unless_there_is_a_validation_set():
    class Counting(Colours):
        pass

    data, held = Counting(50), Colours(7, 900)
    gensc.train(modules_link(), data, held, TrainSpec(epochs=1, batch=16))
    assert set(held.reads) == set(range(7)) and set(data.reads) == set(range(50))
    with pytest.raises(InputError, match="1 items can't be split"):
        gensc.train(modules_link(), colours(1), spec=SPEC)


def test_stored_features_of_every_view_are_made_for_a_training():
    link = Link(codec.Backbone(size=32), transport.Features(), task.Classify(16, "2xfc"))
    history = gensc.train(link, "vehicles:32", spec=TrainSpec(epochs=2, batch=8, views=2))
    assert history.epochs == 2
    accuracy = {one.metric: one for one in gensc.evaluate(link, "vehicles:32:5", 10.0)}["accuracy"]
    assert accuracy.figure.items == 32 and accuracy.uses == 640


def test_a_packaged_link_is_loaded_changed_and_sends_pictures_and_batches():
    link = gensc.load("jscc-photographs", cbr=1 / 24, device="cpu", link__channel__name="rayleigh")
    assert isinstance(link.transport.channel, channel.Rayleigh) and not link.training
    x = torch.rand(2, 3, 40, 57, generator=torch.Generator().manual_seed(0))
    outcome = gensc.send(link, x, snr_db=10.0)
    assert outcome.prediction.shape == x.shape
    assert outcome.delivery.cost.uses.tolist() == [float(int(3 * 40 * 57 / 24 + 0.01))] * 2
    again = gensc.send(link, Batch(x, torch.arange(2)), snr_db=torch.tensor([10.0, 10.0]))
    assert torch.equal(again.prediction, outcome.prediction)
    assert not torch.equal(gensc.send(link, x, 10.0, seed=1).prediction, outcome.prediction)
    with pytest.raises(InputError, match="stands for several links: name one of"):
        gensc.load("jscc")


def test_a_link_is_scored_where_it_is():
    """Every figure at every SNR, with its interval, its items and the mean channel uses."""
    results = gensc.evaluate(modules_link(channel.Rayleigh()), colours(12), [0.0, 10.0], seed=3)
    assert [(one.snr_db, one.metric, one.figure.items, one.uses) for one in results] == [
        (0.0, "psnr", 12, 16.0), (10.0, "psnr", 12, 16.0)]
    assert all(one.figure.low < one.figure.value < one.figure.high for one in results)
    assert results == gensc.evaluate(modules_link(channel.Rayleigh()), colours(12), [0.0, 10.0], seed=3)


@pytest.mark.slow
def test_run_is_gensc_run(tmp_path):
    file = tmp_path / "a.toml"
    file.write_text(tiny_toml(save_pictures(tmp_path / "pictures"), epochs=1))
    out = gensc.run(file, tmp_path / "out", seeds=[0], link__channel__name="rayleigh")
    kept = points(out)
    assert out == tmp_path / "out" and [point.snr_db for point in kept] == [-20.0, 10.0]
    assert gensc.run(str(file), out, seeds=[0], link__channel__name="rayleigh") == out and len(points(out)) == 2
