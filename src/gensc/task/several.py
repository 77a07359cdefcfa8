"""Several tasks on one transmission."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gensc.batch import Batch
from gensc.errors import InputError
from gensc.metric import Estimate
from gensc.registry import create, lookup, options_of, register
from gensc.signal import Form, State
from gensc.task.base import Run, Task

TASKS: Mapping[str, Mapping[str, Any]] = {"label": {"name": "classify"}, "picture": {"name": "reconstruct"}}


@register("task", "several")
class Several(Task[dict[str, Any]]):
    """Each of ``tasks`` on what was received; the prediction holds that of each by name.

    ``tasks``: name -> the table of a task, with a ``weight`` of its loss (1 unless given), e.g.
    {"label": {"name": "classify", "weight": 0.1}, "picture": {"name": "reconstruct"}}. The loss is the weighted sum.
    Figures and columns carry the name of their task, "label.accuracy"; those of the first task lead. ``classes`` goes
    to the tasks that ask for it.

    >>> task = Several({"a": {"name": "classify"}, "b": {"name": "classify", "head": "2xfc", "weight": 0.5}}, classes=4)
    >>> [measure.name for measure in task.measures][:5]
    ['a.accuracy', 'a.f1', 'a.recall', 'a.precision', 'b.accuracy']
    """


    def __init__(self, tasks: dict | None = None, classes: int = 16) -> None:
        super().__init__()
        tables = TASKS if tasks is None else tasks
        if not tables:
            raise InputError("several: tasks is empty; give at least one, e.g. {label = {name = 'classify'}}")
        self.names, weights, inner = zip(*((name, *_task(name, table, classes)) for name, table in tables.items()),
                                         strict=True)
        self.weights: tuple[float, ...] = weights
        # Places, not names: any word may name a task, and not any word a module.
        self.tasks = nn.ModuleList(inner)
        self.measures = tuple(measure.of(name) for name, task in self._each() for measure in task.measures)
        self.needs = tuple(dict.fromkeys(need for _, task in self._each() for need in task.needs))
        # The files that one of them names serve the others too.
        self.rival = next((task.rival for task in inner if task.rival), "")
        self.scaffold = tuple(f"tasks.{place}.{module}" for place, task in enumerate(inner)
                              for module in task.scaffold)

    def bind(self, form: Form) -> None:
        for _, task in self._each():
            task.bind(form)

    def forward(self, received: Mapping[str, Any], state: State) -> dict[str, Any]:
        return {name: task(received, state.child("task", name)) for name, task in self._each()}

    def loss(self, prediction: dict[str, Any], batch: Batch) -> Tensor:
        losses = [task.loss(prediction[name], batch) for name, task in self._each()]
        return torch.stack([weight * loss for weight, loss in zip(self.weights, losses, strict=True)]).sum()

    def score(self, prediction: dict[str, Any], batch: Batch) -> dict[str, Tensor]:
        return {f"{name}.{key}": column for name, task in self._each()
                for key, column in task.score(prediction[name], batch).items()}

    def summarise(self, runs: Sequence[Run]) -> dict[str, Estimate]:
        return {f"{name}.{key}": figure for name, task in self._each()
                for key, figure in task.summarise(_of(name, runs)).items()}

    def per_item(self, run: Run) -> np.ndarray | None:
        name, task = self._each()[0]
        return task.per_item(_of(name, [run])[0])

    def confusion(self, runs: Sequence[Run]) -> np.ndarray | None:
        """That of the first task that tells classes apart."""
        counts = (task.confusion(_of(name, runs)) for name, task in self._each())
        return next((table for table in counts if table is not None), None)

    def confidence(self, prediction: dict[str, Any]) -> Tensor | None:
        """That of the task which is the least sure of the item, of those that can say."""
        levels = [task.confidence(prediction[name]) for name, task in self._each()]
        certain = [level for level in levels if level is not None]
        return torch.stack(certain).amin(dim=0) if certain else None

    def merged(self, first: dict[str, Any], second: dict[str, Any], repeated: Tensor) -> dict[str, Any]:
        return {name: task.merged(first[name], second[name], repeated) for name, task in self._each()}

    def shown(self, prediction: dict[str, Any], batch: Batch) -> Tensor | None:
        """The pictures of the first task that has any."""
        pictures = (task.shown(prediction[name], batch) for name, task in self._each())
        return next((picture for picture in pictures if picture is not None), None)

    def _each(self) -> list[tuple[str, Task[Any]]]:
        return [(name, task) for name, task in zip(self.names, self.tasks, strict=True) if isinstance(task, Task)]


def _task(name: str, table: Any, classes: int) -> tuple[float, Task[Any]]:
    """The weight and the task of a table. Raises InputError for one that can't be a task's."""
    if "." in name or not name:
        raise InputError(f"several: a task is named {name!r}; expected a word without a dot")
    if not isinstance(table, Mapping) or not isinstance(table.get("name"), str):
        raise InputError(f"several: the task {name!r} is {table!r}; expected a table with a name, e.g. "
                         "{name = 'classify', weight = 0.1}")
    options = {key: value for key, value in table.items() if key not in ("name", "weight")}
    weight = table.get("weight", 1.0)
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight < math.inf:
        raise InputError(f"several: the weight of the task {name!r} is {weight!r}; expected a number above 0, or leave "
                         "the task out")
    if "classes" in options:
        raise InputError(f"several: the task {name!r} has its own classes; leave them out, they follow from the data")
    asked = {"classes": classes} if "classes" in options_of(lookup("task", table["name"])) else {}
    return float(weight), create("task", table["name"], **options, **asked)


def _of(name: str, runs: Sequence[Run]) -> list[dict[str, np.ndarray]]:
    """The columns of one task, under its own names."""
    start = f"{name}."
    return [{key.removeprefix(start): column for key, column in run.items() if key.startswith(start)} for run in runs]
