"""Picture files restored at the receiver: the classical link's bytes, and training over the link itself."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torch.nn.functional import interpolate

from gensc.batch import Batch, unlabelled
from gensc.channel import Channel
from gensc.codec import Picture, Restored
from gensc.codec.picture.restored import Network, detail, facts_of
from gensc.link import Link
from gensc.metric.image import psnr
from gensc.rng import Rng
from gensc.signal import MAIN, Cost, Delivery, State
from gensc.task import Reconstruct
from gensc.testing import check_codec, check_training
from gensc.transport import Digital
from gensc.zoo import links


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GENSC_CACHE", str(tmp_path))
    return tmp_path


def pictures(count: int = 3, height: int = 40, width: int = 56) -> Batch:
    coarse = torch.rand(count, 3, 9, 9, generator=torch.Generator().manual_seed(5))
    return unlabelled(interpolate(coarse, (height, width), mode="bilinear"))


def state(batch: Batch, *budgets: int) -> State:
    use = State.of(10.0, len(batch), Rng.seeded(0))
    return replace(use, shape=batch.shape, values=batch.values, budget=budgets or None)


def decoded(codec: Restored | Picture, batch: Batch, payloads: tuple[bytes | None, ...]) -> torch.Tensor:
    none = torch.zeros(len(batch))
    delivery = Delivery({MAIN: payloads}, none > -1, Cost(none, none, none))
    return codec.decode(delivery, state(batch).receiver())[MAIN]


@pytest.mark.parametrize("name", ["avif", "jpeg"])
def test_it_keeps_the_laws_of_codecs(name):
    check_codec(lambda: Restored(name), sides=(64, 64))


def test_training_is_over_the_links_own_channel():
    def make(channel: Channel) -> Link:
        return Link(Restored("webp"), Digital(channel, cbr=1 / 6), Reconstruct(metrics=("psnr",)))

    check_training(make, pictures(4))


def test_it_sends_what_the_classical_link_sends():
    batch = pictures()
    codec, classical = Restored().eval(), Picture("avif")
    use = state(batch, 300, 120, 2000).sender()
    payloads = codec.encode(batch, use)[MAIN]
    assert payloads == classical.encode(batch, use)[MAIN]
    # Untrained it changes little.
    assert (decoded(codec, batch, payloads) - decoded(classical, batch, payloads)).abs().max() < 0.1


def test_training_sends_files_that_fit_and_keeps_none(own_cache):
    batch, budgets = pictures(), (300, 120, 3)
    payloads = Restored().train().encode(batch, state(batch, *budgets).sender())[MAIN]
    assert all(0 < len(payload) <= budget for payload, budget in zip(payloads[:2], budgets[:2], strict=True))
    assert payloads[2] == b"" and list(own_cache.iterdir()) == []


def test_training_restores_a_batch_as_evaluation_restores_its_items():
    batch, codec = pictures(), Restored()
    payloads = codec.encode(batch, state(batch, 300, 120, 900).sender())[MAIN]
    together, apart = (decoded(codec.train(mode), batch, payloads) for mode in (True, False))
    assert together.requires_grad and torch.allclose(together, apart, atol=1e-5)


def test_what_is_lost_is_grey_and_teaches_nothing():
    batch, codec = pictures(2), Restored().train()
    payload = codec.encode(batch, state(batch, 300, 300).sender())[MAIN][0]
    shown = decoded(codec, batch, (payload, None))
    assert torch.all(shown[1] == 128 / 255) and not torch.all(shown[0] == 128 / 255)
    for lost in ((None, b""), (b"\xff", None)):
        codec.zero_grad()
        shown = decoded(codec, batch, lost)
        shown.square().sum().backward()
        assert torch.all(shown == 128 / 255)
        assert all(parameter.grad is None or not parameter.grad.any() for parameter in codec.parameters())


def test_damage_is_concealed_and_not_restored():
    batch, codec = pictures(1), Restored("jpeg").eval()
    assert torch.all(decoded(codec, batch, (b"\0\xff",)) == 128 / 255)


def test_the_facts_of_a_file():
    assert facts_of(99, 1.0, (20, 40)) == (0.0, 0.0)
    assert facts_of(1599, 0.5, (20, 40)) == (1.0, -0.5)


def test_the_network_takes_pictures_of_any_size():
    network = Network().eval()
    facts = torch.zeros(1, 2)
    for size in ((1, 1), (1, 5), (7, 3), (40, 56)):
        picture = torch.rand(1, 3, *size)
        assert network(picture, facts).shape == picture.shape and torch.isfinite(network(picture, facts)).all()
    stripes = torch.zeros(1, 3, 4, 6)
    stripes[..., ::2] = 1.0
    assert float(detail(stripes).exp()) == pytest.approx(4 * 5 / (4 * 5 + 3 * 6), abs=2e-3)


def test_the_packaged_weights_restore_a_photograph_that_is_no_square():
    beside = Path(__file__).parents[2].parent / "shared" / "data"
    folder = Path(os.environ.get("GENSC_TEST_DATA", beside)) / "bsds" / "train"
    if not folder.is_dir():
        pytest.skip(f"no test data at {folder}; set GENSC_TEST_DATA")
    weights = {name.removeprefix("codec."): value
               for name, value in load_file(links.resolve("restored-photographs")).items() if name.startswith("codec.")}
    codec = Restored("avif").eval()
    codec.load_state_dict(weights)
    gains = []
    for file in sorted(folder.glob("*.jpg"))[3:60:14]:
        with Image.open(file) as image:
            pixels = np.asarray(image.convert("RGB"))[:240, :160].copy()
        batch = unlabelled(torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255)
        payloads = codec.encode(batch, state(batch, 3500).sender())[MAIN]
        with torch.no_grad():
            gains.append(psnr(decoded(codec, batch, payloads), batch.x)
                         - psnr(decoded(codec.files, batch, payloads), batch.x))
    assert float(torch.cat(gains).mean()) > 0.02
