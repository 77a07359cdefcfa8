"""Intervals of proportions: known values and coverage."""

import numpy as np
import pytest

from gensc.metric.estimate import proportion, wilson


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


@pytest.mark.parametrize(("runs", "hardness", "ability"), [
    (1, 0.0, 0.0), (1, 1.5, 0.0), (3, 0.0, 0.0), (3, 1.5, 0.0), (5, 1.5, 0.0), (3, 1.5, 0.15), (5, 1.5, 0.15)])
def test_the_interval_covers_the_true_share(runs, hardness, ability):
    """Items of unequal hardness, seeds of unequal ability, the items shared by all seeds."""
    generator = np.random.default_rng(4)
    logit = 1.0 + hardness * generator.standard_normal(200_000)
    skill = ability * generator.standard_normal((200, 1))
    truth = float((1 / (1 + np.exp(-(logit[:2000] + skill)))).mean())
    if ability == 0:
        truth = float((1 / (1 + np.exp(-logit))).mean())
    covered = 0
    for _ in range(800):
        picked = generator.choice(logit, size=200)
        skills = ability * generator.standard_normal((runs, 1))
        hits = generator.random((runs, 200)) < 1 / (1 + np.exp(-(picked + skills)))
        figure = proportion(hits)
        covered += figure.low <= truth <= figure.high
    assert covered / 800 >= 0.93
