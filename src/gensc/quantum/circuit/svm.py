"""A support vector machine on a kernel that is computed beforehand, chosen on its training items alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gensc.errors import InputError
from gensc.quantum.circuit.kernel import Kernel
from gensc.rng import Rng

COSTS = (1.0, 10.0, 100.0)
FOLDS = 5


@dataclass(frozen=True)
class Machine:
    """A trained machine: its ``kernel``, ``cost`` C and accuracy in cross-validation (``validated``), the training
    features [N,k] that it compares with, and scikit-learn's SVC."""

    kernel: Kernel
    cost: float
    validated: float
    features: Tensor
    model: Any

    def predict(self, features: Tensor) -> Tensor:
        """The class of each item [B,k], int64 [B]."""
        return torch.from_numpy(self.model.predict(self.kernel(features, self.features).numpy()))


def fit(kernels: Sequence[Kernel], features: Tensor, labels: Tensor, rng: Rng, costs: Sequence[float] = COSTS,
        folds: int = FOLDS) -> Machine:
    """The machine on features [N,k] with classes int64 [N] whose kernel and cost did best in stratified
    cross-validation over ``folds`` drawn from ``rng``; the first of equals.

    Several classes are told apart in pairs (one against one, as SVC does). Raises InputError without scikit-learn,
    for a class with fewer items than folds, and for features that a kernel can't embed.
    """
    fold = _folds(labels.numpy(), folds, rng)
    best: tuple[float, Kernel, float] | None = None
    for kernel in kernels:
        matrix = kernel(features, features).numpy()
        for cost in costs:
            hits = sum(_hits(matrix, labels.numpy(), fold == one, cost) for one in range(folds))
            if best is None or hits / len(labels) > best[0]:
                best = hits / len(labels), kernel, cost
    if best is None:
        raise InputError("svm: there is no kernel or no cost to choose from; give at least one of each")
    validated, kernel, cost = best
    model = machine(cost).fit(kernel(features, features).numpy(), labels.numpy())
    return Machine(kernel, cost, validated, features, model)


def _folds(labels: np.ndarray, folds: int, rng: Rng) -> np.ndarray:
    """The fold of each item: the items of a class dealt out in random order."""
    fold = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        if folds < 2 or len(members) < folds:
            raise InputError(f"svm: class {label} has {len(members)} training items for {folds} folds: expected 2 "
                             "folds or more, and an item of each class in every fold")
        fold[members[rng.child("folds", int(label)).permutation(len(members))]] = np.arange(len(members)) % folds
    return fold


def _hits(matrix: np.ndarray, labels: np.ndarray, held: np.ndarray, cost: float) -> int:
    model = machine(cost).fit(matrix[~held][:, ~held], labels[~held])
    return int((model.predict(matrix[held][:, ~held]) == labels[held]).sum())


def machine(cost: float) -> Any:
    """scikit-learn's SVC on a kernel that is given as a matrix. Raises InputError where it isn't installed."""
    try:
        from sklearn.svm import SVC
    except ImportError:
        raise InputError("support vector machines need scikit-learn, which isn't installed: "
                         "pip install 'gensc[quantum]'") from None
    return SVC(kernel="precomputed", C=cost)
