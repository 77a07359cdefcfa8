"""A stratified, seeded split into training, validation and test items."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gensc.errors import InputError
from gensc.rng import Rng


@dataclass(frozen=True)
class Parts:
    """Item numbers of each part, int64, ascending and disjoint; together all items."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def split(labels: np.ndarray, classes: Sequence[str], validation: float, test: float, seed: int) -> Parts:
    """Split items with ``labels`` int64 [N] so that every class keeps its share of each part.

    ``test`` is the share of all items (0: no test part), ``validation`` that of the rest. Every class has at
    least one item in every part, which scikit-learn's stratified split does not give small classes. A class's
    assignment does not depend on the other classes.

    Raises InputError for shares out of range, and for a class of fewer than 3 items (2 without test).
    """
    _check_shares(validation, test)
    kept: list[list[np.ndarray]] = [[], [], []]
    for label, name in enumerate(classes):
        members = np.flatnonzero(labels == label)
        _check_class(name, len(members), test > 0)
        order = members[Rng.seeded(seed, "split", label).permutation(len(members))]
        tested = _share(len(members), test, room=len(members) - 2) if test > 0 else 0
        rest = len(members) - tested
        validated = _share(rest, validation, room=rest - 1)
        for part, chosen in zip(kept, np.split(order, [rest - validated, rest]), strict=True):
            part.append(chosen)
    return Parts(*(np.sort(np.concatenate(part)) for part in kept))


def _share(count: int, share: float, room: int) -> int:
    """``share`` of ``count`` items, rounded, at least 1 and at most ``room``."""
    return min(max(int(count * share + 0.5), 1), room)


def _check_shares(validation: float, test: float) -> None:
    if not 0 < validation < 1:
        raise InputError(f"validation is {validation}: expected a share between 0 and 1, such as 0.15")
    if not 0 <= test < 1:
        raise InputError(f"test_share is {test}: expected a share of at least 0 and below 1, such as 0.2")


def _check_class(name: str, count: int, with_test: bool) -> None:
    needed, parts = (3, "train, validation and test") if with_test else (2, "train and validation")
    if count < needed:
        items = "1 item" if count == 1 else f"{count} items"
        raise InputError(f"class {name!r} has {items}: {parts} need {needed}; "
                         "add items to it or leave the class out")
