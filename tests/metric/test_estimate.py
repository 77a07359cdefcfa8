"""Intervals of proportions and means: known values and coverage."""

import numpy as np
import pytest
import scipy.stats

from gensc.metric.estimate import mean, proportion, wilson


@pytest.mark.parametrize(("hits", "trials", "low", "high"), [
    (8, 10, 0.4902, 0.9433), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (15, 148, 0.0624, 0.1605),
    (50, 100, 0.4038, 0.5962),
])
def test_wilson_gives_the_published_intervals(hits, trials, low, high):
    assert wilson(hits / trials, trials) == pytest.approx((low, high), abs=6e-5)


@pytest.mark.parametrize(("share", "trials"), [(-0.1, 10), (1.1, 10), (0.5, 0), (float("nan"), 10)])
def test_wilson_refuses_what_is_no_proportion(share, trials):
    with pytest.raises(ValueError, match="wilson"):
        wilson(share, trials)


def test_one_run_is_wilson_of_its_items():
    hits = np.arange(10)[None] < 8
    figure = proportion(hits)
    assert (figure.low, figure.high) == pytest.approx((0.4902, 0.9433), abs=6e-5)
    assert (figure.value, figure.items, figure.seeds) == (0.8, 10, 1)


def test_equal_runs_add_no_certainty():
    hits = np.arange(40)[None] < 30
    one, five = proportion(hits), proportion(np.repeat(hits, 5, axis=0))
    assert (five.low, five.high) == pytest.approx((one.low, one.high))


def test_runs_that_disagree_widen_the_interval():
    steady = np.tile(np.arange(100) < 70, (4, 1))
    unsteady = np.stack([np.arange(100) < count for count in (50, 60, 80, 90)])
    a, b = proportion(steady), proportion(unsteady)
    assert a.value == b.value == 0.7
    assert b.high - b.low > 1.3 * (a.high - a.low)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_perfect_and_a_hopeless_receiver_have_intervals(share):
    figure = proportion(np.full((3, 50), bool(share)))
    assert figure.low <= share <= figure.high
    assert figure.high - figure.low == pytest.approx(0.0713, abs=1e-3)


def coverage(runs: int, items: int, ability: float, trials: int = 800) -> float:
    """How often the interval holds the mean share over all items and all seeds. Items are of unequal
    hardness and shared by the runs; ``ability`` is the spread of the seeds, in logits."""
    generator = np.random.default_rng(4)
    hardness = 1.0 + 1.5 * generator.standard_normal(20_000)
    skill = ability * np.sqrt(2) * np.polynomial.hermite.hermgauss(21)[0]
    weight = np.polynomial.hermite.hermgauss(21)[1] / np.sqrt(np.pi)
    truth = sum(w * (1 / (1 + np.exp(-(hardness + s)))).mean() for s, w in zip(skill, weight, strict=True))
    covered = 0
    for _ in range(trials):
        skills = ability * generator.standard_normal((runs, 1))
        chance = 1 / (1 + np.exp(-(generator.choice(hardness, size=items) + skills)))
        figure = proportion(generator.random((runs, items)) < chance)
        covered += figure.low <= truth <= figure.high
    return covered / trials


@pytest.mark.parametrize(("runs", "items"), [(1, 50), (1, 200), (3, 200), (5, 200)])
def test_the_interval_covers_the_true_share_of_items(runs, items):
    assert coverage(runs, items, ability=0.0) >= 0.93


@pytest.mark.parametrize(("runs", "items", "ability"), [
    (3, 200, 0.15), (5, 200, 0.15), (3, 1_000, 0.3), (5, 1_000, 0.6)])
def test_the_interval_covers_the_true_share_where_seeds_differ(runs, items, ability):
    """A few seeds say little about their own spread: Student's t, not the normal, bounds it."""
    assert coverage(runs, items, ability) >= 0.93


def test_one_run_is_students_interval_of_its_items():
    values = np.array([[4.0, 6.0, 5.0, 9.0, 1.0]])
    low, high = scipy.stats.t.interval(0.95, 4, loc=5.0, scale=scipy.stats.sem(values[0]))
    assert (mean(values).low, mean(values).high) == pytest.approx((low, high))
    assert (mean(values).value, mean(values).items, mean(values).seeds) == (5.0, 5, 1)


def test_equal_runs_add_no_certainty_to_a_mean():
    values = np.linspace(20, 40, 30)[None]
    one, five = mean(values), mean(np.repeat(values, 5, axis=0))
    assert (five.low, five.high) == pytest.approx((one.low, one.high))


def test_items_without_spread_and_one_item():
    assert mean(np.full((3, 7), 100.0)).low == mean(np.full((3, 7), 100.0)).high == 100.0
    assert (mean(np.array([[30.0], [31.0]])).low, mean(np.array([[30.0]])).high) == (-np.inf, np.inf)


@pytest.mark.parametrize(("runs", "items", "ability"), [
    (1, 5, 0.0), (1, 40, 0.0), (3, 40, 0.0), (3, 200, 0.5), (5, 1_000, 1.0), (3, 20, 2.0)])
def test_the_interval_covers_the_true_mean(runs, items, ability):
    """Items of spread 3 dB, runs that shift all of them, and noise of 1 dB on each."""
    generator = np.random.default_rng(8)
    shape = (2_000, runs, items)
    skill = ability * generator.standard_normal((2_000, runs, 1))
    values = 30 + 3 * generator.standard_normal((2_000, 1, items)) + skill + generator.standard_normal(shape)
    covered = np.mean([one.low <= 30 <= one.high for one in map(mean, values)])
    assert (0.915 if ability else 0.935) <= covered <= (0.965 if ability == 0 and runs == 1 else 1.0)
