"""Several tasks on one transmission: what each makes of it, under its own name, and their weighted loss."""

import numpy as np
import pytest
import torch

from gensc import config
from gensc.batch import Batch
from gensc.codec import Jscc
from gensc.config import Experiment, LinkSpec, Part
from gensc.errors import InputError
from gensc.link import Link, build
from gensc.rng import Rng
from gensc.signal import State
from gensc.task import Classify, Reconstruct, Several, Task
from gensc.testing import check_task
from gensc.transport import Symbols

BOTH = {"label": {"name": "classify", "weight": 0.25}, "picture": {"name": "reconstruct", "loss": "log_mse"}}


def batch(items: int = 4, side: int = 16) -> Batch:
    x = torch.sigmoid(Rng.seeded(1, "sent").of(items).normal(3, side, side))
    return Batch(x, torch.arange(items), {"label": torch.arange(items) % 3})


def bound(tasks: dict | None = None) -> Several:
    with Rng.seeded(0, "layers").torch_seeded():
        task = Several(BOTH if tasks is None else tasks, classes=3)
        task.bind({"main": (3, 16, 16)})
    return task.eval()


def test_each_task_gets_what_was_received_and_the_loss_is_the_weighted_sum():
    task, data = bound(), batch()
    received = {"main": data.x + 0.1}
    prediction = task(received, State.of(0.0, 4, Rng.seeded(0)))
    label, picture = task.tasks
    assert isinstance(label, Classify) and isinstance(picture, Reconstruct) and label.classes == 3
    assert torch.equal(prediction["picture"], received["main"]) and prediction["label"].shape == (4, 3)
    parts = label.loss(prediction["label"], data), picture.loss(prediction["picture"], data)
    assert task.loss(prediction, data).item() == pytest.approx(0.25 * parts[0].item() + parts[1].item())


def test_figures_and_columns_carry_the_name_of_their_task():
    task, data = bound(), batch()
    prediction = task({"main": data.x}, State.of(0.0, 4, Rng.seeded(0)))
    run = {name: column.numpy() for name, column in task.score(prediction, data).items()}
    assert list(run) == ["label.label", "label.predicted", "picture.psnr", "picture.ssim"]
    assert [measure.name for measure in task.measures] == [
        "label.accuracy", "label.f1", "label.recall", "label.precision", "picture.psnr", "picture.ssim"]
    first = task.measures[0]
    assert (first.shown, first.chance, task.headline) == ("label accuracy", 1 / 3, "label.accuracy")
    figures = task.summarise([run, run])
    right = (prediction["label"].argmax(dim=1) == data.truth["label"]).double()
    assert figures["label.accuracy"].value == pytest.approx(float(right.mean()))
    assert figures["picture.psnr"].value == 100
    assert task.per_item(run).tolist() == right.tolist()
    counts = task.confusion([run, run])
    assert counts is not None and counts.sum() == 8 and np.trace(counts) == 2 * right.sum()
    assert torch.equal(task.shown(prediction, data), data.x)
    assert task.needs == ("label",) and task.rival == "picture"


def test_a_second_round_is_asked_for_by_the_task_in_doubt_and_merged_by_each():
    heads = {name: {"name": "classify", "head": head} for name, head in (("a", "2xfc"), ("b", "3xfc"))}
    task, data = bound(heads), batch()
    first, second = (task({"main": data.x + level}, State.of(0.0, 4, Rng.seeded(0))) for level in (0.0, 0.5))
    a, b = task.tasks
    confidence = task.confidence(first)
    assert torch.equal(confidence, torch.minimum(a.confidence(first["a"]), b.confidence(first["b"])))
    repeated = torch.tensor([True, False, True, False])
    both = task.merged(first, second, repeated)
    assert all(torch.equal(both[name], part.merged(first[name], second[name], repeated))
               for name, part in (("a", a), ("b", b)))
    pictures = bound({"picture": {"name": "reconstruct"}})
    assert pictures.confidence({"picture": data.x}) is None
    with pytest.raises(InputError, match="task reconstruct has no use for a second round"):
        pictures.merged({"picture": data.x}, {"picture": data.x}, repeated)


def test_what_only_training_needs_is_left_out_of_link_files():
    task = bound({"picture": {"name": "reconstruct", "loss": "adversarial"}, "label": {"name": "classify"}})
    scaffold = [name for name in task.state_dict() if name.startswith(task.scaffold)]
    assert scaffold and all(".critic." in name for name in scaffold)
    assert len(scaffold) == sum(".critic." in name for name in task.state_dict())


def test_a_link_with_several_tasks_trains_them_together():
    with Rng.seeded(0, "layers").torch_seeded():
        link = Link(Jscc(cbr=1 / 12), Symbols(), Several(BOTH, classes=3)).train()
    data = batch(side=32)
    link.loss(data, State.of(10.0, 4, Rng.seeded(0))).backward()
    assert all(parameter.grad is not None for parameter in link.task.parameters())
    assert any(parameter.grad is not None and parameter.grad.abs().max() > 0 for parameter in link.codec.parameters())


def test_an_experiment_file_names_them_and_the_data_their_classes(tmp_path):
    spec = LinkSpec(Part("jscc"), Part("symbols"), task=Part("several", {"tasks": BOTH}))
    file = tmp_path / "both.toml"
    file.write_text(config.to_toml(Experiment(link=spec)))
    link = build(config.load(file).link, classes=7, size=32)
    assert isinstance(link.task, Several) and link.task.weights == (0.25, 1.0)
    assert link.task.measures[0].chance == 1 / 7


@pytest.mark.parametrize("tasks", [
    {"a": {"name": "classify"}, "b": {"name": "classify", "head": "2xfc", "weight": 2}},
    {"items": {"name": "reconstruct"}, "train": {"name": "several"}},
], ids=["two heads", "words that no module may be called, and several within several"])
def test_any_set_of_tasks_keeps_the_laws(tasks):
    check_task(lambda: Several(tasks, classes=3))


@pytest.mark.parametrize(("tasks", "message"), [
    ({}, "tasks is empty; give at least one"),
    ({"label": "classify"}, "the task 'label' is 'classify'; expected a table with a name"),
    ({"label": {"head": "2xfc"}}, "expected a table with a name"),
    ({"label": {"name": "classify", "weight": 0}}, "the weight of the task 'label' is 0; expected a number above 0"),
    ({"label": {"name": "classify", "weight": True}}, "the weight of the task 'label' is True"),
    ({"label": {"name": "classify", "classes": 4}}, "'label' has its own classes; leave them out"),
    ({"label.a": {"name": "classify"}}, "expected a word without a dot"),
    ({"label": {"name": "clasify"}}, "no task 'clasify' .did you mean 'classify'"),
    ({"label": {"name": "classify", "heads": "2xfc"}}, "no option 'heads'"),
])
def test_wrong_tables_are_named(tasks, message):
    with pytest.raises(InputError, match=message):
        Several(tasks)


def test_a_form_that_one_of_them_cannot_use_is_refused():
    task: Task = Several(BOTH)
    with pytest.raises(InputError, match="reconstruct: what is received is the shape"):
        task.bind({"main": (32,)})
