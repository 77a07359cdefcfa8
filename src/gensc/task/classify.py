"""Name the class of each item."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gensc.batch import Batch
from gensc.errors import InputError
from gensc.metric import Estimate
from gensc.metric.classification import confusion, summarise
from gensc.metric.figures import ACCURACY, F1, PRECISION, RECALL
from gensc.registry import create, register
from gensc.signal import ANSWER, ANY, MAIN, Form, State, part_of
from gensc.task.base import Run, Task

WHO = "task classify"


@register("task", "classify")
class Classify(Task[Tensor]):
    """Class logits [B, classes] from the received features; cross-entropy with label smoothing.

    ``head`` is a registered head: "3xfc" or "2xfc"; "qnn", with a simulated quantum circuit, or the same with a part
    taken out or replaced: "qnn-noskip", "qnn-classical", "qnn-classical-noskip", "qnn-features". Feature maps
    [B,C,H,W] are averaged over H and W first. Where the sender has decided (codec decision), what is received of its
    answer is the prediction, and there is no head.
    """

    needs = ("label",)

    def __init__(self, classes: int = 16, head: str = "3xfc", smoothing: float = 0.1) -> None:
        super().__init__()
        if classes < 2:
            raise InputError(f"classify: classes is {classes}; there are at least 2 classes to tell apart")
        if not 0 <= smoothing < 1:
            raise InputError(f"classify: smoothing is {smoothing}; expected a share in [0, 1)")
        self.classes, self.head_name, self.smoothing = classes, head, smoothing
        self.answers = classes
        self.measures = (replace(ACCURACY, chance=1 / classes), F1, RECALL, PRECISION)

    def bind(self, form: Form) -> None:
        if form.get(ANSWER) == (self.classes,):
            return
        self.head: nn.Module = create("head", self.head_name, width=_width(part_of(form, MAIN, WHO)),
                                      classes=self.classes)

    def forward(self, received: Mapping[str, Any], state: State) -> Tensor:
        if ANSWER in received:
            answer: Tensor = received[ANSWER]
            return answer
        features = part_of(received, MAIN, WHO)
        return self.head(features.mean(dim=(2, 3)) if features.ndim == 4 else features)

    def loss(self, prediction: Tensor, batch: Batch) -> Tensor:
        return F.cross_entropy(prediction, labels(batch, self.classes), label_smoothing=self.smoothing)

    def score(self, prediction: Tensor, batch: Batch) -> dict[str, Tensor]:
        return {"label": labels(batch, self.classes), "predicted": prediction.argmax(dim=1)}

    def summarise(self, runs: Sequence[Run]) -> dict[str, Estimate]:
        label, predicted = _stacked(runs)
        figures = summarise(label, predicted, self.classes)
        return {measure.name: figures[measure.name] for measure in self.measures}

    def per_item(self, run: Run) -> np.ndarray:
        return (run["predicted"] == run["label"]).astype(float)

    def confidence(self, prediction: Tensor) -> Tensor:
        """The probability of the likeliest class."""
        return prediction.softmax(dim=1).amax(dim=1)

    def merged(self, first: Tensor, second: Tensor, repeated: Tensor) -> Tensor:
        """Log probabilities of independent receptions add up, but for the prior, which is even."""
        return first.log_softmax(dim=1) + second.log_softmax(dim=1) * repeated[:, None]

    def confusion(self, runs: Sequence[Run]) -> np.ndarray:
        label, predicted = _stacked(runs)
        counts: np.ndarray = confusion(np.broadcast_to(label, predicted.shape), predicted, self.classes)
        return counts.sum(axis=0)


def labels(batch: Batch, classes: int) -> Tensor:
    """The batch's labels int64 [B], checked to be there and in range."""
    label: Tensor = batch.column("label", WHO)
    if len(label) and not 0 <= int(label.min()) <= int(label.max()) < classes:
        raise InputError(f"classify: labels run from {int(label.min())} to {int(label.max())}, "
                         f"expected 0 to {classes - 1}: set the task's classes to the number of classes in the data")
    return label.to(torch.int64)


def _width(shape: tuple[int, ...] | None) -> int:
    """How many features [F] or channels [C,H,W] there are. Raises InputError for all else."""
    if shape is None or len(shape) not in (1, 3) or shape[0] == ANY:
        kind = "bytes" if shape is None else f"the shape [{', '.join('any' if n == ANY else str(n) for n in shape)}]"
        raise InputError(f"classify: what is received is {kind}, expected features [F] or maps [C,H,W] of a fixed "
                         "number F or C: use a codec that decodes to such, as backbone does")
    return shape[0]


def _stacked(runs: Sequence[Run]) -> tuple[np.ndarray, np.ndarray]:
    """The labels [N] that all runs share, and what was predicted in each, [S,N]."""
    label = runs[0]["label"]
    if any(not np.array_equal(run["label"], label) for run in runs):
        raise ValueError("classify: the runs were scored on different items")
    return label, np.stack([run["predicted"] for run in runs])
