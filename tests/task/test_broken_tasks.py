"""The contract check catches the mistakes that tasks are known for."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from gensc.metric import Estimate
from gensc.metric.figures import Measure
from gensc.task import Classify, Reconstruct, Task
from gensc.testing import check_task


class SummedLoss(Classify):
    def loss(self, prediction, batch):
        return F.cross_entropy(prediction, batch.column("label", "summed"), reduction="none")


class Detached(Classify):
    def loss(self, prediction, batch):
        return super().loss(prediction.detach(), batch)


class OutsideItsInterval(Classify):
    def summarise(self, runs):
        figures = super().summarise(runs)
        return {**figures, "accuracy": Estimate(0.5, 0.6, 0.7, len(runs[0]["label"]), len(runs))}


class RanksInBatch(Classify):
    def score(self, prediction, batch):
        return {**super().score(prediction, batch), "rank": prediction[:, 0].argsort().argsort()}


class Centred(Classify):
    def forward(self, received, state):
        logits = super().forward(received, state)
        return logits - logits.mean(dim=0)


class Draws(Classify):
    def forward(self, received, state):
        logits = super().forward(received, state)
        return logits + torch.rand(logits.shape)


class OneColumnForAll(Classify):
    def score(self, prediction, batch):
        return {**super().score(prediction, batch), "mean": prediction.mean()[None]}


class NoMeasures(Classify):
    def __init__(self):
        super().__init__()
        self.measures = ()


class Undeclared(Task):
    """A task as of the first edition of the contract."""

    def bind(self, form):
        pass

    def forward(self, received, state):
        return received["main"]

    def loss(self, prediction, batch):
        return prediction.square().mean()

    def score(self, prediction, batch):
        return {"power": prediction.flatten(1).square().mean(dim=1)}

    def summarise(self, runs):
        return {}


class TwiceTheSame(Classify):
    def __init__(self):
        super().__init__()
        self.measures = (*self.measures, self.measures[0])


class HeadlineLeftOut(Classify):
    def summarise(self, runs):
        return {name: figure for name, figure in super().summarise(runs).items() if name != "accuracy"}


class FigureLeftOut(Classify):
    def summarise(self, runs):
        return {name: figure for name, figure in super().summarise(runs).items() if name != "recall"}


class FigureNotDeclared(Classify):
    def __init__(self):
        super().__init__()
        self.measures = self.measures[:2]

    def summarise(self, runs):
        self.measures, kept = Classify().measures, self.measures
        figures, self.measures = super().summarise(runs), kept
        return figures


class WrongPerItem(Classify):
    def per_item(self, run):
        return 1 - super().per_item(run)


class WrongConfusion(Classify):
    def confusion(self, runs):
        return super().confusion(runs) / len(runs)


class NeedsMoreThanItSays(Classify):
    needs = ()


class SaysNothingOfWhatIsMissing(Classify):
    def loss(self, prediction, batch):
        return F.cross_entropy(prediction, batch.truth["label"])


class GuessesWhatIsMissing(Classify):
    """Neither loss nor score minds that there is no label."""

    def loss(self, prediction, batch):
        return F.cross_entropy(prediction, self._label(prediction, batch))

    def score(self, prediction, batch):
        return {"label": self._label(prediction, batch), "predicted": prediction.argmax(dim=1)}

    def _label(self, prediction, batch):
        return batch.truth.get("label", torch.zeros(len(prediction), dtype=torch.int64))


class RefusesWithoutAName(Classify):
    def loss(self, prediction, batch):
        return super().loss(prediction, batch.select(torch.arange(len(batch)))) if "label" in batch.truth else (
            Reconstruct().bind({"main": None}))


class SureBeyondMeasure(Classify):
    def confidence(self, prediction):
        return 1 + super().confidence(prediction)


class ShownUnclamped(Reconstruct):
    def shown(self, prediction, batch):
        return prediction


class ShowsItsLogits(Classify):
    def shown(self, prediction, batch):
        return prediction.sigmoid()


@pytest.mark.parametrize(("broken", "law"), [
    (SummedLoss, "loss is one number"), (Detached, "gradient can flow"), (OutsideItsInterval, "lies in its interval"),
    (RanksInBatch, "is its own"), (Centred, "alone and in a batch"), (Draws, "same bits"),
    (OneColumnForAll, "the score column 'mean' has shape"),
    (NoMeasures, "NoMeasures declares its measures, at least one"), (Undeclared, "Undeclared declares its measures"),
    (TwiceTheSame, "a name of its own"), (HeadlineLeftOut, "gives the headline 'accuracy'"),
    (FigureLeftOut, "a figure for each measure"), (FigureNotDeclared, "and no other"),
    (WrongPerItem, "accuracy is the mean of per_item"), (WrongConfusion, "confusion holds counts"),
    (NeedsMoreThanItSays, "the truth that it names in needs, and no other .*no label"),
    (SaysNothingOfWhatIsMissing, "without 'label', which it needs, .*KeyError"),
    (GuessesWhatIsMissing, "without 'label', which it needs"), (RefusesWithoutAName, "InputError that names it"),
    (SureBeyondMeasure, r"a number in \[0,1\] an item"),
    (ShownUnclamped, r"pictures \[B,3,H,W\] in \[0,1\]"), (ShowsItsLogits, r"pictures \[B,3,H,W\]"),
])
def test_a_broken_task_is_named(broken: Callable[[], Task], law: str) -> None:
    with pytest.raises(AssertionError, match=law):
        check_task(broken)


class Loudness(Task):
    """A task without labels, heads and pictures, whose prediction is a table of tensors and words."""

    measures = (Measure("error_db", "error", "dB", 2, more_is_better=False),)

    def bind(self, form):
        self.gain = torch.nn.Parameter(torch.ones(()))

    def forward(self, received, state):
        level = self.gain * received["main"].flatten(1).square().mean(dim=1)
        return {"level": level, "word": tuple("loud" if one > 1 else "soft" for one in level.tolist())}

    def loss(self, prediction, batch):
        return prediction["level"].square().mean()

    def score(self, prediction, batch):
        return {"error_db": prediction["level"]}

    def summarise(self, runs):
        level = np.stack([run["error_db"] for run in runs]).astype(float)
        return {"error_db": Estimate(level.mean(), level.min(), level.max(), level.shape[1], len(runs))}


class LoudestOfAll(Loudness):
    def forward(self, received, state):
        level = super().forward(received, state)["level"]
        return {"level": level, "word": tuple("loudest" if one == level.max() else "soft" for one in level)}


def test_the_parts_without_a_mistake_pass() -> None:
    check_task(Classify)
    check_task(Loudness)
    with pytest.raises(AssertionError, match="alone and in a batch"):
        check_task(LoudestOfAll)
