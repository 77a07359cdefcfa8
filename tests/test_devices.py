"""Devices: links run and learn on another one than the CPU, and say which; what does not fit is one sentence."""

import copy

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._pytree import tree_map

from gensc import registry
from gensc.batch import Batch
from gensc.config import Experiment, LinkSpec, Part, TrainSpec
from gensc.experiment import train
from gensc.experiment.evaluate import evaluate, receive_ms
from gensc.experiment.feed import open_feed
from gensc.experiment.linkfile import Card, save
from gensc.experiment.send import send
from gensc.experiment.store import FeatureStore, fill
from gensc.experiment.train import Training
from gensc.link import build
from gensc.machine.tensors import read
from gensc.rng import Rng
from gensc.session import Session
from gensc.signal import Signal, State
from gensc.transport import Digital
from helpers import Means, colours, toy_link
from mixed import mixed
from second_device import second_device

CLASSES, SIZE = 3, 32
BACKBONE = Part("backbone", {"model": "efficientnet_lite0"})
CLASSIFY, RECONSTRUCT = Part("classify", {"head": "2xfc"}), Part("reconstruct")
RAYLEIGH = Part("rayleigh")
SYMBOLS_ONLY = ("learned",)
"""Channels that carry no samples of a waveform."""
LINKS = {
    "features": LinkSpec(BACKBONE, Part("features"), RAYLEIGH, CLASSIFY),
    "features, their convention": LinkSpec(BACKBONE, Part("features", {"convention": "gensc6g"}), task=CLASSIFY),
    "analog": LinkSpec(BACKBONE, Part("analog", {"uses": 12}), RAYLEIGH, CLASSIFY),
    "digital features": LinkSpec(BACKBONE, Part("digital", {"uses": 300, "packing": {"values": 8, "hidden": 32}}),
                                 task=CLASSIFY),
    "decision": LinkSpec(Part("decision"), Part("words", {"uses": 12}), RAYLEIGH, Part("classify")),
    "qubits": LinkSpec(BACKBONE, Part("qubit", {"shots": 16}), task=CLASSIFY),
    "sealed": LinkSpec(BACKBONE, Part("sealed"), task=CLASSIFY),
    "hybrid head": LinkSpec(BACKBONE, Part("features"), task=Part("classify", {"head": "qnn"})),
    "finetune": LinkSpec(Part("backbone", {"mode": "finetune", "frozen_stages": 3}), Part("features"), task=CLASSIFY),
    "hybrid encoder": LinkSpec(Part("hybrid"), Part("features"), task=CLASSIFY),
    "several tasks": LinkSpec(BACKBONE, Part("analog", {"uses": 12}), task=Part("several", {"tasks": {
        "coarse": {"name": "classify", "head": "2xfc"}, "fine": {"name": "classify"}}})),
    "repeated": LinkSpec(BACKBONE, Part("harq", {"uses": 300}), task=CLASSIFY),
    "jscc": LinkSpec(Part("jscc"), Part("symbols"), RAYLEIGH, Part("reconstruct", {
        "metrics": ("psnr", "ssim", "st_lpips", "frechet_lite0"), "loss": "perceptual"})),
    "deepjscc": LinkSpec(Part("deepjscc"), Part("symbols"), task=RECONSTRUCT),
    "gan": LinkSpec(Part("gan"), Part("symbols"), task=Part("reconstruct", {"loss": "adversarial"})),
    "diffusion": LinkSpec(Part("diffusion", {"base": "jscc-cifar10", "denoise": True}), Part("symbols"),
                          task=RECONSTRUCT),
    "vae": LinkSpec(Part("vae"), Part("digital", {"uses": 600}), task=RECONSTRUCT),
    "vae_symbols": LinkSpec(Part("vae_symbols"), Part("split"), task=RECONSTRUCT),
    "picture": LinkSpec(Part("picture", {"format": "webp"}), Part("digital", {"uses": 600}), task=RECONSTRUCT),
    "picture, Wi-Fi": LinkSpec(Part("picture", {"format": "webp"}), Part("wifi7", {"uses": 4000}), task=RECONSTRUCT),
    "picture, bound": LinkSpec(Part("picture", {"format": "webp"}), Part("capacity", {"uses": 300}), task=RECONSTRUCT),
    "restored": LinkSpec(Part("restored"), Part("digital", {"uses": 600}), task=RECONSTRUCT),
}


@pytest.fixture(params=["second", *(["cuda"] if torch.cuda.is_available() else [])])
def device(request, monkeypatch):
    """Another device than the CPU: one that stands in for it everywhere, and a GPU where there is one."""
    if request.param == "cuda":
        yield torch.device("cuda")
        return
    # Modes of torch are a thread's own.
    monkeypatch.setattr(train, "AHEAD", 0)
    with second_device() as found:
        yield found


def batch_of(count=3, size=SIZE):
    x = torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(2))
    return Batch(torch.nn.functional.avg_pool2d(x, 5, 1, 2), torch.arange(count),
                 {"label": torch.arange(count) % CLASSES})


def link_of(name):
    with Rng.seeded(5, "devices").torch_seeded():
        return build(LINKS[name], CLASSES, SIZE)


def close(device):
    """How near results must come to the CPU's: those of the stand-in are the CPU's own."""
    return {"rtol": 1e-2, "atol": 1e-2} if device.type == "cuda" else {"rtol": 0.0, "atol": 0.0}


@pytest.mark.parametrize("kind", ["codec", "transport", "task"])
def test_every_part_is_tried_on_another_device(kind):
    assert set(registry.names(kind)) == {getattr(spec, kind).name for spec in LINKS.values()}


@pytest.mark.parametrize("name", LINKS)
def test_a_link_gives_the_same_on_another_device(name, device):
    link, batch, state = link_of(name).eval(), batch_of(), State.of(12.0, 3, Rng.seeded(0))
    far = copy.deepcopy(link).to(device)
    with torch.no_grad():
        here, there = link(batch, state), far(batch.to(device), state)
        scores = [one.task.score(outcome.prediction, known) for one, outcome, known in (
            (link, here, batch), (far, there, batch.to(device)))]
    torch.testing.assert_close(tree_map(Tensor.cpu, there.prediction), here.prediction, **close(device))
    assert torch.equal(there.delivery.cost.uses.cpu(), here.delivery.cost.uses)
    assert torch.equal(there.delivery.ok.cpu(), here.delivery.ok)
    for column, wanted in scores[0].items():
        torch.testing.assert_close(scores[1][column].cpu(), wanted, **close(device))


@pytest.mark.parametrize("name", LINKS)
def test_a_link_learns_on_another_device(name, device):
    link = link_of(name)
    if not any(parameter.requires_grad for parameter in link.parameters()):
        pytest.skip("nothing in this link learns")
    far, losses = copy.deepcopy(link).to(device).train(), []
    batch, state = far.codec.prepared(batch_of(4).to(device)), State.of(12.0, 4, Rng.seeded(0))
    learning = [parameter for parameter in far.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learning, 1e-3, fused=True)
    for _ in range(2):
        loss = far.loss(batch, state)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert all(np.isfinite(losses)) and losses[0] != losses[1]


@pytest.mark.parametrize("name", registry.names("channel"))
def test_a_channel_gives_the_same_on_another_device(name, device):
    channel, state = registry.create("channel", name), State.of(12.0, 3, Rng.seeded(0))
    if channel.needs:
        pytest.skip(f"{name} computes in another program")
    x = Rng.seeded(1).of(3).complex_normal(64)
    for rate_hz in (None, 20e6):
        if rate_hz is not None and name in SYMBOLS_ONLY:
            continue
        here = channel(Signal(x, state.n0, rate_hz=rate_hz), state)
        there = copy.deepcopy(channel).to(device)(Signal(x.to(device), state.n0, rate_hz=rate_hz), state)
        assert there.x.device.type == there.h.device.type == device.type
        torch.testing.assert_close(there.x.cpu(), here.x, **close(device))
        torch.testing.assert_close(there.h.cpu(), here.h, **close(device))


def trained(device, tmp_path, link, feeds):
    """A training of two epochs on a device, and what the link then scores."""
    spec = TrainSpec(epochs=2, batch=8, rate=1e-2, snr_db=(5.0, 15.0), average=0.9, clip=1.0)
    run = Training(link.to(device), *feeds, spec, "receiver", Rng.seeded(3))
    list(run)
    run.finish()
    scores = evaluate(link, feeds[1], 8.0, "receiver", Rng.seeded(4))
    assert receive_ms(link, feeds[1], "receiver") > 0
    save(tmp_path / "a.safetensors", link, Card(Experiment(), 0, (), "", {}))
    return scores, read(tmp_path / "a.safetensors", "link file", "x")[0]


@pytest.mark.parametrize("crop", [0, 16])
def test_a_whole_training_gives_the_same_on_another_device(device, crop, tmp_path):
    """With stored features, and with parts of pictures; what is written lies on the CPU again."""
    results = []
    for place in (torch.device("cpu"), device):
        if crop:
            spec = LinkSpec(Part("jscc"), Part("symbols"), RAYLEIGH, Part("reconstruct", {"metrics": ("psnr",)}))
            with Rng.seeded(5, "devices").torch_seeded():
                link = build(spec, CLASSES, SIZE)
        else:
            link = toy_link(Means())
        store = FeatureStore(tmp_path / place.type)
        feeds = []
        for data in (mixed(24, (40, 25), (21, 33)), mixed(8, (17, 30))) if crop else (colours(24), colours(9, 50)):
            if link.codec.front is not None:
                list(fill([link.codec.front], data, 0, store, place))
            feeds.append(open_feed(link, data, 1, store, crop, place))
        results.append(trained(place, tmp_path, link, feeds))
    (here, weights), (there, others) = results
    assert here.columns.keys() == there.columns.keys()
    for name, column in here.columns.items():
        np.testing.assert_allclose(there.columns[name], column, rtol=0.05 if device.type == "cuda" else 0)
    assert torch.equal(here.cost.uses, there.cost.uses) and torch.equal(here.values, there.values)
    assert weights.keys() == others.keys() and all(value.device.type == "cpu" for value in others.values())
    for name, value in weights.items():
        torch.testing.assert_close(others[name], value, **close(device))


@pytest.mark.parametrize("name", ["jscc-photographs", "restored-photographs", "deepjscc-cifar10"])
def test_a_packaged_link_is_loaded_and_sends_on_another_device(name, device, monkeypatch):
    """With the picture sent from the CPU and shown there; its rival goes to the same device."""
    monkeypatch.setattr("gensc.experiment.send.device_named", lambda wanted: device)
    pixels = batch_of(1).x[0]
    sent, ours, rival = send(pixels, (name,), 10.0, ("webp",), cbr=None if "deep" in name else 1 / 6)
    assert ours.pixels.device.type == rival.pixels.device.type == sent.pixels.device.type == "cpu"
    monkeypatch.undo()
    with torch.no_grad():
        here = send(pixels, (name,), 10.0, (), cbr=None if "deep" in name else 1 / 6, device="cpu")[1]
    torch.testing.assert_close(ours.pixels, here.pixels, **close(device))
    assert ours.uses == here.uses == rival.uses


def test_a_frozen_network_serves_links_on_both_devices(device):
    """It is shared within a process, whichever link comes first and wherever it goes."""
    first = link_of("features").eval()
    batch, state = batch_of(), State.of(12.0, 3, Rng.seeded(0))
    with torch.no_grad():
        here = first(batch, state).prediction
        moved = link_of("features").eval().to(device)
        there = moved(batch.to(device), state).prediction
        later = link_of("features").eval()
        again = [first(batch, state).prediction, later(batch, state).prediction]
    torch.testing.assert_close(there.cpu(), here, **close(device))
    assert all(torch.equal(one, here) for one in again)


def test_a_session_runs_on_another_device(device):
    """Several rounds, with feedback that is paid for."""
    link, batch, state = link_of("features").eval(), batch_of(), State.of(0.0, 3, Rng.seeded(0))
    outcomes = []
    for place in (torch.device("cpu"), device):
        session = Session(copy.deepcopy(link).to(place), 3, confident=0.99, feedback=Digital(uses=200, mcs=0))
        with torch.no_grad():
            outcomes.append(session.run(batch.to(place), state))
    assert len(outcomes[0]) == len(outcomes[1]) == 3
    for here, there in zip(*outcomes, strict=True):
        torch.testing.assert_close(there.prediction.cpu(), here.prediction, **close(device))
        assert torch.equal(there.delivery.cost.uses.cpu(), here.delivery.cost.uses)
