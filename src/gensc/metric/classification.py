"""Accuracy, macro F1, precision and recall of a classifier, with intervals."""

import numpy as np

from gensc.metric.estimate import Estimate, proportion
from gensc.rng import Rng


def confusion(label: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Counts int64 [..., C, C] of (true class, predicted class) over the last axis of both inputs [..., N]."""
    cell = label * classes + predicted
    flat = cell.reshape(-1, cell.shape[-1])
    offset = np.arange(len(flat))[:, None] * classes**2
    counts = np.bincount((flat + offset).ravel(), minlength=len(flat) * classes**2)
    return counts.reshape(*cell.shape[:-1], classes, classes)


def macro_scores(counts: np.ndarray) -> dict[str, np.ndarray]:
    """Macro precision, recall and F1 [...] of confusion counts [..., C, C].

    The mean runs over the classes that occur, as true or as predicted; a class never predicted has
    precision 0 (scikit-learn's convention with zero_division=0).
    """
    hit = np.diagonal(counts, axis1=-2, axis2=-1).astype(float)
    true, claimed = counts.sum(-1), counts.sum(-2)
    occurs = (true + claimed) > 0
    present = np.maximum(occurs.sum(-1), 1)
    parts = {
        "precision": hit / np.maximum(claimed, 1),
        "recall": hit / np.maximum(true, 1),
        "f1": 2 * hit / np.maximum(true + claimed, 1),
    }
    return {name: (value * occurs).sum(-1) / present for name, value in parts.items()}


def summarise(label: np.ndarray, predicted: np.ndarray, classes: int, resamples: int = 1000) -> dict[str, Estimate]:
    """Accuracy (Wilson) and macro F1, precision, recall (bootstrap over runs and items).

    ``label`` int [N], ``predicted`` int [S,N] from S runs over the same items. The bootstrap draws runs
    and items independently (Owen, Annals of Applied Statistics 1(2), 2007, which errs on the wide side);
    its seed is fixed, so the same predictions give the same interval.
    """
    runs, items = predicted.shape
    figures = {"accuracy": proportion(predicted == label)}
    point = macro_scores(confusion(np.broadcast_to(label, predicted.shape), predicted, classes))
    generator = next(Rng.seeded(0, "bootstrap", items, runs).generators())
    drawn: dict[str, list[float]] = {name: [] for name in point}
    for _ in range(resamples):
        item = generator.integers(items, size=items)
        run = generator.integers(runs, size=runs)
        counts = confusion(np.broadcast_to(label[item], (runs, items)), predicted[np.ix_(run, item)], classes)
        for name, value in macro_scores(counts).items():
            drawn[name].append(float(value.mean()))
    for name, value in point.items():
        low, high = np.quantile(drawn[name], [0.025, 0.975])
        figures[name] = Estimate(float(value.mean()), float(low), float(high), items, runs)
    return figures
