"""Classification figures against scikit-learn, and their intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from gensc.metric.classification import confusion, macro_scores, summarise

CLASSES = 5


@st.composite
def outcomes(draw):
    """Labels and predictions from subsets of the classes, so that some are absent from either or both."""
    count = draw(st.integers(1, 40))
    known = draw(st.lists(st.integers(0, CLASSES - 1), min_size=1, unique=True))
    claimed = draw(st.lists(st.integers(0, CLASSES - 1), min_size=1, unique=True))
    picks = st.lists(st.integers(0, 10**6), min_size=count, max_size=count)
    label = np.array([known[i % len(known)] for i in draw(picks)])
    return label, np.array([claimed[i % len(claimed)] for i in draw(picks)])


@given(outcomes())
def test_macro_scores_are_those_of_scikit_learn(case):
    label, predicted = case
    counts = confusion(label, predicted, CLASSES)
    assert np.array_equal(counts, confusion_matrix(label, predicted, labels=range(CLASSES)))
    scores = macro_scores(counts)
    theirs = precision_recall_fscore_support(label, predicted, average="macro", zero_division=0)[:3]
    assert [scores[name] for name in ("precision", "recall", "f1")] == pytest.approx(theirs)


def test_confusion_of_several_runs_is_that_of_each():
    generator = np.random.default_rng(0)
    label, predicted = generator.integers(4, size=30), generator.integers(4, size=(2, 3, 30))
    together = confusion(np.broadcast_to(label, predicted.shape), predicted, 4)
    assert together.shape == (2, 3, 4, 4)
    for i in range(2):
        for j in range(3):
            assert np.array_equal(together[i, j], confusion_matrix(label, predicted[i, j], labels=range(4)))


def test_summarise_gives_each_figure_with_its_counts_and_repeats():
    generator = np.random.default_rng(1)
    label = generator.integers(4, size=60)
    predicted = np.where(generator.random((3, 60)) < 0.7, label, generator.integers(4, size=(3, 60)))
    figures = summarise(label, predicted, 4, resamples=200)
    assert set(figures) == {"accuracy", "precision", "recall", "f1"}
    assert figures == summarise(label, predicted, 4, resamples=200)
    assert figures["accuracy"].value == pytest.approx((predicted == label).mean())
    for figure in figures.values():
        assert 0 <= figure.low <= figure.value <= figure.high <= 1
        assert (figure.items, figure.seeds) == (60, 3)


def test_the_bootstrap_interval_covers_the_true_f1():
    generator = np.random.default_rng(2)

    def drawn(runs, items):
        label = generator.integers(3, size=items)
        wrong = (label + generator.integers(1, 3, size=(runs, items))) % 3
        return label, np.where(generator.random((runs, items)) < 0.75, label, wrong)

    # Errors spread evenly: every class has precision = recall = 0.75.
    truth, covered, width = 0.75, 0, 0.0
    for _ in range(100):
        figure = summarise(*drawn(2, 80), 3, resamples=150)["f1"]
        covered += figure.low <= truth <= figure.high
        width += (figure.high - figure.low) / 100
    assert covered >= 88
    assert 0.1 < width < 0.3
