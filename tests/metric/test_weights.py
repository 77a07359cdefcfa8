"""Metrics whose weights no package carries: what is said without them, and the loading of (random) ones."""

import json
import urllib.error
from collections.abc import Callable
from pathlib import Path

import huggingface_hub
import pytest
import torch
from torch import Tensor

from gensc.errors import InputError
from gensc.metric import clip, features, lpips
from gensc.rng import Rng
from gensc.zoo.metrics import READERS, WEIGHTS, weights_and_reader

CLIP = "openai/clip-vit-base-patch32"

LIBRARIES = {"lpips": "torchmetrics", "fid": "torch_fidelity", "clip": "transformers"}


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """A machine without any of the weights, whose caches are below ``tmp_path``."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hf"))
    networks = (lpips._network, features._inception, clip._network)
    for network in networks:
        network.cache_clear()
    yield tmp_path
    for network in networks:
        network.cache_clear()


def pictures(count: int) -> Tensor:
    return torch.sigmoid(Rng.seeded(4, "pictures").of(count).normal(3, 48, 40))


def with_package(name: str) -> None:
    pytest.importorskip("gensc.zoo.timm_ready")
    pytest.importorskip(LIBRARIES[name])


@pytest.mark.parametrize(("name", "use"), [
    ("lpips", lambda x: lpips.lpips(x, x)),
    ("fid", features.inception),
    ("clip", lambda x: clip.clip_score(x, ["a car"])),
    ("clip", lambda x: clip.clip_similarity(x, x)),
])
def test_without_the_weights_it_is_said_what_gets_them(bare, name, use):
    with_package(name)
    with pytest.raises(InputError, match=rf"^the weights of .* run `gensc zoo pull {name}`, or leave {name}.* out"):
        use(pictures(1))


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(READERS, "fid", "absent_one")
    with pytest.raises(InputError, match=r"fid: the package absent_one .* run `pip install 'gensc\[perceptual\]'`"):
        weights_and_reader("fid")


def test_the_checkpoints_are_those_that_the_libraries_read():
    with_package("lpips")
    import torchvision

    assert WEIGHTS["lpips"].source == torchvision.models.AlexNet_Weights.DEFAULT.url
    with_package("fid")
    from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3

    assert WEIGHTS["fid"].source == URL_INCEPTION_V3


@pytest.mark.parametrize("name", sorted(WEIGHTS))
def test_a_download_that_fails_leaves_nothing_and_says_so(bare, monkeypatch, name):
    with_package(name)

    def offline(*_: object, **__: object) -> None:
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", offline)
    said = rf"could not be downloaded \(URLError\): go online and run `gensc zoo pull {name}`"
    with pytest.raises(InputError, match=said):
        WEIGHTS[name].pull()
    assert WEIGHTS[name].local() is None


def test_what_is_pulled_is_checked_against_the_hash_in_its_name(bare, monkeypatch):
    with_package("lpips")
    asked = {}

    def download(url: str, path: str, hash_prefix: str) -> None:
        asked.update(url=url, prefix=hash_prefix)
        Path(path).touch()

    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    found = WEIGHTS["lpips"].pull()
    assert found == bare / "hub/checkpoints/alexnet-owt-7be5be79.pth"
    assert asked["url"].endswith("/alexnet-owt-7be5be79.pth") and asked["prefix"] == "7be5be79"


def test_lpips_of_random_weights(bare):
    """Shapes and laws; the figures of a random trunk mean nothing."""
    with_package("lpips")
    import torchvision

    _write(bare, "lpips", torchvision.models.alexnet)
    x = pictures(3)
    other = torch.cat([x[:1], (x[1:] + 0.2)])
    found = lpips.lpips(x, other)
    assert found.shape == (3,) and found.dtype == torch.float32 and found[0] == 0 and (found[1:] > 0).all()
    assert torch.equal(found[2:], lpips.lpips(x[2:], other[2:])) and lpips.lpips(x[:0], x[:0]).shape == (0,)
    with pytest.raises(InputError, match="31 px"):
        lpips.lpips(x[..., :30], x[..., :30])


def test_inception_features_of_random_weights(bare, monkeypatch):
    with_package("fid")
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    with monkeypatch.context() as patch:
        patch.setattr(FeatureExtractorInceptionV3, "load_state_dict", lambda *_: None)
        patch.setattr(torch, "load", lambda *_, **__: None)
        _write(bare, "fid", lambda: FeatureExtractorInceptionV3(
            "fid", ["2048"], feature_extractor_weights_path="none"))
    x = (pictures(2) * 255).round() / 255
    found = features.inception(x)
    assert found.shape == (2, 2048) and found.dtype == torch.float32 and not torch.equal(found[0], found[1])
    assert torch.equal(found[1:], features.inception(x[1:] + 0.3 / 255)), "an item's own, at 8 bits"


def test_clip_figures_of_random_weights(bare):
    with_package("clip")
    _small_clip(bare)
    x, captions = pictures(3), ("a car", "a red car on a road", "car " * 200)
    score = clip.clip_score(x, captions)
    assert score.shape == (3,) and score.dtype == torch.float32 and ((score >= 0) & (score <= 100)).all()
    assert torch.equal(score[1:2], clip.clip_score(x[1:2], captions[1:2]))
    assert clip.clip_score(x[:0], ()).shape == (0,)
    likeness = clip.clip_similarity(x, torch.cat([x[:1], 1 - x[1:]]))
    assert float(likeness[0]) == pytest.approx(100, abs=1e-3) and (likeness[1:] < 99.99).all()
    with pytest.raises(InputError, match="2 captions for 3 pictures"):
        clip.clip_score(x, captions[:2])


def test_clip_scores_are_a_hundred_times_the_cosine(bare):
    with_package("clip")
    _small_clip(bare)
    model, processor = clip._network("cpu")
    x = pictures(2)
    both = processor(text=["a car", "a road"], images=list((x * 255).round().byte()), padding=True,
                     return_tensors="pt")
    with torch.no_grad():
        logits = model(**both).logits_per_image / model.logit_scale.exp()
    expected = (100 * logits.diagonal()).clamp(min=0)
    assert torch.allclose(clip.clip_score(x, ["a car", "a road"]), expected, atol=1e-3) and (expected > 0).any()


def _write(home: Path, name: str, make: Callable[[], torch.nn.Module]) -> None:
    """Random weights where torch.hub keeps a checkpoint; fully connected layers, that no feature sees, are 0."""
    with torch.device("meta"):
        shapes = make().state_dict()
    state = {}
    for number, (layer, value) in enumerate(shapes.items()):
        if layer.endswith(("running_var", "bn.weight")):
            state[layer] = torch.ones(value.shape)
        elif value.ndim == 4:
            fan_in = value.shape[1:].numel()
            state[layer] = Rng.seeded(number, layer).normal(*value.shape)[0] * (2 / fan_in) ** 0.5
        else:
            state[layer] = torch.zeros(1, dtype=value.dtype).reshape([1] * value.ndim).expand(value.shape)
    path = home / "hub" / "checkpoints" / WEIGHTS[name].source.rpartition("/")[2]
    path.parent.mkdir(parents=True)
    torch.save(state, path)


def _small_clip(home: Path) -> None:
    """A random CLIP of few layers, laid where the hub's client would."""
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, CLIPTokenizer

    folder = home / "hf" / f"models--{CLIP.replace('/', '--')}"
    snapshot = folder / "snapshots" / "0"
    snapshot.mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("0")
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    (snapshot / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(words)}))
    (snapshot / "merges.txt").write_text("#version: 0.2\n")
    tokens = CLIPTokenizer.from_pretrained(snapshot)
    CLIPProcessor(CLIPImageProcessor(), tokens).save_pretrained(snapshot)
    text = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
            "vocab_size": len(words), "bos_token_id": len(words) - 2, "eos_token_id": len(words) - 1,
            "pad_token_id": len(words) - 1}
    vision = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
              "patch_size": 32}
    with Rng.seeded(2).torch_seeded():
        CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=16)).save_pretrained(snapshot)
