"""The gain of a generative receiver by a metric: its share, and the interval over the pictures."""

import numpy as np
import pytest

from gensc.bench.generative import CONTESTS, cut


def test_a_cut_is_that_of_the_means_and_its_interval_that_of_pairs():
    generator = np.random.default_rng(0)
    plain = generator.uniform(0.2, 0.6, 24)
    value, low, high = cut(plain, 0.7 * plain)
    assert (value, low, high) == pytest.approx((30, 30, 30))
    value, low, high = cut(plain, 0.7 * plain + generator.normal(0, 0.1, 24))
    assert low < value < high and high - low > 5
    assert cut(plain, plain) == (0, 0, 0)


def test_no_gain_where_there_is_none():
    generator = np.random.default_rng(1)
    plain = generator.uniform(0.2, 0.6, 200)
    value, low, high = cut(plain, generator.permutation(plain))
    assert low < 0 < high and abs(value) < 1e-9


def test_every_link_that_saw_the_metric_in_training_is_judged():
    assert {name for contest in CONTESTS for name in contest.names} == {
        "restored-photographs", "gan-photographs", "diffusion-photographs"}
