"""The laws of a task: a loss to train on, columns to keep, figures with intervals."""

import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gensc.batch import Batch, Column, joined
from gensc.errors import InputError
from gensc.metric.figures import Measure
from gensc.rng import Rng
from gensc.signal import MAIN, State
from gensc.task import Task
from gensc.testing.laws import backward, close, draw, fresh, looks, reached, require, same, trains

ITEMS = list(range(3, 15))
FEATURES, PICTURES = (32,), (3, 64, 64)


def check_task(make: Callable[[], Task], shape: tuple[int, ...] | None = None, device: str = "cpu") -> None:
    """Run every law of tasks on received [B, *shape] of the parts that ``make`` makes; raises
    AssertionError on the first law broken. Without a shape: 32 features, or pictures of 64 px where the task
    refuses features."""
    _measures(make())
    shape = shape or _taken(make)
    task, second = _bound(make, 1, shape, device), _bound(make, 2, shape, device)
    batch, received = _batch(device), draw("received", ITEMS, *shape).to(device)
    prediction = _same_bits(task, received)
    second.load_state_dict(task.state_dict())
    with torch.no_grad():
        for name, leaf in _leaves(second({MAIN: received}, _state(ITEMS))).items():
            _alike(leaf, _leaves(prediction)[name], "a second instance with the same state_dict gives the same bits")
    _figures(task, _columns(task, prediction, received, batch))
    _needs(task, prediction, batch)
    _pictures(task, prediction, batch)
    _confidence(task, prediction)
    # Last: a pass in training moves running means, and with them every prediction after it.
    _loss(task, received, batch)


def _measures(task: Task) -> None:
    measures = getattr(task, "measures", ())
    require(bool(measures) and all(isinstance(one, Measure) for one in measures),
            f"{type(task).__name__} declares its measures, at least one, the headline first", measures)
    names = [measure.name for measure in measures]
    require(len(set(names)) == len(names), "every measure has a name of its own", names)


def _taken(make: Callable[[], Task]) -> tuple[int, ...]:
    """The shape of what a task takes."""
    try:
        _bound(make, 1, FEATURES, "cpu")
    except InputError:
        return PICTURES
    return FEATURES


def _bound(make: Callable[[], Task], seed: int, shape: tuple[int, ...], device: str) -> Task:
    def bound() -> Task:
        task = make()
        task.bind({MAIN: shape})
        return task

    task = fresh(bound, seed)
    assert isinstance(task, Task)
    return task.to(device).eval()


def _batch(device: str) -> Batch:
    """Items with every kind of ground truth; labels 0 and 1 are right for any number of classes."""
    count = len(ITEMS)
    mask = torch.zeros(count, 64, 64, dtype=torch.int64)
    mask[:, 16:48, 8:40] = 1
    x = torch.sigmoid(draw("pictures", ITEMS, 3, 64, 64))
    truth: dict[str, Column] = {"label": torch.arange(count) % 2, "mask": mask,
                                "boxes": tuple(torch.tensor([[8.0, 16.0, 40.0, 48.0]]) for _ in ITEMS),
                                "caption": tuple(f"picture {item}" for item in ITEMS)}
    return Batch(x, torch.tensor(ITEMS), truth).to(device)


def _state(items: list[int]) -> State:
    state = State.of(10.0, items, Rng.seeded(7, "testing"))
    values = torch.full((len(items),), float(math.prod(PICTURES)))
    return replace(state, shape=PICTURES, values=values).receiver()


def _same_bits(task: Task, received: Tensor) -> Any:
    with torch.no_grad():
        prediction = task({MAIN: received}, _state(ITEMS))
        again = _leaves(task({MAIN: received}, _state(ITEMS)))
        parts = [_leaves(_alone(task, received, place)) for place in range(len(ITEMS))]
        turned = _leaves(task({MAIN: received.flip(0)}, _state(ITEMS[::-1])))
    for name, leaf in _leaves(prediction).items():
        require(len(leaf) == len(ITEMS), f"a prediction an item{_called(name)}", len(leaf))
        if isinstance(leaf, Tensor):
            require(torch.isfinite(leaf).all(), f"predictions are finite{_called(name)}")
        _alike(again[name], leaf, "the same input and seed give the same bits")
        _near(joined([part[name] for part in parts]), leaf, "an item's prediction is the same alone and in a batch")
        _near(turned[name].flip(0) if isinstance(leaf, Tensor) else turned[name][::-1], leaf,
              "an item's prediction does not depend on its place in the batch")
    return prediction


def _alone(task: Task, received: Tensor, place: int) -> Any:
    """The prediction for one item in a batch of its own."""
    return task({MAIN: received[place : place + 1]}, _state([ITEMS[place]]))


def _leaves(prediction: Any, name: str = "") -> dict[str, Any]:
    """What a prediction consists of, by name: tensors [B,...], or tuples of an entry an item."""
    if isinstance(prediction, Tensor | tuple):
        return {name: prediction}
    if is_dataclass(prediction):
        prediction = {field.name: getattr(prediction, field.name) for field in fields(prediction)}
    require(isinstance(prediction, Mapping),
            "a prediction is a tensor [B,...], a tuple of an entry an item, or a mapping or dataclass of such",
            type(prediction).__name__)
    return {path: leaf for key, value in prediction.items()
            for path, leaf in _leaves(value, f"{name}.{key}" if name else str(key)).items()}


def _called(name: str) -> str:
    return f", in {name!r}" if name else ""


def _alike(a: Any, b: Any, law: str) -> None:
    """Equal to the bit."""
    if isinstance(b, Tensor):
        same(a, b, law)
        return
    for one, other in zip(a, b, strict=True):
        if isinstance(other, Tensor):
            same(one, other, law)
        else:
            require(one == other, law, f"{one!r} and {other!r}")


def _near(a: Any, b: Any, law: str) -> None:
    """Equal up to float32 arithmetic in another order."""
    if isinstance(b, Tensor):
        close(a.double(), b.double(), law)
        return
    for one, other in zip(a, b, strict=True):
        if isinstance(other, Tensor):
            close(one.double(), other.double(), law)
        else:
            require(one == other, law, f"{one!r} and {other!r}")


def _loss(task: Task, received: Tensor, batch: Batch) -> None:
    leaf = received.clone().requires_grad_()
    task.train().zero_grad(set_to_none=True)
    loss = task.loss(task({MAIN: leaf}, _state(ITEMS)), batch)
    task.eval()
    require(loss.ndim == 0, "the loss is one number", tuple(loss.shape))
    require(torch.isfinite(loss), "the loss is finite", loss.item())
    backward(loss, "loss")
    reached(leaf.grad, "the gradient of the loss reaches what was received")
    trains(task, "task")


@torch.no_grad()
def _needs(task: Task, prediction: Any, batch: Batch) -> None:
    """What it names in ``needs`` is all the truth that it asks for, and it says so where that is missing."""
    law = "a task learns from and scores by the truth that it names in needs, and no other"
    scant = replace(batch, truth={name: column for name, column in batch.truth.items() if name in task.needs})
    for what, use in (("loss", task.loss), ("score", task.score)):
        try:
            use(prediction, scant)
        except Exception as error:
            raise AssertionError(f"{law} (needs is {list(task.needs)}, and {what} raised {error!r})") from error
    for need in task.needs:
        lacking = replace(batch, truth={name: column for name, column in batch.truth.items() if name != need})
        law, refusals = f"without {need!r}, which it needs, loss or score raises InputError that names it", []
        for use in (task.loss, task.score):
            try:
                use(prediction, lacking)
            except InputError as refusal:
                refusals.append(str(refusal))
            except Exception as error:
                raise AssertionError(f"{law} (raised: {error!r})") from error
        require(bool(refusals) and all(need in said for said in refusals), law, refusals)


@torch.no_grad()
def _pictures(task: Task, prediction: Any, batch: Batch) -> None:
    pictures = task.shown(prediction, batch)
    if pictures is None:
        return
    law = "what is shown are pictures [B,3,H,W] in [0,1]"
    require(pictures.ndim == 4 and tuple(pictures.shape[:2]) == (len(ITEMS), 3), law, tuple(pictures.shape))
    low, high = float(pictures.min()), float(pictures.max())
    require(bool(torch.isfinite(pictures).all()) and low >= 0 and high <= 1, law, f"{low:.3g} to {high:.3g}")


@torch.no_grad()
def _confidence(task: Task, prediction: Any) -> None:
    confidence = task.confidence(prediction)
    if confidence is not None:
        law = "confidence is a number in [0,1] an item"
        require(tuple(confidence.shape) == (len(ITEMS),), law, tuple(confidence.shape))
        low, high = float(confidence.min()), float(confidence.max())
        require(low >= 0 and high <= 1, law, f"{low:.3g} to {high:.3g}")


@torch.no_grad()
def _columns(task: Task, prediction: Any, received: Tensor, batch: Batch) -> dict[str, Tensor]:
    columns = task.score(prediction, batch)
    require(bool(columns), "a task keeps at least one column of each item")
    for name, column in columns.items():
        require(isinstance(column, Tensor), f"the score column {name!r} is a tensor", type(column).__name__)
        looks(column, (len(ITEMS), *column.shape[1:]), column.dtype, received.device, f"the score column {name!r}")
    for place in range(len(ITEMS)):
        item = torch.tensor([place])
        for name, column in task.score(_alone(task, received, place), batch.select(item)).items():
            rtol = 2e-3 if column.dtype == torch.float16 else 1e-4
            close(column.double(), columns[name][item].double(), f"score {name!r} of an item is its own", rtol)
    return columns


def _figures(task: Task, columns: dict[str, Tensor]) -> None:
    run = {name: column.cpu().numpy() for name, column in columns.items()}
    names = {measure.name for measure in task.measures}
    for runs in ([run], [run, run, run]):
        figures = task.summarise(runs)
        require(task.headline in figures, f"summarise gives the headline {task.headline!r}", sorted(figures))
        require(figures.keys() == names, f"summarise gives a figure for each measure, {sorted(names)}, and no other",
                sorted(figures))
        require(figures == task.summarise(runs), "summarise gives the same figures twice")
        for name, figure in figures.items():
            finite = all(map(math.isfinite, (figure.low, figure.value, figure.high)))
            require(finite, f"{name} is finite", figure)
            require(figure.low <= figure.value <= figure.high, f"{name} lies in its interval", figure)
            counts = (figure.items, figure.seeds)
            require(counts == (len(ITEMS), len(runs)), f"{name} counts items and seeds", figure)
        _by_item(task, run, figures[task.headline].value)
        _confused(task.confusion(runs))


def _by_item(task: Task, run: dict[str, np.ndarray], headline: float) -> None:
    values = task.per_item(run)
    if values is None:
        return
    require(values.shape == (len(ITEMS),), "per_item gives a number an item", values.shape)
    require(math.isclose(float(values.mean()), headline, rel_tol=1e-5, abs_tol=1e-7),
            f"{task.headline} is the mean of per_item", f"{headline} and {float(values.mean())}")


def _confused(counts: np.ndarray | None) -> None:
    if counts is None:
        return
    square = counts.ndim == 2 and counts.shape[0] == counts.shape[1]
    require(square and np.issubdtype(counts.dtype, np.integer) and bool((counts >= 0).all()),
            "confusion holds counts int [C,C]", f"{counts.dtype} {counts.shape}")
