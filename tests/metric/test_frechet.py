"""Fréchet distances against closed forms, a library and simulation."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from gensc.metric import frechet
from gensc.rng import Rng


def normal(name: str, *shape: int) -> np.ndarray:
    return next(Rng.seeded(3, name).generators()).standard_normal(shape)


def moulded(name: str, mean: np.ndarray, covariance: np.ndarray, items: int = 200) -> np.ndarray:
    """Features with exactly this sample mean and covariance."""
    x = normal(name, items, len(mean))
    x -= x.mean(axis=0)
    white = x @ np.linalg.inv(np.linalg.cholesky(np.cov(x.T))).T
    return mean + white @ np.linalg.cholesky(covariance).T


def by_sqrtm(a: np.ndarray, b: np.ndarray) -> float:
    first, second = np.cov(a.T), np.cov(b.T)
    root = sqrtm(first @ second).real
    return float(((a.mean(axis=0) - b.mean(axis=0)) ** 2).sum() + np.trace(first + second - 2 * root))


def test_gaussians_of_known_mean_and_diagonal_covariance():
    """|m|^2 + the sum of the squared differences of the standard deviations."""
    shift, first, second = np.array([0.5, -2.0, 0.0]), np.array([1.0, 3.0, 0.2]), np.array([2.0, 0.5, 0.2])
    a = moulded("a", np.zeros(3), np.diag(first**2))
    b = moulded("b", shift, np.diag(second**2), items=77)
    assert frechet.distance(a, b) == pytest.approx(0.25 + 4 + 1 + 6.25, rel=1e-10)


def test_gaussians_whose_covariances_do_not_commute():
    """In two dimensions tr (AB)^(1/2) = sqrt(tr AB + 2 sqrt(det AB))."""
    first, second = np.array([[2.0, 0.9], [0.9, 1.0]]), np.array([[1.0, -0.4], [-0.4, 3.0]])
    a, b = moulded("a", np.zeros(2), first), moulded("b", np.array([1.0, 1.0]), second)
    product = first @ second
    trace = np.sqrt(np.trace(product) + 2 * np.sqrt(np.linalg.det(product)))
    assert frechet.distance(a, b) == pytest.approx(2 + np.trace(first + second) - 2 * trace, rel=1e-10)


@pytest.mark.parametrize(("items", "width"), [(300, 20), (20, 20), (12, 40)])
def test_it_is_what_the_matrix_root_gives(items, width):
    """With more items than features, as many, and fewer: the covariances are then singular."""
    mixed = normal("mix", width, width)
    a, b = normal("a", items, width) @ mixed, normal("b", items + 5, width) + 0.3
    assert frechet.distance(a, b) == pytest.approx(by_sqrtm(a, b), rel=1e-4)
    assert frechet.distance(a, b) == pytest.approx(frechet.distance(b, a), rel=1e-9)


def test_it_is_the_sum_that_torchmetrics_does():
    import torch

    fid = pytest.importorskip("torchmetrics.image.fid", exc_type=ImportError)
    a, b = normal("a", 200, 30) @ normal("mix", 30, 30), 2 * normal("b", 150, 30) + 0.5
    moments = [torch.from_numpy(one) for x in (a, b) for one in (x.mean(axis=0), np.cov(x.T))]
    assert frechet.distance(a, b) == pytest.approx(float(fid._compute_fid(*moments)), rel=1e-8)


def test_equal_sets_are_at_distance_zero_in_any_order():
    a = normal("a", 40, 64).astype(np.float16)
    assert frechet.distance(a, a[::-1]) < 1e-9


def test_few_items_make_it_larger():
    """The bias that the figure's number of items stands for: here the true distance is 0."""
    found = [frechet.distance(normal(f"a{n}", n, 32), normal(f"b{n}", n, 32)) for n in (40, 160, 640)]
    assert found[0] > 3 * found[1] > 9 * found[2] > 0


def test_the_interval_covers_the_mean_at_this_number_of_items():
    """Of 300 samples of 80 pairs of features, the intervals of 95 % are right for 90 to 99 %."""
    mixed = normal("mix", 4, 4)
    samples = []
    for i in range(300):
        sent = normal(f"sent{i}", 80, 4) @ mixed
        samples.append((0.8 * sent + 0.5 * normal(f"noise{i}", 80, 4) + 0.3, sent))
    figures = [frechet.estimate([pair]) for pair in samples]
    truth = np.mean([figure.value for figure in figures])
    covered = np.mean([figure.low <= truth <= figure.high for figure in figures])
    assert 0.90 <= covered <= 0.99
    assert figures[0].value == frechet.distance(*samples[0]) and (figures[0].items, figures[0].seeds) == (80, 1)


def test_runs_that_differ_widen_the_interval():
    sent = normal("sent", 60, 4)
    near, far = sent + 0.1, sent + 0.9
    alike, apart = (frechet.estimate([(one, sent), (far, sent)]) for one in (far, near))
    assert apart.seeds == 2 and apart.high - apart.low > 3 * (alike.high - alike.low)
    assert apart.value == pytest.approx((4 * 0.1**2 + 4 * 0.9**2) / 2, rel=1e-6)


def test_one_item_tells_nothing_of_others():
    figure = frechet.estimate([(np.ones((1, 5)), np.zeros((1, 5)))])
    assert (figure.value, figure.low, figure.high, figure.items) == (5.0, -np.inf, np.inf, 1)
