"""Features of pictures: which network's, whose, and kept for pictures that come again."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from gensc import zoo
from gensc.errors import InputError
from gensc.metric.features import Kept, lite0
from gensc.rng import Rng


def pictures(count: int, height: int = 48, width: int = 48) -> Tensor:
    coarse = torch.sigmoid(2 * Rng.seeded(5, "pictures").of(count).normal(3, 6, 6))
    return F.interpolate(coarse, (height, width), mode="nearest")


def test_lite0_features_are_what_the_packaged_classifier_sees():
    """At its own 224 px nothing is resized: its head on the features is the network's own answer."""
    x, network = pictures(2, 224, 224), zoo.load("efficientnet_lite0")
    found = lite0(x)
    assert found.shape == (2, 1280) and found.dtype == torch.float32
    with torch.no_grad():
        whole = network.net((x - 127 / 255) / (128 / 255))
        assert torch.allclose(network.net.classifier(found), whole, atol=1e-4)


def test_an_items_features_are_its_own_at_any_size():
    x = pictures(3, 40, 56)
    whole = lite0(x)
    assert torch.equal(whole[1:2], lite0(x[1:2])) and lite0(x[:0]).shape == (0, 1280)
    assert float((whole[0] - whole[1]).norm()) > 1


def test_what_a_screen_cannot_show_does_not_count():
    x = pictures(1)
    beyond = torch.where(x > 0.5, 1.0, x)
    assert torch.equal(lite0(torch.where(x > 0.5, x + 1, x)), lite0(beyond))


def test_kept_features_are_found_again_by_the_pictures_content():
    seen: list[int] = []

    def of(x: Tensor) -> Tensor:
        seen.append(len(x))
        return x.mean(dim=(2, 3))

    kept, x = Kept(of), pictures(3)
    assert torch.equal(kept(x), x.mean(dim=(2, 3))) and seen == [1, 1, 1]
    assert torch.equal(kept(x.flip(0)), x.flip(0).mean(dim=(2, 3))) and seen == [1, 1, 1]
    changed = x[:1].clone()
    changed[0, 0, 0, 0] += 0.01
    assert torch.equal(kept(changed), changed.mean(dim=(2, 3))) and seen == [1, 1, 1, 1]
    assert kept(x[:0]).shape == (0, 3)


def test_kept_features_are_bounded_by_their_bytes():
    """Of 4 items with 3 numbers of 4 bytes each, 2 fit in 30 bytes: the oldest are made again."""
    seen: list[float] = []

    def of(x: Tensor) -> Tensor:
        seen.append(float(x[0, 0, 0, 0]))
        return x.mean(dim=(2, 3))

    kept, x = Kept(of, most=30), torch.arange(4.0).view(4, 1, 1, 1).expand(4, 3, 2, 2)
    kept(x)
    kept(x[2:])
    assert seen == [0, 1, 2, 3]
    assert torch.equal(kept(x[:1]), torch.zeros(1, 3)) and seen == [0, 1, 2, 3, 0]
    kept(x[3:])
    kept(x[2:3])
    assert seen == [0, 1, 2, 3, 0, 2]


def test_other_shapes_are_refused():
    with pytest.raises(InputError, match=r"\[1, 1, 64, 64\]"):
        lite0(torch.zeros(1, 1, 64, 64))
