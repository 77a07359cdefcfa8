"""Devices by name, and what is said where something does not fit one."""

import re

import pytest
import torch
from torch import nn

from gensc.errors import InputError
from gensc.machine.devices import described, device_named, device_of, fitting, full_of, synchronize

CUDA = ("CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 79.10 GiB of which 1.20 GiB is "
        "free. Of the allocated memory 70 GiB is allocated by PyTorch.")


@pytest.fixture
def here(monkeypatch):
    """here("cuda"): what torch finds on this machine, beside the CPU."""
    def present(*names):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in names)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" in names)

    return present


@pytest.mark.parametrize(("present", "wanted"), [((), "cpu"), (("mps",), "mps"), (("cuda",), "cuda"),
                                                 (("cuda", "mps"), "cuda")])
def test_auto_is_a_gpu_where_there_is_one(here, present, wanted):
    here(*present)
    assert device_named("auto") == torch.device(wanted)
    assert device_named("cpu") == torch.device("cpu")


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_a_device_that_is_not_here_is_refused_with_those_that_are(here, name):
    here()
    with pytest.raises(InputError, match=rf"^device is '{name}' and torch finds none .*: use cpu, or auto$"):
        device_named(name)
    here(name)
    assert device_named(name) == torch.device(name)
    other = {"cuda": "mps", "mps": "cuda"}[name]
    here(other)
    with pytest.raises(InputError, match=f"use cpu, {other}, or auto"):
        device_named(name)


@pytest.mark.parametrize("name", ["gpu", "", "cuda:0", "CPU", "meta"])
def test_an_unknown_name_is_refused_with_the_known_ones(name):
    with pytest.raises(InputError, match=rf"device is {re.escape(repr(name))}: expected one of auto, cpu, cuda, mps"):
        device_named(name)


def test_a_device_is_described_by_its_name(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "NVIDIA H100")
    assert described(torch.device("cuda")) == "cuda (NVIDIA H100)"
    assert described(torch.device("cpu")) == "cpu"


def test_a_module_is_where_its_weights_or_buffers_are():
    class Placed(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("place", torch.empty(0), persistent=False)

    assert device_of(nn.Linear(1, 1)) == device_of(nn.Identity()) == torch.device("cpu")
    assert device_of(nn.Linear(1, 1).to("meta")) == device_of(Placed().to("meta")) == torch.device("meta")
    synchronize("cpu")


def test_a_batch_that_fits_passes():
    with fitting("cpu", "a batch of 3 items", "take less"):
        assert torch.ones(3).sum() == 3


def test_a_batch_that_does_not_fit_the_cpu_says_how_much_it_asked_for():
    with pytest.raises(InputError) as raised, fitting("cpu", "a training batch of 64 items", "lower train.batch"):
        torch.empty(10**13)
    assert str(raised.value) == ("a training batch of 64 items does not fit the memory of cpu (40000000000000 bytes "
                                 "were asked for): lower train.batch")


def test_a_batch_that_does_not_fit_a_gpu_says_what_it_holds_and_names_the_cpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "NVIDIA H100")
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 70 << 30)
    with (pytest.raises(InputError) as raised,
          fitting(torch.device("cuda"), "a batch of 256 items", "take smaller pictures")):
        raise torch.OutOfMemoryError(CUDA)
    assert str(raised.value) == ("a batch of 256 items does not fit the memory of cuda (NVIDIA H100) (2.50 GiB were "
                                 "asked for; 70.00 GiB are held): take smaller pictures, or use --device cpu")


def test_an_allocation_of_unknown_size_is_one_sentence_too():
    error = full_of(torch.OutOfMemoryError("out of memory"), torch.device("cpu"), "a batch of 2 items", "take less")
    assert str(error) == "a batch of 2 items does not fit the memory of cpu: take less"


def test_another_error_stays_what_it_is():
    with pytest.raises(RuntimeError, match="mat1 and mat2"), fitting("cpu", "a batch of 3 items", "take less"):
        torch.zeros(2, 3) @ torch.zeros(2, 3)
