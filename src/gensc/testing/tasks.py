"""The laws of a task: a loss to train on, columns to keep, figures with intervals."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from gensc.batch import Batch
from gensc.errors import InputError
from gensc.rng import Rng
from gensc.signal import State
from gensc.task import Task
from gensc.testing.laws import backward, close, draw, fresh, looks, reached, require, same, trains

ITEMS = list(range(3, 15))
FEATURES, PICTURES = (32,), (3, 64, 64)


def check_task(make: Callable[[], Task], shape: tuple[int, ...] | None = None, device: str = "cpu") -> None:
    """Run every law of tasks on received [B, *shape] of the parts that ``make`` makes; raises
    AssertionError on the first law broken. Without a shape: 32 features, or pictures of 64 px where the task
    refuses features."""
    shape = shape or _taken(make)
    task, second = _bound(make, 1, shape, device), _bound(make, 2, shape, device)
    batch, received = _batch(device), draw("received", ITEMS, *shape).to(device)
    prediction = _same_bits(task, received)
    second.load_state_dict(task.state_dict())
    with torch.no_grad():
        same(second(received, _state(ITEMS)), prediction,
             "a second instance with the same state_dict gives the same bits")
    _loss(task, received, batch)
    _figures(task, _columns(task, prediction, batch))


def _taken(make: Callable[[], Task]) -> tuple[int, ...]:
    """The shape of what a task takes."""
    try:
        _bound(make, 1, FEATURES, "cpu")
    except InputError:
        return PICTURES
    return FEATURES


def _bound(make: Callable[[], Task], seed: int, shape: tuple[int, ...], device: str) -> Task:
    def made() -> Task:
        task = make()
        task.bind(shape)
        return task

    task = fresh(made, seed)
    assert isinstance(task, Task)
    return task.to(device).eval()


def _batch(device: str) -> Batch:
    """Items with every kind of ground truth; labels 0 and 1 are right for any number of classes."""
    count = len(ITEMS)
    mask = torch.zeros(count, 64, 64, dtype=torch.bool)
    mask[:, 16:48, 8:40] = True
    box = torch.tensor([8.0, 16.0, 40.0, 48.0]).expand(count, 4)
    label = torch.arange(count) % 2
    x = torch.sigmoid(draw("pictures", ITEMS, 3, 64, 64))
    return Batch(x.to(device), torch.tensor(ITEMS), label.to(device), mask.to(device), box.to(device),
                 tuple(f"picture {item}" for item in ITEMS))


def _state(items: list[int]) -> State:
    return State.of(10.0, items, Rng.seeded(7, "testing"))


def _same_bits(task: Task, received: Tensor) -> Tensor:
    with torch.no_grad():
        prediction: Tensor = task(received, _state(ITEMS))
        require(len(prediction) == len(ITEMS), "a prediction an item", tuple(prediction.shape))
        require(torch.isfinite(prediction).all(), "predictions are finite")
        same(task(received, _state(ITEMS)), prediction, "the same input and seed give the same bits")
        alone = torch.cat([task(received[i : i + 1], _state([item])) for i, item in enumerate(ITEMS)])
        close(alone, prediction, "an item's prediction is the same alone and in a batch")
        turned = task(received.flip(0), _state(ITEMS[::-1])).flip(0)
        close(turned, prediction, "an item's prediction does not depend on its place in the batch")
    return prediction


def _loss(task: Task, received: Tensor, batch: Batch) -> None:
    sent = received.clone().requires_grad_()
    task.train().zero_grad(set_to_none=True)
    loss = task.loss(task(sent, _state(ITEMS)), batch)
    task.eval()
    require(loss.ndim == 0, "the loss is one number", tuple(loss.shape))
    require(torch.isfinite(loss), "the loss is finite", loss.item())
    backward(loss, "loss")
    reached(sent.grad, "the gradient of the loss reaches what was received")
    trains(task, "task")


def _columns(task: Task, prediction: Tensor, batch: Batch) -> dict[str, Tensor]:
    columns = task.score(prediction, batch)
    require(bool(columns), "a task keeps at least one column of each item")
    for name, column in columns.items():
        looks(column, (len(ITEMS), *column.shape[1:]), column.dtype, prediction.device, f"the score column {name!r}")
    for place in range(len(ITEMS)):
        only = torch.tensor([place])
        for name, one in task.score(prediction[only], batch.select(only)).items():
            close(one.double(), columns[name][only].double(), f"score {name!r} of an item is its own")
    return columns


def _figures(task: Task, columns: dict[str, Tensor]) -> None:
    run = {name: column.cpu().numpy() for name, column in columns.items()}
    for runs in ([run], [run, run, run]):
        figures = task.summarise(runs)
        require(task.headline in figures, f"summarise gives the headline {task.headline!r}", sorted(figures))
        require(figures == task.summarise(runs), "summarise gives the same figures twice")
        for name, figure in figures.items():
            finite = all(map(math.isfinite, (figure.low, figure.value, figure.high)))
            require(finite, f"{name} is finite", figure)
            require(figure.low <= figure.value <= figure.high, f"{name} lies in its interval", figure)
            counts = (figure.items, figure.seeds)
            require(counts == (len(ITEMS), len(runs)), f"{name} counts items and seeds", figure)
