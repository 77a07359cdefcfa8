"""Link files: the same predictions, nothing of a frozen encoder, no code, and clear words about a bad one."""

import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from gensc.batch import unlabelled
from gensc.config import DataSpec, Experiment, LinkSpec, Part
from gensc.errors import InputError
from gensc.experiment import linkfile
from gensc.experiment.linkfile import Card
from gensc.link import build
from gensc.rng import Rng
from gensc.signal import State
from helpers import call, refused, small_disk

CLASSES = ("blue", "green", "red")
FROZEN = Part("backbone", {"model": "efficientnet_lite0"})
FINETUNED = Part("backbone", {"model": "efficientnet_lite0", "mode": "finetune", "frozen_stages": 5})
SCRATCH = Part("backbone", {"model": "mobilenetv3_small_050", "mode": "scratch"})
TRAINED = {"epochs": 2, "best_epoch": 1, "losses": [[1.5, float("inf")], [1.0, 2.0]]}


def made(codec=FROZEN, transport="features"):
    """A link whose weights are none that ``build`` draws, and its card."""
    spec = LinkSpec(codec, Part(transport), task=Part("classify", {"head": "2xfc"}))
    card = Card(Experiment(data=DataSpec(source="folder:x", size=32), link=spec), 3, CLASSES, "d1", TRAINED)
    with Rng.seeded(5, "tests").torch_seeded():
        link = build(spec, 3, 32)
        for name, value in link.state_dict().items():
            if name.startswith("task.") and value.is_floating_point():
                value.add_(torch.rand_like(value))
    return link.eval(), card


def predictions(link):
    x = unlabelled(torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(1)))
    with torch.no_grad():
        return link(x, State.of(5.0, 4, Rng.seeded(0))).prediction


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.safetensors"
    linkfile.save(path, *made())
    return path


@pytest.mark.parametrize("codec", [FROZEN, FINETUNED, SCRATCH], ids=["frozen", "finetune", "scratch"])
@pytest.mark.parametrize("transport", ["features", "analog"])
def test_a_link_comes_back_to_the_bit(codec, transport, tmp_path):
    link, card = made(codec, transport)
    linkfile.save(tmp_path / "a.safetensors", link, card)
    again, kept = linkfile.load(tmp_path / "a.safetensors")
    assert torch.equal(predictions(again), predictions(link))
    assert kept == card and not again.training


def test_the_weights_of_a_frozen_codec_are_not_in_the_file(file, tmp_path):
    assert load_file(file) and not [name for name in load_file(file) if name.startswith("codec.")]
    linkfile.save(tmp_path / "b.safetensors", *made(FINETUNED))
    assert [name for name in load_file(tmp_path / "b.safetensors") if name.startswith("codec.")]


def rewritten(file, facts=None, tensors=None):
    """The file again, with changed facts or tensors."""
    with safe_open(file, framework="pt") as opened:
        known = json.loads(opened.metadata()["gensc"])
    save_file({**load_file(file), **(tensors or {})}, file, {"gensc": json.dumps({**known, **(facts or {})})})


def test_other_encoder_weights_are_refused(file):
    rewritten(file, facts={"codec": "0" * 64})
    with pytest.raises(InputError, match="other encoder weights"):
        linkfile.load(file)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"no link file .*b\.safetensors.*gensc train"):
        linkfile.load(tmp_path / "b.safetensors")


def test_a_folder_is_no_link_file(tmp_path):
    with pytest.raises(InputError, match="no link file"):
        linkfile.load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x02cos\nsystem\n", b"{}", b"\xff" * 100], ids=str)
def test_a_file_of_another_kind_is_refused(content, tmp_path):
    (tmp_path / "a.safetensors").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.safetensors is no link file"):
        linkfile.load(tmp_path / "a.safetensors")


def test_a_pickle_is_never_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return open, (str(tmp_path / "ran"), "w")

    torch.save({"a": Trap()}, tmp_path / "a.safetensors")
    with pytest.raises(InputError, match="no link file"):
        linkfile.load(tmp_path / "a.safetensors")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_a_truncated_file_is_refused(file, share):
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(InputError, match="no link file"):
        linkfile.load(file)


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}, {"gensc": "{}"}, {"gensc": "[1]"}, {"gensc": "nonsense"}],
                         ids=str)
def test_safetensors_of_something_else_are_refused(metadata, tmp_path):
    save_file({"a": torch.zeros(3)}, tmp_path / "a.safetensors", metadata)
    with pytest.raises(InputError, match=r"a\.safetensors"):
        linkfile.load(tmp_path / "a.safetensors")


@pytest.mark.parametrize(("facts", "tensors"), [
    ({"classes": ["blue", "green", "red", "grey"]}, None),
    (None, {"task.head.1.weight": torch.zeros(2, 2)}),
    (None, {"task.head.99.weight": torch.zeros(2, 2)}),
    ({"trained": None, "experiment": {"link": {"codec": {"name": "backbonne"}}}}, None),
], ids=["classes", "shape", "layer", "experiment"])
def test_weights_that_do_not_fit_their_description_are_refused(file, facts, tensors):
    rewritten(file, facts, tensors)
    with pytest.raises(InputError):
        linkfile.load(file)


def test_a_full_disk_is_named_and_leaves_no_half_file(tmp_path):
    link, card = made()
    with small_disk(10_000), pytest.raises(InputError, match=r"a\.safetensors can't be written"):
        linkfile.save(tmp_path / "a.safetensors", link, card)
    assert not list(tmp_path.iterdir())


def test_the_command_line_refuses_what_is_no_link_file(tmp_path):
    (tmp_path / "a.safetensors").write_bytes(b"hello")
    refused(call("eval", tmp_path / "a.safetensors"), "a.safetensors", "no link file")
    refused(call("eval", tmp_path / "none.safetensors"), "none.safetensors")


@pytest.mark.parametrize(("codec", "transport", "uses"), [
    (Part("jscc"), "symbols", 4 + 4 * 16), (Part("restored"), "digital", 128)])
def test_a_bandwidth_ratio_goes_to_the_part_that_has_a_choice(codec, transport, uses, tmp_path):
    spec = LinkSpec(codec, Part(transport), task=Part("reconstruct"))
    path = tmp_path / "a.safetensors"
    linkfile.save(path, build(spec, 0, 32), Card(Experiment(data=DataSpec(size=32), link=spec), 0, (), "", TRAINED))
    link, _ = linkfile.load(path, {}, uses / (3 * 32**2))
    x = unlabelled(torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1)))
    with torch.no_grad():
        assert link(x, State.of(5.0, 2, Rng.seeded(0))).delivery.cost.uses.tolist() == [uses] * 2


def test_a_link_without_a_choice_of_ratio_says_so(file):
    with pytest.raises(InputError, match="has a choice of bandwidth ratio: leave --cbr out"):
        linkfile.load(file, {}, 1 / 12)
