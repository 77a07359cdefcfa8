"""The hybrid encoder: a skip path that carries the backbone's features, and a circuit beside it."""

import pytest
import torch

from gensc import registry
from gensc.batch import unlabelled
from gensc.codec import Backbone
from gensc.errors import InputError
from gensc.rng import Rng
from gensc.signal import MAIN, State
from gensc.testing import check_codec


@pytest.fixture(scope="module")
def codec():
    return registry.create("codec", "hybrid", qubits=4, size=64).eval()


@pytest.fixture(scope="module")
def pictures():
    return unlabelled(torch.sigmoid(Rng.seeded(8, "pictures").of(3).normal(3, 64, 64)))


def sent(codec, batch):
    return codec.encode(codec.prepared(batch), State.of(10.0, len(batch), Rng.seeded(0)))[MAIN]


def test_it_is_the_backbones_features_and_pennylanes_circuit(codec, pictures):
    qml = pytest.importorskip("pennylane")
    features = sent(Backbone(size=64), pictures)
    values = codec.reduce(features).detach()

    @qml.qnode(qml.device("default.qubit", wires=4), interface="torch")
    def circuit():
        qml.AmplitudeEmbedding(values, wires=range(4), pad_with=0.0, normalize=True)
        qml.BasicEntanglerLayers(codec.layer.weights.detach(), wires=range(4))
        return [qml.expval(qml.PauliZ(wire)) for wire in range(4)]

    z = torch.stack(circuit(), dim=1).float()
    want = features + z @ codec.back.weight.T + codec.back.bias
    with torch.no_grad():
        got = sent(codec, pictures)
    assert got.shape == (3, *codec.form[MAIN]) == features.shape
    assert (got - want).abs().max() < 1e-5
    assert (got - features).abs().max() > 1e-3


def test_what_learns_is_what_stands_beside_the_skip_path(codec):
    learns = {name for name, parameter in codec.named_parameters() if parameter.requires_grad}
    assert learns == {"reduce.weight", "reduce.bias", "layer.weights", "back.weight", "back.bias"}
    assert codec.layer.weights.shape == (4, 4)


def test_the_backbone_stays_as_it_is_in_training(codec, pictures):
    before = codec.front(pictures).x
    codec.train()
    try:
        assert torch.equal(codec.front(pictures).x, before)
        assert not codec.backbone.net.training
    finally:
        codec.eval()


def test_other_settings():
    check_codec(lambda: registry.create("codec", "hybrid", output="logits", qubits=3, size=64), sides=(64, 64))


@pytest.mark.parametrize("options", [{"qubits": 0}, {"qubits": 17}, {"output": "map"}], ids=str)
def test_what_cannot_be_is_refused(options):
    with pytest.raises(InputError):
        registry.create("codec", "hybrid", **options)
