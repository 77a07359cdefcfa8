"""Files of tensors and facts: whole or not there, never code, and clear words about a bad one."""

import json

import pytest
import torch
from safetensors.torch import save_file

from gensc.errors import InputError
from gensc.machine import tensors
from helpers import small_disk

TENSORS = {"a": torch.arange(6.0).view(2, 3), "b.c": torch.tensor([1, 2**31 - 1], dtype=torch.int32),
           "half": torch.ones(3, dtype=torch.half), "empty": torch.empty(0)}
FACTS = {"name": "größe 😀", "losses": [[1.5, float("inf")]], "nested": {"x": None}}
WHO = "base station", "`gensc make` writes them"


def test_tensors_and_facts_come_back_as_they_went(tmp_path):
    tensors.write(tmp_path / "new" / "a.safetensors", TENSORS, FACTS)
    again, facts = tensors.read(tmp_path / "new" / "a.safetensors", *WHO)
    assert facts == FACTS and again.keys() == TENSORS.keys()
    assert all(torch.equal(again[name], value) and again[name].dtype == value.dtype for name, value in TENSORS.items())


def test_views_and_turned_tensors_are_written_as_they_look(tmp_path):
    whole = torch.arange(12.0).view(3, 4)
    tensors.write(tmp_path / "a", {"turned": whole.T, "part": whole[:, 1], "whole": whole}, {})
    again, _ = tensors.read(tmp_path / "a", *WHO)
    assert torch.equal(again["turned"], whole.T) and torch.equal(again["part"], whole[:, 1])


def test_a_missing_file_says_who_writes_such(tmp_path):
    with pytest.raises(InputError, match=r"^there is no base station .*b: `gensc make` writes them$"):
        tensors.read(tmp_path / "b", *WHO)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x02cos\nsystem\n", b"{}", b"\xff" * 100], ids=str)
def test_a_file_of_another_kind_is_refused(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(InputError, match=r"a is no base station of gensc .*`gensc make`"):
        tensors.read(tmp_path / "a", *WHO)


@pytest.mark.parametrize("header", [None, {"format": "pt"}, {"gensc": "[1]"}, {"gensc": "nonsense"}, {"gensc": "3"}],
                         ids=str)
def test_tensors_of_something_else_are_refused(tmp_path, header):
    save_file({"a": torch.zeros(3)}, tmp_path / "a", header)
    with pytest.raises(InputError, match="a is no base station of gensc"):
        tensors.read(tmp_path / "a", *WHO)


@pytest.mark.parametrize("share", [0.001, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_refused(tmp_path, share):
    tensors.write(tmp_path / "a", TENSORS, FACTS)
    data = (tmp_path / "a").read_bytes()
    (tmp_path / "a").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(InputError, match="a is no base station of gensc"):
        tensors.read(tmp_path / "a", *WHO)


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="is no base station of gensc"):
        tensors.read(tmp_path, *WHO)


def test_a_full_disk_leaves_the_old_file(tmp_path):
    tensors.write(tmp_path / "a", TENSORS, FACTS)
    before = (tmp_path / "a").read_bytes()
    with small_disk(1000), pytest.raises(InputError, match="can't be written"):
        tensors.write(tmp_path / "a", {"large": torch.zeros(10_000)}, {})
    assert (tmp_path / "a").read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_facts_that_are_no_json_are_an_error_of_the_caller(tmp_path):
    with pytest.raises(TypeError):
        tensors.write(tmp_path / "a", {}, {"x": object()})
    assert json.dumps(FACTS) and not list(tmp_path.iterdir())
