"""What a task is."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from torch import Tensor, nn

from gensc.batch import Batch
from gensc.metric import Estimate
from gensc.signal import State


class Task(nn.Module, ABC):
    """The receiver's goal. ``bind`` is called once, by the Link, with the shape (no batch) of what the
    codec hands over; layers are made there. ``headline`` names the figure that leads tables and plots.
    ``labelled``: it learns or scores the items' classes, so that data must have the classes of its training.
    ``pictures``: its predictions are pictures [B,3,H,W].
    ``scaffold``: modules of its own that only training needs; a link file leaves them out.
    """

    headline: str
    labelled: ClassVar[bool] = True
    pictures: ClassVar[bool] = False
    scaffold: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def bind(self, shape: tuple[int, ...]) -> None:
        """Make the layers for received [B, *shape]."""

    @abstractmethod
    def forward(self, received: Tensor, state: State) -> Tensor:
        """The prediction for received [B, *shape]."""

    @abstractmethod
    def loss(self, prediction: Tensor, batch: Batch) -> Tensor:
        """The training loss, one number, lower is better."""

    @abstractmethod
    def score(self, prediction: Tensor, batch: Batch) -> dict[str, Tensor]:
        """What is kept of each item, as named columns [B, ...]: enough for every figure in ``summarise``."""

    @abstractmethod
    def summarise(self, runs: list[dict[str, np.ndarray]]) -> dict[str, Estimate]:
        """Figures with intervals from the columns [N] of one or more runs over the same items."""
