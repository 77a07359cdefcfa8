"""What a task is."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

import numpy as np
from torch import Tensor, nn

from gensc.batch import Batch
from gensc.errors import InputError
from gensc.metric import Estimate
from gensc.metric.figures import Measure
from gensc.signal import Form, State

P = TypeVar("P")
Run = Mapping[str, np.ndarray]
"""The columns [N,...] that were kept of the items of one run."""


class Task(nn.Module, ABC, Generic[P]):
    """The receiver's goal, and how it is trained, scored and shown.

    ``bind`` is called once, by the Link, with the form of what the codec hands over; layers are made there.
    ``measures``: its figures, the headline first, then as they are worth a column: which is better, chance, units.
    ``needs``: the truth that it learns from or scores by.
    ``rival``: the codec whose files the separate baseline sends for it; "": the features of the link's own codec.
    ``answers``: how many different predictions there are, where they are few: a sender may then decide and send that
    (codec decision), and the task takes the received part "answer" for its prediction. 0: too many.
    ``scaffold``: modules of its own that only training needs; a link file leaves them out.
    """

    measures: tuple[Measure, ...]
    needs: tuple[str, ...] = ()
    rival: str = ""
    answers: int = 0
    scaffold: tuple[str, ...] = ()

    @property
    def headline(self) -> str:
        """The name of the figure that leads tables and plots."""
        return self.measures[0].name

    @abstractmethod
    def bind(self, form: Form) -> None:
        """Make the layers for what is received. Raises InputError for a form that it can't use."""

    @abstractmethod
    def forward(self, received: Mapping[str, Any], state: State) -> P:
        """The prediction for what B items were received as; ``state`` is what the receiver knows."""

    @abstractmethod
    def loss(self, prediction: P, batch: Batch) -> Tensor:
        """The training loss, one number, lower is better."""

    @abstractmethod
    def score(self, prediction: P, batch: Batch) -> dict[str, Tensor]:
        """What is kept of each item, as named columns [B, ...]: enough for every figure in ``summarise``."""

    @abstractmethod
    def summarise(self, runs: Sequence[Run]) -> dict[str, Estimate]:
        """A figure with its interval for each of ``measures``, from one or more runs over the same items."""

    def per_item(self, run: Run) -> np.ndarray | None:
        """The headline of each item, float [N], where it is a mean over the items."""
        column = run.get(self.headline)
        return None if column is None else np.asarray(column, dtype=float)

    def confusion(self, runs: Sequence[Run]) -> np.ndarray | None:
        """Counts int [C,C] (true, predicted) over all runs, where classes are told apart."""
        return None

    def confidence(self, prediction: P) -> Tensor | None:
        """How sure the receiver is of each item, float32 [B] in [0,1], from what it received alone; None where the task
        can't say."""
        return None

    def merged(self, first: P, second: P, repeated: Tensor) -> P:
        """What two transmissions of the same items say together; ``repeated`` bool [B]: those that were sent twice.
        Raises InputError where the task has no use for a second one."""
        raise InputError(f"task {type(self).__name__.lower()} has no use for a second round: use rounds = 1")

    def shown(self, prediction: P, batch: Batch) -> Tensor | None:
        """The prediction as pictures [B,3,H,W] in [0,1], where it can be shown as such."""
        return None
