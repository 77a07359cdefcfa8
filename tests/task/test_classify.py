"""Classification: its loss, its checks, its figures."""

import math

import numpy as np
import pytest
import torch

from gensc.batch import Batch, unlabelled
from gensc.codec import Backbone
from gensc.errors import InputError
from gensc.link import Link
from gensc.rng import Rng
from gensc.signal import ANY, State
from gensc.task import Classify
from gensc.transport import Symbols


def labelled(*label: int) -> Batch:
    return Batch(x=torch.zeros(len(label), 1), item=torch.arange(len(label)), truth={"label": torch.tensor(label)})


def test_the_loss_is_smoothed_cross_entropy():
    logits = torch.tensor([[2.0, 0.0, 0.0]])
    log_p = [x - math.log(math.exp(2) + 2) for x in (2.0, 0.0, 0.0)]
    plain = Classify(3, smoothing=0.0).loss(logits, labelled(0))
    smooth = Classify(3, smoothing=0.3).loss(logits, labelled(0))
    assert float(plain) == pytest.approx(-log_p[0], abs=1e-6)
    assert float(smooth) == pytest.approx(-(0.7 * log_p[0] + 0.1 * sum(log_p)), abs=1e-6)


def test_scores_keep_the_label_and_the_likeliest_class():
    columns = Classify(3).score(torch.tensor([[0.0, 2, 1], [3, 0, 1]]), labelled(2, 0))
    assert {name: column.tolist() for name, column in columns.items()} == {"label": [2, 0], "predicted": [1, 0]}


def test_feature_maps_are_averaged_before_the_head():
    with Rng.seeded(0, "layers").torch_seeded():
        task = Classify(4)
        task.bind({"main": (6, 3, 3)})
    task.eval()
    received = Rng.seeded(1, "x").of(5).normal(6, 3, 3)
    state = State.of(0.0, 5, Rng.seeded(0))
    averaged = task({"main": received.mean(dim=(2, 3))}, state)
    assert torch.allclose(task({"main": received}, state), averaged, atol=1e-6)


def test_maps_of_any_size_take_one_head():
    task = Classify(4)
    task.bind({"main": (6, ANY, ANY)})
    state = State.of(0.0, 5, Rng.seeded(0))
    assert task.eval()({"main": torch.ones(5, 6, 2, 7)}, state).shape == (5, 4)


def test_backbone_over_symbols_is_classified():
    """The estimates of symbols have no shape of their own: the codec gives them back that of its features."""
    link = Link(Backbone("mobilenetv3_small_050", mode="scratch", size=32), Symbols(), Classify(4)).eval()
    batch = unlabelled(torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0)))
    with torch.no_grad():
        assert link(batch, State.of(10.0, 3, Rng.seeded(0))).prediction.shape == (3, 4)


def test_figures_come_from_all_runs():
    label = np.array([0, 0, 1, 1])
    runs = [{"label": label, "predicted": label}, {"label": label, "predicted": 1 - label}]
    figures = Classify(2).summarise(runs)
    assert figures[Classify(2).headline].value == 0.5
    assert (figures["accuracy"].items, figures["accuracy"].seeds) == (4, 2)
    with pytest.raises(ValueError, match="different items"):
        Classify(2).summarise([runs[0], {"label": 1 - label, "predicted": label}])


def test_what_is_told_of_each_item_and_of_each_class():
    label = np.array([0, 0, 1, 1])
    runs = [{"label": label, "predicted": np.array([0, 1, 1, 1])}, {"label": label, "predicted": label}]
    task = Classify(2)
    assert [task.per_item(run).tolist() for run in runs] == [[1, 0, 1, 1], [1, 1, 1, 1]]
    assert task.confusion(runs).tolist() == [[3, 1], [0, 4]]


def test_the_measures_are_in_the_papers_order_and_say_what_guessing_gives():
    measures = Classify(5).measures
    assert [measure.name for measure in measures] == ["accuracy", "f1", "recall", "precision"]
    assert [measure.chance for measure in measures] == [0.2, None, None, None]


@pytest.mark.parametrize(("make", "message"), [
    (lambda: Classify(1), "classes is 1"),
    (lambda: Classify(3, smoothing=1.0), "smoothing is 1.0"),
    (lambda: Classify(3, smoothing=float("nan")), "smoothing is nan"),
    (lambda: Classify(3, head="4xfc").bind({"main": (8,)}), "no head '4xfc'.*did you mean"),
    (lambda: Classify(3).loss(torch.zeros(2, 3), labelled(0, 3)), "labels run from 0 to 3, expected 0 to 2"),
    (lambda: Classify(3).loss(torch.zeros(2, 3), labelled(-1, 1)), "labels run from -1"),
    (lambda: Classify(3).loss(torch.zeros(1, 3), Batch(torch.zeros(1, 1), torch.zeros(1))),
     "task classify: the data has no label; use a source that has it"),
    (lambda: Classify(3).bind({"main": (5, 8)}), r"the shape \[5, 8\], expected features \[F\] or maps \[C,H,W\]"),
    (lambda: Classify(3).bind({"main": (ANY,)}), r"the shape \[any\], expected features"),
    (lambda: Classify(3).bind({"main": (ANY, 4, 4)}), r"the shape \[any, 4, 4\], expected"),
    (lambda: Classify(3).bind({"main": None}), "what is received is bytes, expected features"),
    (lambda: Classify(3).bind({"maps": (8,)}), "task classify needs the part 'main' and gets maps"),
])
def test_wrong_settings_and_labels_are_named(make, message):
    with pytest.raises(InputError, match=message):
        make()
