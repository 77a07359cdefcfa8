"""A codec of one's own two networks: the laws of every codec, and clear words where they do not fit."""

import pytest
import torch
from torch import nn

from gensc.batch import Batch
from gensc.channel import Rayleigh
from gensc.codec.modules import Modules
from gensc.errors import InputError
from gensc.link import Link
from gensc.rng import Rng
from gensc.signal import MAIN, Cost, Delivery, Soft, State
from gensc.task import Reconstruct
from gensc.testing import check_codec, check_training
from gensc.transport import Analog, Features, Symbols

SIDE = 16


class Informed(nn.Module):
    """A decoder of values and their qualities."""

    def __init__(self):
        super().__init__()
        self.up = nn.ConvTranspose2d(16, 3, 4, 4)

    def forward(self, values, quality):
        return self.up(torch.cat([values, quality], dim=1))


def codec(quality: bool = False) -> Modules:
    decoder = Informed() if quality else nn.ConvTranspose2d(8, 3, 4, 4)
    return Modules(nn.Conv2d(3, 8, 4, 4), decoder, (3, SIDE, SIDE), quality)


def batch(items: int = 3) -> Batch:
    return Batch(torch.sigmoid(Rng.seeded(8, "pictures").of(items).normal(3, SIDE, SIDE)), torch.arange(items))


@pytest.mark.parametrize("quality", [False, True])
def test_two_networks_keep_the_laws_of_codecs(quality):
    check_codec(lambda: codec(quality), (SIDE, SIDE))


@pytest.mark.parametrize("transport", [Symbols, Features, lambda channel: Analog(channel, uses=12, hidden=16)],
                         ids=["symbols", "features", "analog"])
def test_two_networks_learn_over_their_own_link(transport):
    def make(channel):
        return Link(codec(), transport(channel), Reconstruct(metrics=("psnr",)))

    make(Rayleigh()).loss(batch(), State.of(5.0, 3, Rng.seeded(0))).backward()
    check_training(make, batch())


def test_the_decoder_gets_each_value_in_its_place_with_its_quality():
    mine = codec(quality=True)
    soft = Soft(torch.arange(128.0).expand(2, -1), torch.arange(128.0).expand(2, -1) / 128)
    none = torch.zeros(2)
    with torch.no_grad():
        shown = mine.decode(Delivery({MAIN: soft}, torch.ones(2, dtype=torch.bool), Cost(none, none, none)),
                            State.of(5.0, 2, Rng.seeded(0)))[MAIN]
        wanted = mine.decoder(soft.value.view(2, 8, 4, 4), soft.quality.view(2, 8, 4, 4))
    assert torch.equal(shown, wanted) and mine.received({MAIN: (8, 4, 4)}) == {MAIN: (3, SIDE, SIDE)}


def test_networks_keep_the_mode_that_they_were_given():
    encoder, decoder = nn.Sequential(nn.Conv2d(3, 8, 4, 4), nn.Dropout(0.5)).eval(), nn.ConvTranspose2d(8, 3, 4, 4)
    mine = Modules(encoder, decoder.eval(), (3, SIDE, SIDE))
    Link(mine, Symbols(), Reconstruct(metrics=("psnr",)))
    assert not mine.training and not any(part.training for part in mine.modules())
    assert Link(codec().train(), Symbols(), Reconstruct(metrics=("psnr",))).codec.encoder.training


def test_networks_that_do_not_fit_are_named():
    with pytest.raises(InputError, match=r"encoder Conv2d does not take items of shape \[B, 4, 16, 16\]"):
        Modules(nn.Conv2d(3, 8, 4, 4), nn.Identity(), (4, SIDE, SIDE))
    with pytest.raises(InputError, match="encoder Flatten makes"):
        Modules(nn.Flatten(0), nn.Identity(), (3, SIDE, SIDE))
    wrong = Modules(nn.Conv2d(3, 8, 4, 4), nn.Conv2d(3, 3, 1), (3, SIDE, SIDE))
    with pytest.raises(InputError, match="decoder Conv2d does not take values of the encoder's shape"):
        Link(wrong, Symbols(), Reconstruct(metrics=("psnr",)))
    with pytest.raises(InputError, match=r"Conv2d made \[3, 8, 8, 8\], expected \[3, 8, 4, 4\]"):
        codec().encode(batch().with_x(torch.rand(3, 3, 32, 32)), State.of(5.0, 3, Rng.seeded(0)))
    broken = codec()
    broken.encoder.weight.data.fill_(float("nan"))
    with pytest.raises(InputError, match="Conv2d made nan or infinity"):
        broken.encode(batch(), State.of(5.0, 3, Rng.seeded(0)))
