"""Pipelines of diffusers by name: a tiny one of random weights, and clear words where one is missing."""

import json

import pytest
import torch

from gensc import registry
from gensc.errors import InputError
from gensc.rng import Rng

diffusers = pytest.importorskip("diffusers")


def test_missing_weights_are_said_with_the_command_that_gets_them():
    with pytest.raises(InputError, match="run `hf download nobody/nothing`"):
        registry.create("codec", "diffusion", restorer="diffusers:nobody/nothing")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A Stable Diffusion pipeline of a few thousand random weights, in the layout of the hub."""
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    import gensc.zoo.timm_ready  # noqa: F401

    place = tmp_path_factory.mktemp("pipeline")
    words = {"<|startoftext|>": 0, "<|endoftext|>": 1, "a</w>": 2}
    (place / "vocab.json").write_text(json.dumps(words))
    (place / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = CLIPTokenizer.from_pretrained(str(place), model_max_length=8)
    with Rng.seeded(3).torch_seeded():
        text = CLIPTextModel(CLIPTextConfig(vocab_size=3, hidden_size=16, intermediate_size=16, num_hidden_layers=1,
                                            num_attention_heads=2, max_position_embeddings=8, bos_token_id=0,
                                            eos_token_id=1, pad_token_id=1))
        unet = diffusers.UNet2DConditionModel(
            sample_size=8, block_out_channels=(8, 16), layers_per_block=1, cross_attention_dim=16, norm_num_groups=4,
            attention_head_dim=4, down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"))
        vae = diffusers.AutoencoderKL(block_out_channels=(8, 8, 8, 8), norm_num_groups=4, latent_channels=4,
                                      down_block_types=("DownEncoderBlock2D",) * 4,
                                      up_block_types=("UpDecoderBlock2D",) * 4)
    pipeline = diffusers.StableDiffusionImg2ImgPipeline(vae, text, tokenizer, unet, diffusers.DDIMScheduler(), None,
                                                        None, requires_safety_checker=False)
    pipeline.save_pretrained(place)
    return str(place)


def test_a_pipeline_by_name_takes_and_gives_pictures(folder):
    codec = registry.create("codec", "diffusion", cbr=1 / 48, steps=2,
                            restorer=f"diffusers:{folder}").eval()
    shown = torch.sigmoid(Rng.seeded(1).of(2).normal(3, 32, 36))
    rng = Rng.seeded(0).of(2)
    before = torch.get_rng_state()
    found = codec.hosted(shown, rng, 2)
    assert found.shape == shown.shape and torch.isfinite(found).all() and found.min() >= 0 and found.max() <= 1
    assert torch.equal(found, codec.hosted(shown, rng, 2)) and torch.equal(before, torch.get_rng_state())
    assert torch.equal(codec.hosted(shown[1:], rng.of([1]), 2)[0], found[1])
    assert not torch.equal(found, codec.hosted(shown, Rng.seeded(1).of(2), 2))
    assert not any("hosted" in name for name in codec.state_dict())
