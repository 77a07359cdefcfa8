"""Name the class of each item."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gensc.batch import Batch
from gensc.errors import InputError
from gensc.metric import Estimate
from gensc.metric.classification import summarise
from gensc.registry import create, register
from gensc.signal import State
from gensc.task.base import Task


@register("task", "classify")
class Classify(Task):
    """Class logits [B, classes] from the received features; cross-entropy with label smoothing.

    ``head`` is a registered head: "3xfc" or "2xfc"; "qnn", with a simulated quantum circuit, or the same with a part
    taken out or replaced: "qnn-noskip", "qnn-classical", "qnn-classical-noskip", "qnn-features". Feature maps
    [B,C,H,W] are averaged over H and W first.
    """

    headline = "accuracy"

    def __init__(self, classes: int = 16, head: str = "3xfc", smoothing: float = 0.1) -> None:
        super().__init__()
        if classes < 2:
            raise InputError(f"classify: classes is {classes}; there are at least 2 classes to tell apart")
        if not 0 <= smoothing < 1:
            raise InputError(f"classify: smoothing is {smoothing}; expected a share in [0, 1)")
        self.classes, self.head_name, self.smoothing = classes, head, smoothing

    def bind(self, shape: tuple[int, ...]) -> None:
        self.head: nn.Module = create("head", self.head_name, width=shape[0], classes=self.classes)

    def forward(self, received: Tensor, state: State) -> Tensor:
        return self.head(received.mean(dim=(2, 3)) if received.ndim == 4 else received)

    def loss(self, prediction: Tensor, batch: Batch) -> Tensor:
        return F.cross_entropy(prediction, labels(batch, self.classes), label_smoothing=self.smoothing)

    def score(self, prediction: Tensor, batch: Batch) -> dict[str, Tensor]:
        return {"label": labels(batch, self.classes), "predicted": prediction.argmax(dim=1)}

    def summarise(self, runs: list[dict[str, np.ndarray]]) -> dict[str, Estimate]:
        label = runs[0]["label"]
        if any(not np.array_equal(run["label"], label) for run in runs):
            raise ValueError("classify: the runs were scored on different items")
        return summarise(label, np.stack([run["predicted"] for run in runs]), self.classes)


def labels(batch: Batch, classes: int) -> Tensor:
    """The batch's labels int64 [B], checked to be there and in range."""
    if batch.label is None:
        raise InputError("classify: the data has no labels; use a source that has them")
    if len(batch.label) and not 0 <= int(batch.label.min()) <= int(batch.label.max()) < classes:
        raise InputError(f"classify: labels run from {int(batch.label.min())} to {int(batch.label.max())}, "
                         f"expected 0 to {classes - 1}: set the task's classes to the number of classes in the data")
    return batch.label.to(torch.int64)
