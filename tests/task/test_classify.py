"""Classification: its loss, its checks, its figures."""

import math

import numpy as np
import pytest
import torch

from gensc.batch import Batch
from gensc.errors import InputError
from gensc.rng import Rng
from gensc.signal import State
from gensc.task import Classify


def labelled(*label: int) -> Batch:
    return Batch(x=torch.zeros(len(label), 1), item=torch.arange(len(label)), label=torch.tensor(label))


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
        task.bind((6, 3, 3))
    task.eval()
    received = Rng.seeded(1, "x").of(5).normal(6, 3, 3)
    state = State.of(0.0, 5, Rng.seeded(0))
    assert torch.allclose(task(received, state), task(received.mean(dim=(2, 3)), state), atol=1e-6)


def test_figures_come_from_all_runs():
    label = np.array([0, 0, 1, 1])
    runs = [{"label": label, "predicted": label}, {"label": label, "predicted": 1 - label}]
    figures = Classify(2).summarise(runs)
    assert figures[Classify.headline].value == 0.5
    assert (figures["accuracy"].items, figures["accuracy"].seeds) == (4, 2)
    with pytest.raises(ValueError, match="different items"):
        Classify(2).summarise([runs[0], {"label": 1 - label, "predicted": label}])


@pytest.mark.parametrize(("make", "message"), [
    (lambda: Classify(1), "classes is 1"),
    (lambda: Classify(3, smoothing=1.0), "smoothing is 1.0"),
    (lambda: Classify(3, smoothing=float("nan")), "smoothing is nan"),
    (lambda: Classify(3, head="4xfc").bind((8,)), "no head '4xfc'.*did you mean"),
    (lambda: Classify(3).loss(torch.zeros(2, 3), labelled(0, 3)), "labels run from 0 to 3, expected 0 to 2"),
    (lambda: Classify(3).loss(torch.zeros(2, 3), labelled(-1, 1)), "labels run from -1"),
    (lambda: Classify(3).loss(torch.zeros(1, 3), Batch(torch.zeros(1, 1), torch.zeros(1))), "no labels"),
])
def test_wrong_settings_and_labels_are_named(make, message):
    with pytest.raises(InputError, match=message):
        make()
